#!/usr/bin/python3
"""Measures clients of one connection beside each other, on the same server: Conclave's library, libzookeeper_mt and
Curator. Prints a Markdown table. Run it from the top of the repository; nothing else should run."""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "interop"))
from comparison import machine  # noqa: E402
from comparison.arguments import names  # noqa: E402
from comparison.table import number, ratio  # noqa: E402
from curator_test import class_path  # noqa: E402
from servers import make_server  # noqa: E402

CURATOR_SOURCE = Path(__file__).resolve().parent / "client" / "curator" / "Load.java"
LIBRARIES = ("conclave", "c", "curator")
KINDS = ("get", "set")
FIGURES = re.compile(r"operations_per_s=(\d+) client_cpu_us_per_operation=([\d.]+)")
# At least so many times the operations of the C client, at most so much of its CPU time.
THROUGHPUT_GOAL, CPU_GOAL = 3.0, 0.5


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="build/release/bin/conclaved", help="or `zookeeper` (default: %(default)s)")
    parser.add_argument("--bench", default="build/release/bin/bench-client", help="default: %(default)s")
    parser.add_argument("--operations", type=int, default=500_000, help="of each measurement (default: %(default)s)")
    parser.add_argument("--window", type=int, default=1000, help="requests under way (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="the median counts (default: %(default)s)")
    parser.add_argument("--warm-up", type=float, default=8, help="seconds of load for the JVM (default: %(default)s)")
    parser.add_argument("--only", type=names(LIBRARIES), default=list(LIBRARIES), help=",".join(LIBRARIES))
    return parser.parse_args()


def curator_command(scratch, kind, server, given):
    jars = class_path()
    if jars is None:
        sys.exit("Curator or a Java compiler is not installed")
    if not os.path.exists(os.path.join(scratch, "Load.class")):
        subprocess.run(["javac", "-cp", jars, "-d", scratch, str(CURATOR_SOURCE)], check=True)
    return ["java", "-cp", f"{scratch}:{jars}", "Load", kind, server, str(given.operations), str(given.window),
            str(given.warm_up)]


def measure(library, kind, server, scratch, given):
    """Operations per second and microseconds of CPU for each."""
    command = [given.bench, library, kind, server, str(given.operations), str(given.window)]
    if library == "curator":
        command = curator_command(scratch, kind, server, given)
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(float(each) for each in FIGURES.search(shown).groups())


def medians(library, kind, server, scratch, given):
    runs = [measure(library, kind, server, scratch, given) for _ in range(given.repeat)]
    print(f"{library} {kind}: {runs}", file=sys.stderr)
    return [statistics.median(column) for column in zip(*runs)]


def verdict(figures, kind):
    """Whether the goals are met, for each of the two figures."""
    ours, theirs = figures.get(("conclave", kind)), figures.get(("c", kind))
    if not ours or not theirs:
        return ("", "")
    return tuple("yes" if met else "**no**"
                 for met in (ours[0] >= THROUGHPUT_GOAL * theirs[0], ours[1] <= CPU_GOAL * theirs[1]))


def table(figures, given):
    lines = ["| | libzookeeper_mt | Curator | Conclave | to the C client | goal | met |",
             "| --- | ---: | ---: | ---: | ---: | --- | --- |"]
    for kind in KINDS:
        met = verdict(figures, kind)
        rows = ((f"{kind}, one connection, {given.window} in flight, 100 B", "/s", "≥ 3×"),
                ("— client CPU per operation", "µs", "≤ 1/2"))
        for column, (label, unit, goal) in enumerate(rows):
            values = [figures.get((library, kind), (None, None))[column] for library in ("c", "curator", "conclave")]
            cells = [f"{number(value)} {unit}" if value else "" for value in values]
            lines.append(f"| {label} | {' | '.join(cells)} | {ratio(values[0], values[2])} | {goal} | {met[column]} |")
    return "\n".join(lines)


def main():
    given = arguments()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        described = machine.description(scratch)
        with make_server(given.server, scratch) as server:
            figures = {(library, kind): medians(library, kind, server.connect_string, scratch, given)
                       for kind in KINDS for library in given.only}
        print("\n".join(f"* {line}" for line in described), end="\n\n")
        print(table(figures, given))


if __name__ == "__main__":
    main()
