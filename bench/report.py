#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py DIR FILE...: DIR/report.md from files of results, and DIR/data for plots.gp."""
import json
import pathlib
import sys

MIB = 1 << 20
SETTLED = 0.05  # the reference's rounds are this close to each other: (max - min) / median


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines] + [""]


def picture(name):
    return [f"![{name}]({name}.svg)", ""]


def series(values, digits=2):
    return " / ".join(f"{values[key]:.{digits}f}" for key in ("min", "median", "max"))


def scatter(values):
    return (values["max"] - values["min"]) / values["median"]


def machine_section(files):
    machine = files[0]["machine"]
    facts = [f"{key}: {value}" for key, value in machine.items() if key != "mitigations"]
    facts += [f"mitigation of {name}: {state}" for name, state in machine["mitigations"].items()]
    facts.append(f"commit: {files[0]['commit']}")
    return ["## Machine", "", *(f"- {fact}" for fact in facts), "", "## Commands", "",
            *(f"    {file['command']}" for file in files), ""]


def reference(result):
    name = result["reference"]
    if name == "pass":
        return "bare XDP_PASS"
    return f"constant {name.removeprefix('push')}-byte header"


def noise(results, key="mix"):
    """What is said about other load."""
    repeated = sum(result["repeated"] for result in results)
    wanted = sum(result["rounds"] * result["cycles"] for result in results)
    noisy = [result[key] for result in results
             if result["disturbed"] > result["rounds"] / 4
             or scatter(result["reference_mpps"]) > SETTLED]
    lines = [f"{wanted} cycles were wanted; other load disturbed so many that {repeated} more were "
             "run."]
    if noisy:
        lines.append("Noisy all the same (more than a quarter of the rounds disturbed, or a "
                     f"reference that scatters by more than {SETTLED:.0%}), so not to be relied "
                     "on: " + ", ".join(noisy) + ".")
    return lines + [""]


def forward_section(results):
    rows = [[result["mix"], series(result["mpps"]), reference(result),
             series(result["reference_mpps"]), f"{result['ratio']:.1%}",
             series(result["ns_above_reference_rounds"], 1),
             f"{result['ns_above_lookup']:+.1f}" if "ns_above_lookup" in result else "",
             f"{result['map_bytes'] / MIB:.1f}", result["verified"], result["faults"]]
            for result in results]
    head = ["mix", "million/s, min / median / max", "reference", "its million/s", "share",
            "ns above", "ns above one lookup", "maps, MiB", "verified", "faults"]
    return ["## forward", "",
            "Frames from a generator through the program and back to a sink, all on one core, over "
            "veth. The reference makes room and writes a constant header: what any encapsulating "
            "program has to do. One lookup: the constant header after one lookup in an array as "
            "large as the one that grows with the mix. Share and ns are medians over the rounds of "
            "the difference within a round. For `pass-through` the program runs alone "
            "(BPF_PROG_RUN), without wire and generator: its share says little, its ns compare.",
            "", *table(head, rows), *noise(results),
            *picture("forward-mpps"), *picture("forward-ns"), *features_section(results)]


def features_section(results):
    """What each mix for a feature costs more than the one that is the same without it."""
    rows = []
    for result, base in features(results):
        more = ns(result["mpps"]) - ns(base["mpps"])
        header = ns(result["reference_mpps"]) - ns(base["reference_mpps"])
        rows.append([result["mix"], base["mix"], f"{ns(result['mpps']):.1f}", f"{more:+.1f}",
                     f"{header:+.1f}",
                     f"{result['ns_above_reference'] - base['ns_above_reference']:+.1f}",
                     f"{result['ns_above_same_way']:+.1f}" if "ns_above_same_way" in result else "",
                     result["instructions"] - base["instructions"]])
    if not rows:
        return []
    head = ["mix", "against", "ns for a packet", "more than without", "of it the reference's",
            "hairpin's own", "above a constant header by the same way", "instructions of the program on the interface"]
    return ["### What each feature costs", "",
            "ns for each packet, medians. The reference's part is that of the constant header, which "
            "is as long as the mix's: the wire and the copy. What is left is hairpin's own, and the "
            "kernel's where packets go by another interface or CPU; beside it stands how far it is "
            "above a program that redirects the same way and writes a constant header.", "",
            *table(head, rows), *picture("forward-features")]


def features(results):
    """Mixes for a feature, each with the one that is the same without it, where both were run."""
    by_name = {result["mix"]: result for result in results}
    return [(result, by_name[result["without"]]) for result in results
            if result.get("without") in by_name]


def ns(mpps):
    return 1e3 / mpps["median"]


def scaling_section(results):
    lines = ["## scaling", "",
             "The same as forward, over what grows. The lookup reads one random cache line of an "
             "array as large as hairpin's: what of the growth the caches explain.", ""]
    for axis in dict.fromkeys(result["axis"] for result in results):
        points = [result for result in results if result["axis"] == axis]
        first = points[0]
        rows = [[result["value"], series(result["mpps"]), series(result["reference_mpps"]),
                 f"{result['ns_above_reference']:+.1f}",
                 f"{result['lookup_ns_above_reference']:+.1f}",
                 f"{growth(result, first):+.1%}", f"{result['map_bytes'] / MIB:.1f}"]
                for result in points]
        head = [axis, "million/s, min / median / max", "constant header", "ns above it",
                "one lookup, ns above it", "growth beyond the lookup's", "maps, MiB"]
        lines += table(head, rows) + picture(f"scaling-{axis}")
    return lines + rules_section(results) + noise(results)


def growth(result, first):
    """Of the time for a packet since the first point, less the growth of the lookup's."""
    more = result["ns_above_lookup"] - first["ns_above_lookup"]
    return more / (1e3 / first["mpps"]["median"])


# What is asked for: axis, from, to, growth of the time for a packet beyond the lookup's.
RULES = [("flows", 1000, 4000000, 0.10), ("services", 1, 4000, 0.15)]


def rules_section(results):
    """Whether the growth is within the rules, where both ends were measured."""
    points = {(result["axis"], result["value"]): result for result in results}
    lines = []
    for axis, start, end, allowed in RULES:
        if (axis, start) not in points or (axis, end) not in points:
            continue
        first, last = points[axis, start], points[axis, end]
        grown = growth(last, first)
        verdict = "within" if grown <= allowed else "NOT within"
        lines.append(
            f"- From {start:,} to {end:,} {axis} the time for a packet grows by {grown:+.1%} beyond "
            f"what the lookup explains: {verdict} {allowed:.0%}. (hairpin above the constant header: "
            f"{first['ns_above_reference']:.1f} to {last['ns_above_reference']:.1f} ns; one lookup: "
            f"{first['lookup_ns_above_reference']:.1f} to "
            f"{last['lookup_ns_above_reference']:.1f} ns)")
    return lines + [""] if lines else []


def ipvs_section(results):
    rows = [[result["name"], result["rounds"], series(result["pps"], 0),
             series(result["offered_pps"], 0), series(result["ns"], 0),
             series(result["ratio_of_ipvs"])] for result in results]
    head = ["balancer", "rounds", "packets/s in a tunnel, min / median / max", "offered",
            "ns of the balancer's CPU for each", "IPVS takes so many times as long"]
    return ["## ipvs", "",
            "One virtual machine under software emulation, pktgen and sink on one CPU, the balancer "
            "on the other, IPVS (scheduler mh, tunnel mode) and hairpin in turns. The figure is the "
            "ratio, of the time that the balancer's CPU takes for a packet: where pktgen is slower "
            "than the balancer, packets per second only tell how fast pktgen is. Emulation distorts "
            "all absolute numbers.", "", *table(head, rows)]


def flat(value, path=""):
    """The numbers and words of a result, by their paths; a series is one of them."""
    if isinstance(value, dict) and {"min", "median", "max"} <= value.keys():
        return {path: series(value)}
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            found |= flat(item, f"{path} {key}".strip())
        return found
    if isinstance(value, list):
        return {path: ", ".join(str(item) for item in value)}
    return {path: f"{value:.4g}" if isinstance(value, float) else value}


def other_section(name, results):
    """A benchmark whose results are shown as they are: a column for each of their fields."""
    rows = [flat(result) for result in results]
    head = list(dict.fromkeys(key for row in rows for key in row))
    return [f"## {name}", "", "min / median / max where there are three numbers.", "",
            *table(head, [[row.get(key, "") for key in head] for row in rows])]


def table_section(results):
    rows = []
    for result in results:
        moves = result["disturbance"]
        rows.append([result["kind"], result["backends"], result["weights"], result["size"],
                     series(result["build_ms"], 1),
                     f"{result['balance']['min_over_share']:.3f} to "
                     f"{result['balance']['max_over_share']:.3f}",
                     *(moved(moves[change]) if change in moves else ""
                       for change in ("remove", "add", "halve", "plus-1pct", "double"))])
    head = ["kind", "backends", "weights", "slots", "build, ms, min / median / max",
            "slots / fair share", "remove", "add", "halve", "+ 1%", "double"]
    return ["## table", "",
            "A reference is Maglev without weights as its paper gives it (textbook). Slots that "
            "move when one backend changes, and in brackets how many have to in any table.", "",
            *table(head, rows), *picture("table-build"), *picture("table-remove")]


def moved(move):
    return f"{move['moved']:.3%} ({move['necessary']:.3%})"


def control_section(results):
    rows = [[result["services"], result["backends"], result["pools"],
             series(result["put"]["applied_ms"], 1), series(result["file"]["applied_ms"], 1),
             operations(result["put"]["operations"]),
             *(f"{result[f'reference_{what}_ms']['median']:.1f}"
               for what in ("swap", "json", "fsync")),
             *(f"{result['cold_start'][what]['median']:.0f}"
               for what in ("ready_ms", "first_packet_ms")),
             *(f"{rate:.0f}" for rate in result["calls_per_second"].values()),
             f"{result['peak_kib'] / 1024:.1f}"]
            for result in results]
    head = ["services", "backends", "pools", "PUT of the catalog: ms to the last map write",
            "changed file: ms", "map operations", "reference: one table swapped, ms",
            "reference: catalog parsed, ms", "reference: catalog synced to disk, ms",
            "cold start: ready, ms", "first packet, ms", "status calls/s", "trace calls/s",
            "peak memory, MiB"]
    return ["## control", "",
            "The weight of one backend changes. Time runs from the changed catalog to the last map "
            "write; a changed file first waits until nobody writes to it.", "",
            *table(head, rows), *picture("control")]


def operations(counts):
    """Counts by kind, or one number."""
    if isinstance(counts, dict):
        return ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    return counts


def write_data(directory, name, rows):
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(
        "".join(" ".join(str(cell) for cell in row) + "\n" for row in rows))


def forward_data(directory, results):
    rows = []
    for result in results:
        if "bare_tx_mpps" not in result or "without" in result:
            continue
        row = [result["mix"]]
        for key in ("mpps", "reference_mpps", "bare_tx_mpps"):
            row += [result[key][part] for part in ("median", "min", "max")]
        rows.append(row + [result["ns_above_reference"],
                           result["lookup_ns_above_reference"]])
    if rows:
        write_data(directory, "forward", rows)
    rows = [[result["mix"], ns(result["mpps"]), ns(base["mpps"]),
             1e3 / result["same_way_mpps"]["median"] if "same_way_mpps" in result else "?"]
            for result, base in features(results) if "bare_tx_mpps" in result]
    if rows:
        write_data(directory, "features", rows)


def scaling_data(directory, results):
    for axis in dict.fromkeys(result["axis"] for result in results):
        write_data(directory, f"scaling-{axis}", [
            [result["value"], result["ns_above_reference"],
             result["lookup_ns_above_reference"],
             result["map_bytes"] / MIB, result["lookup_bytes"] / MIB]
            for result in results if result["axis"] == axis])


DEFAULT_SIZE = 65537


def table_data(directory, results):
    for kind in dict.fromkeys(result["kind"] for result in results):
        write_data(directory, f"table-{kind}", [
            [result["backends"], result["build_ms"]["median"],
             result["disturbance"]["remove"]["moved"],
             result["disturbance"]["remove"]["necessary"]]
            for result in results if result["kind"] == kind
            and result["size"] == DEFAULT_SIZE and result["weights"] == "equal"])


def control_data(directory, results):
    write_data(directory, "control", sorted(
        [result["services"] + result["backends"], result["put"]["applied_ms"]["median"],
         result["reference_json_ms"]["median"], result["reference_swap_ms"]["median"]]
        for result in results))


SECTIONS = {
    "ipvs": (ipvs_section, None),
    "forward": (forward_section, forward_data),
    "scaling": (scaling_section, scaling_data),
    "table": (table_section, table_data),
    "control": (control_section, control_data),
}


def main():
    directory = pathlib.Path(sys.argv[1])
    files = [json.loads(pathlib.Path(path).read_text()) for path in sys.argv[2:]]
    lines = ["# hairpin: benchmarks", "", *machine_section(files)]
    for file in files:
        if file["name"] in SECTIONS:
            section, data = SECTIONS[file["name"]]
            lines += section(file["results"])
            if data:
                data(directory / "data", file["results"])
        else:
            lines += other_section(file["name"], file["results"])
    (directory / "report.md").write_text("\n".join(lines))


main()
