#!/usr/bin/python3
"""Measures ZooKeeper 3.8 and Conclave with the same benchmark on the same machine, one after the other, and prints a
Markdown table of the figures with their goals. Run it from the top of the repository; nothing else should run."""

import argparse
import datetime
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile

from comparison import machine, measurements, processes, table
from comparison.arguments import add_common, names
from comparison.bench import Bench
from comparison.servers import Conclave, ZooKeeper

DESCRIPTORS = measurements.IDLE_SESSIONS + 10_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common(parser, warm_up=20, seconds=10, repeat=3)
    parser.add_argument("--systems", type=names(("zookeeper", "conclave")), default=["zookeeper", "conclave"],
                        help="measure only some: zookeeper,conclave")
    parser.add_argument("--only", type=names(measurements.GROUPS), default=list(measurements.GROUPS),
                        help=f"measure only some: {','.join(measurements.GROUPS)}")
    parser.add_argument("--settle", type=float, default=10,
                        help="seconds of rest before memory is read (default: %(default)s)")
    parser.add_argument("--hold", type=float, default=25,
                        help="seconds for which idle sessions are held (default: %(default)s)")
    return parser.parse_args()


def make_servers(settings, bench, directory):
    servers = []
    if "zookeeper" in settings.systems:
        servers.append(ZooKeeper(bench, directory / "zookeeper"))
    if "conclave" in settings.systems:
        servers.append(Conclave(bench, directory / "conclave", settings.conclaved))
    return servers


def measure_all(servers, settings):
    """Figures by the name of the server. One server runs at a time."""
    figures = {}
    for server in servers:
        print(f"{server.name} {server.version()}", file=sys.stderr)
        try:
            figures[server.name] = measurements.measure(server, settings)
        finally:
            server.stop()
    return figures


def result_text(servers, figures, setting_lines, interference_cores):
    lines = [f"Measured on {datetime.date.today().isoformat()}:", ""]
    lines += [f"* {each}" for each in setting_lines]
    lines += [f"* {server.name} {server.version()} ({server.settings()})" for server in servers]
    lines.append(f"* other processes used at most {interference_cores:.2f} CPUs during a throughput measurement")
    lines += [
        "",
        table.markdown(
            ZooKeeper.name, figures.get(ZooKeeper.name, {}), Conclave.name, figures.get(Conclave.name, {})
        ),
        "",
        "To repeat it, from the top of the repository:",
        "",
        f"    {shlex.join(['python3', *sys.argv])}",
        "",
    ]
    return "\n".join(lines)


def main():
    settings = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are stopped then, too
    processes.raise_descriptor_limit(DESCRIPTORS)
    bench = Bench(settings.bench)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-compare-", dir=settings.directory))
    try:
        setting_lines = machine.description(directory)
        servers = make_servers(settings, bench, directory)
        figures = measure_all(servers, settings)
        text = result_text(servers, figures, setting_lines, bench.interference_cores_max)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(text)
    if settings.markdown:
        pathlib.Path(settings.markdown).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
