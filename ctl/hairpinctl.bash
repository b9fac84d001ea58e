# SPDX-License-Identifier: GPL-2.0-only
# bash completion for hairpinctl

# Names from the daemon, with the same --socket as on the line; nothing if it does not answer.
_hairpinctl_names()
{
	hairpinctl "${_hairpinctl_socket[@]}" "$@" --names 2>/dev/null
}

# The words of the kind that argument number $4 of "$2 $3" wants; $5 is the argument before.
_hairpinctl_argument()
{
	local cur=$1 words=
	case "$2 $3 $4" in
	"service remove 1") words=$(_hairpinctl_names service list) ;;
	"service add 3") words="tcp udp" ;;
	"service add 4") words="any" ;;
	"service add 5" | "pool show 1" | "pool remove 1" | "backend "*" 1")
		words=$(_hairpinctl_names pool list) ;;
	"backend remove 2" | "backend drain 2" | "backend up 2" | "backend down 2" | "backend weight 2")
		words=$(_hairpinctl_names backend list "$5") ;;
	"catalog check 1" | "catalog diff 1" | "catalog apply 1")
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	"trace "*" 1") words="tcp udp" ;;
	"decap attach 1" | "decap detach 1") words=$(cd /sys/class/net && echo *) ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_hairpinctl_options()
{
	local options="--json --socket --help"
	case "$1 $2" in
	" ") options+=" --version" ;;
	*" list") options+=" --names" ;;
	"service add") options+=" --affinity --dry-run" ;;
	"pool add") options+=" --encapsulation --vni --table --table-size --tracking --idle-timeout --udp-hold --dry-run" ;;
	"backend drain") options+=" --dry-run --wait --timeout" ;;
	"flows list" | "flows flush") options+=" --pool" ;;
	"backend add") options+=" --weight --server-id --dry-run" ;;
	"pool show" | "catalog show" | "catalog check" | "catalog diff") ;;
	"stats "*) options+=" --watch --all" ;;
	"trace "*) options+=" --syn" ;;
	"decap attach") options="--json --help --pin --mode --encapsulation" ;;
	"decap "*) options="--json --help --pin" ;;
	"status "* | *" ") ;;
	*) options+=" --dry-run" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$options" -- "$3")
}

_hairpinctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} command= verb= word i
	local -a _hairpinctl_socket=() args=()
	COMPREPLY=()

	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--socket) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--affinity) mapfile -t COMPREPLY < <(compgen -W "flow client" -- "$cur"); return ;;
	--encapsulation) mapfile -t COMPREPLY < <(compgen -W "ipip gue gre vxlan none" -- "$cur"); return ;;
	--table) mapfile -t COMPREPLY < <(compgen -W "rendezvous maglev" -- "$cur"); return ;;
	--mode) mapfile -t COMPREPLY < <(compgen -W "auto native generic offload" -- "$cur"); return ;;
	--tracking) mapfile -t COMPREPLY < <(compgen -W "moved all none" -- "$cur"); return ;;
	--vni | --table-size | --idle-timeout | --udp-hold | --weight | --server-id | --pin) return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--socket) _hairpinctl_socket=(--socket "${COMP_WORDS[++i]}") ;;
		--affinity | --encapsulation | --vni | --table | --table-size | --tracking | --idle-timeout | --udp-hold | --weight | --server-id | --mode | --pin) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command && $word == help ]]; then
				continue
			elif [[ -z $command ]]; then
				command=$word
			elif [[ -z $verb && $command != trace ]]; then
				verb=$word
			else
				args+=("$word")
			fi ;;
		esac
	done
	if [[ $cur == -* ]]; then
		_hairpinctl_options "$command" "$verb" "$cur"
		return
	fi
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"status service pool backend catalog stats trace decap help" -- "$cur")
		return
	fi
	if [[ -z $verb && $command != trace ]]; then
		case $command in
		service) word="list add remove" ;;
		pool) word="list show add remove" ;;
		backend) word="list add remove drain up down weight" ;;
		flows) word="list flush" ;;
		catalog) word="show check diff apply" ;;
		decap) word="attach detach status" ;;
		*) word= ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
		return
	fi
	_hairpinctl_argument "$cur" "$command" "$verb" $((${#args[@]} + 1)) "${args[*]: -1}"
}

complete -F _hairpinctl hairpinctl
