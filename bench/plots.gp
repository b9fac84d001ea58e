# SPDX-License-Identifier: GPL-2.0-only
# Plots of what report.py has put into data/. kind: png or svg.

if (kind eq 'png') {
	set terminal pngcairo size 1000, 640 font 'DejaVu Sans,12' background 'white'
} else {
	set terminal svg size 1000, 640 font 'DejaVu Sans,12' background 'white' enhanced
}
has(name) = system('test -e data/'.name.' && echo 1 || echo 0') + 0

set style line 1 lc rgb '#1b6ca8' lw 2 pt 7 ps 1.1
set style line 2 lc rgb '#e08e2b' lw 2 pt 5 ps 1.1
set style line 3 lc rgb '#8a8a8a' lw 2 pt 9 ps 1.1
set style line 4 lc rgb '#333333' lw 1.5
set style line 9 lc rgb '#dddddd' lw 1 lt 1
set style line 11 lc rgb '#1b6ca8' lw 1
set style line 12 lc rgb '#e08e2b' lw 1
set style line 13 lc rgb '#8a8a8a' lw 1
set grid ytics back ls 9
set border 3
set tics nomirror
set key bmargin center horizontal reverse Left samplen 2

set xtics rotate by -35
set style data histogram
set style fill solid 0.85 border lc rgb '#333333'
if (has('forward')) {
	set output 'forward-mpps.'.kind
	set title 'Packets to and fro on one core: median, and the least and most of the rounds'
	set ylabel 'million packets/s'
	set yrange [0:*]
	set style histogram errorbars gap 1.5 lw 1.2
	plot 'data/forward' using 2:3:4:xtic(1) ls 11 title 'hairpin', \
		'' using 5:6:7 ls 12 title 'constant header (reference)', \
		'' using 8:9:10 ls 13 title 'bare XDP\_TX'

	set output 'forward-ns.'.kind
	set title 'Time for each packet above the constant header: medians (cut off at 100 ns)'
	set ylabel 'ns above the constant header'
	set style histogram clustered gap 1.5
	set yrange [*:100]
	plot 'data/forward' using 11:xtic(1) ls 11 title 'hairpin', \
		'' using 12 ls 12 title 'one lookup in an array as large', \
		0 ls 4 title 'constant header (reference)'
}

if (has('features')) {
	set output 'forward-features.'.kind
	set title 'Time for each packet with and without a feature, all on one core but cpumap: medians'
	set ylabel 'ns'
	set yrange [0:*]
	set datafile missing '?'
	set style histogram clustered gap 1.5
	plot 'data/features' using 2:xtic(1) ls 11 title 'with the feature', \
		'' using 4 ls 12 title 'constant header by the same way', \
		'' using 3 ls 13 title 'the same mix without it'
}

set style data linespoints
set xtics norotate
set logscale x
set format x '%.0s%c'
set key top left inside vertical
set offsets 0, 0, graph 0.4, 0
do for [axis in 'flows services backends pools'] {
	if (has('scaling-'.axis)) {
		set output 'scaling-'.axis.'.'.kind
		set multiplot layout 2, 1
		set lmargin 10
		set title 'Time for each packet against number of '.axis.': medians'
		set xlabel axis
		set ylabel 'ns above the constant header'
		set yrange [*:*]
		plot 'data/scaling-'.axis using 1:2 ls 1 title 'hairpin', \
			'' using 1:3 ls 2 title 'one lookup in an array as large', \
			0 ls 4 title 'constant header (reference)'
		set title 'Memory against number of '.axis
		set ylabel 'MiB'
		set yrange [0:*]
		plot 'data/scaling-'.axis using 1:4 ls 1 title 'all maps of hairpin', \
			'' using 1:5 ls 2 title 'the array of the lookup'
		unset multiplot
	}
}

kinds = 'textbook maglev rendezvous'
title_of(kind) = kind eq 'textbook' ? 'Maglev as its paper gives it (reference)' : kind
set xlabel 'backends'
if (has('table-textbook')) {
	set output 'table-build.'.kind
	set title 'Time to build a table of 65,537 slots, equal weights: median'
	set ylabel 'ms'
	set yrange [0:*]
	plot for [i = 1:3] 'data/table-'.word(kinds, i) using 1:2 \
		ls 4 - i title title_of(word(kinds, i))

	set output 'table-remove.'.kind
	set title 'Slots that move when one backend is removed: 65,537 slots, equal weights'
	set ylabel 'share of the slots'
	set key top right inside
	set logscale y
	set offsets 0, 0, 0, 0
	set yrange [*:1]
	set format y '10^{%L}'
	plot for [i = 1:3] 'data/table-'.word(kinds, i) using 1:3 \
		ls 4 - i title title_of(word(kinds, i)), \
		'data/table-maglev' using 1:4 with lines ls 4 dt 2 \
		title 'any table (reference)'
	unset logscale y
	set format y
	set key top left inside
	set offsets 0, 0, graph 0.4, 0
}

if (has('control')) {
	set output 'control.'.kind
	set title 'Time from a changed catalog to the last map write: median'
	set xlabel 'services + backends'
	set ylabel 'ms'
	set logscale y
	set offsets 0, 0, 0, 0
	set yrange [*:*]
	plot 'data/control' using 1:2 ls 1 title 'one backend changed', \
		'' using 1:3 ls 2 title 'parsing alone (reference)', \
		'' using 1:4 ls 3 title 'one table swapped (reference)'
}
