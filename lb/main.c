// SPDX-License-Identifier: GPL-2.0-only
/* hairpind: options, privileges, the event loop. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "api.h"
#include "balancer.h"
#include "config.h"
#include "datapath.h"
#include "log.h"

#define DEFAULT_SOCKET "/run/hairpin/hairpind.sock"
#define DEFAULT_PIN    "/sys/fs/bpf/hairpin"

/* An editor writes a file in several steps; wait until it is quiet. */
#define CATALOG_SETTLE_US 50000

struct daemon {
	struct config config;
	bool detach;
	sd_event *event;
	sd_event_source *settle; /* timer: read the catalog */
	struct balancer *balancer;
	struct api *api;
};

static const char usage[] =
	"usage: hairpind -i IFACE[,IFACE...] -c CATALOG [options]\n"
	"       hairpind --detach [--pin DIR]\n"
	"\n"
	"  -i IFACE[,IFACE...]   interfaces where packets for VIPs arrive\n"
	"  -c CATALOG            what to serve: a JSON file, see hairpin-catalog(5)\n"
	"  --mode MODE           native, generic, offload or auto (native, else generic\n"
	"                        with a warning); default auto\n"
	"  --priority N          place among other XDP programs of an interface: lower ones\n"
	"                        run first; default 20, libxdp's own is 50\n"
	"  --cpus LIST           hand packets for VIPs to these CPUs, such as 2-5,8\n"
	"  --spread-local        ... and all other packets that the host receives\n"
	"  --source ADDRESS      outer source address, or a range of them as PREFIX/LENGTH;\n"
	"                        once for each family; default: from the route\n"
	"  --flows N             room for stored flows while slots move; default 262144\n"
	"  --socket PATH         API; default " DEFAULT_SOCKET "\n"
	"  --pin DIR             where maps are pinned; default " DEFAULT_PIN "\n"
	"  --detach              take the program off the interfaces, remove the pins, exit\n"
	"  -v                    tell more; also what the kernel says of the program\n"
	"  --version, --help\n"
	"\n"
	"Stopping hairpind leaves the data plane running. SIGHUP reads the catalog again,\n"
	"as does a change of the file.\n";

enum option_value {
	OPTION_MODE = 256,
	OPTION_PRIORITY,
	OPTION_CPUS,
	OPTION_SPREAD_LOCAL,
	OPTION_SOURCE,
	OPTION_FLOWS,
	OPTION_SOCKET,
	OPTION_PIN,
	OPTION_DETACH,
	OPTION_VERSION,
	OPTION_HELP
};

static const struct option options[] = {
	{"mode", required_argument, NULL, OPTION_MODE},
	{"priority", required_argument, NULL, OPTION_PRIORITY},
	{"cpus", required_argument, NULL, OPTION_CPUS},
	{"spread-local", no_argument, NULL, OPTION_SPREAD_LOCAL},
	{"source", required_argument, NULL, OPTION_SOURCE},
	{"flows", required_argument, NULL, OPTION_FLOWS},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"pin", required_argument, NULL, OPTION_PIN},
	{"detach", no_argument, NULL, OPTION_DETACH},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

static void exit_usage(const char *text)
{
	fprintf(stderr, "hairpind: %s\nhairpind --help tells more\n", text);
	exit(2);
}

static void take_option(struct daemon *daemon, int option)
{
	struct config *config = &daemon->config;
	struct err err = {0};
	int status = 0;

	switch (option) {
	case 'i':
		status = config_add_interfaces(config, optarg, &err);
		break;
	case 'c':
		config->catalog_path = optarg;
		break;
	case 'v':
		log_set_level(LOG_LEVEL_DEBUG);
		break;
	case OPTION_MODE:
		status = config_set_mode(config, optarg, &err);
		break;
	case OPTION_PRIORITY:
		status = config_set_priority(config, optarg, &err);
		break;
	case OPTION_CPUS:
		status = config_set_cpus(config, optarg, &err);
		break;
	case OPTION_SPREAD_LOCAL:
		config->spread_local = true;
		break;
	case OPTION_SOURCE:
		status = config_add_source(config, optarg, &err);
		break;
	case OPTION_FLOWS:
		status = config_set_flow_count(config, optarg, &err);
		break;
	case OPTION_SOCKET:
		config->socket_path = optarg;
		break;
	case OPTION_PIN:
		config->pin_path = optarg;
		break;
	case OPTION_DETACH:
		daemon->detach = true;
		break;
	case OPTION_VERSION:
		printf("hairpind " HAIRPIN_VERSION "\n");
		exit(0);
	case OPTION_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		fprintf(stderr, "hairpind --help tells more\n");
		exit(2);
	}
	if (status)
		exit_usage(err.text);
}

static void parse_options(struct daemon *daemon, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "i:c:v", options, NULL)) != -1)
		take_option(daemon, option);
	if (optind < argc) {
		char text[256];

		snprintf(text, sizeof(text), "unexpected argument %s", argv[optind]);
		exit_usage(text);
	}
	if (daemon->detach)
		return;
	if (!daemon->config.interface_count)
		exit_usage("-i is missing: the interfaces where packets for VIPs arrive");
	if (daemon->config.spread_local && !daemon->config.cpu_count)
		exit_usage("--spread-local needs --cpus: the CPUs to spread over");
	if (!daemon->config.catalog_path)
		exit_usage("-c is missing: the catalog of what to serve");
}

static void log_errors(const struct err_list *errors)
{
	char line[1280];

	for (size_t i = 0; i < errors->count; i++)
		log_err("%s", err_format(&errors->errors[i], line, sizeof(line)));
}

static int detach(const struct config *config)
{
	struct err err = {0};
	bool found;

	if (datapath_detach(config, &found, &err)) {
		log_err("%s", err.text);
		return 1;
	}
	if (found)
		log_info("detached: no VIP is served any more");
	else
		log_info("nothing was attached, and nothing pinned in %s; of a hairpind with "
			 "another "
			 "--pin, that is needed here too",
			 config->pin_path);
	return 0;
}

static void reload(struct daemon *daemon)
{
	struct err_list errors = {0};

	if (balancer_reload(daemon->balancer, &errors)) {
		log_errors(&errors);
		log_err("%s: refused; the catalog before it stays in force",
			daemon->config.catalog_path);
	}
	err_list_done(&errors);
}

static int on_settled(sd_event_source *source, uint64_t now, void *user)
{
	(void)source;
	(void)now;
	reload(user);
	return 0;
}

/* The directory is watched, since editors and hairpind itself replace the file. That it is gone is an error
 * that status shows. */
static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *user)
{
	struct daemon *daemon = user;
	char path[PATH_MAX];

	(void)source;
	snprintf(path, sizeof(path), "%s", daemon->config.catalog_path);
	if (event->len && strcmp(event->name, basename(path)))
		return 0;
	sd_event_source_set_time_relative(daemon->settle, CATALOG_SETTLE_US);
	return sd_event_source_set_enabled(daemon->settle, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
	(void)source;
	(void)info;
	log_info("SIGHUP: reading the catalog");
	reload(user);
	return 0;
}

static int watch(struct daemon *daemon)
{
	char path[PATH_MAX];
	sigset_t signals;
	int status;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), "%s", daemon->config.catalog_path);
	status = sd_event_add_time_relative(daemon->event, &daemon->settle, CLOCK_MONOTONIC, 0, 0,
					    on_settled, daemon);
	if (status >= 0)
		status = sd_event_source_set_enabled(daemon->settle, SD_EVENT_OFF);
	if (status >= 0)
		status = sd_event_add_inotify(daemon->event, NULL, dirname(path),
					      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
						      IN_DELETE,
					      on_inotify, daemon);
	if (status >= 0)
		status = sd_event_add_signal(daemon->event, NULL, SIGTERM, NULL, NULL);
	if (status >= 0)
		status = sd_event_add_signal(daemon->event, NULL, SIGINT, NULL, NULL);
	if (status >= 0)
		status = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
	if (status < 0)
		log_err("cannot watch the catalog and signals: %s", strerror(-status));
	return status < 0 ? status : 0;
}

/* Before the balancer, so that a socket that is taken is found while nothing is attached. */
static int open_api(struct daemon *daemon, struct err_list *errors)
{
	struct err err = {0};
	int status = api_new(daemon->event, NULL, daemon->config.socket_path, API_TIMEOUT_S,
			     &daemon->api, &err);

	if (status)
		*err_list_add(errors) = err;
	return status;
}

/* libxdp 1.3 leaks about nine descriptors whenever the program in a dispatcher is replaced. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct daemon *daemon)
{
	struct err_list errors = {0};
	int status = sd_event_default(&daemon->event);

	if (status < 0) {
		log_err("cannot make an event loop: %s", strerror(-status));
		return status;
	}
	status = watch(daemon);
	if (!status)
		status = open_api(daemon, &errors);
	if (!status)
		status = balancer_new(daemon->event, &daemon->config, &daemon->balancer, &errors);
	if (!status)
		api_set_balancer(daemon->api, daemon->balancer);
	if (status)
		log_errors(&errors);
	err_list_done(&errors);
	return status;
}

int main(int argc, char **argv)
{
	struct daemon daemon = {
		.config = {.socket_path = DEFAULT_SOCKET,
			   .pin_path = DEFAULT_PIN,
			   .priority = CONFIG_PRIORITY,
			   .flow_count = CONFIG_FLOW_COUNT},
	};
	int status;

	parse_options(&daemon, argc, argv);
	if (daemon.detach)
		return detach(&daemon.config);
	raise_descriptors();
	status = start(&daemon);
	if (!status) {
		sd_notify(0, "READY=1");
		log_info("ready; API on %s", daemon.config.socket_path);
		status = sd_event_loop(daemon.event);
		log_info("stopping; the data plane goes on");
	}
	api_free(daemon.api);
	balancer_free(daemon.balancer);
	sd_event_source_unref(daemon.settle);
	sd_event_unref(daemon.event);
	return status ? 1 : 0;
}
