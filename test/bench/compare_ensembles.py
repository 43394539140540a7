#!/usr/bin/python3
"""Measures ensembles of three servers on this machine, one system after the other: ZooKeeper 3.8, etcd 3.4 and Conclave,
and prints a Markdown table of the figures with their goals. Run it from the top of the repository; nothing else should
run."""

import argparse
import datetime
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile

from comparison import ensemble_measurements, ensemble_table, machine
from comparison.arguments import add_common, names
from comparison.bench import Bench
from comparison.ensembles import ConclaveEnsemble, EtcdEnsemble, ZooKeeperEnsemble

SYSTEMS = ("zookeeper", "etcd", "conclave")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common(parser, warm_up=10, seconds=8, repeat=3)
    parser.add_argument("--systems", type=names(SYSTEMS), default=list(SYSTEMS),
                        help=f"measure only some: {','.join(SYSTEMS)}")
    parser.add_argument("--only", type=names(ensemble_measurements.GROUPS), default=list(ensemble_measurements.GROUPS),
                        help=f"measure only some: {','.join(ensemble_measurements.GROUPS)}")
    return parser.parse_args()


def make_ensembles(settings, bench, directory):
    makers = {
        "zookeeper": lambda: ZooKeeperEnsemble(bench, directory / "zookeeper"),
        "etcd": lambda: EtcdEnsemble(bench, directory / "etcd"),
        "conclave": lambda: ConclaveEnsemble(bench, directory / "conclave", settings.conclaved),
    }
    return [makers[name]() for name in SYSTEMS if name in settings.systems]


def measure_all(ensembles, settings):
    figures = {}
    for ensemble in ensembles:
        print(f"{ensemble.name} {ensemble.version()}", file=sys.stderr)
        try:
            figures[ensemble.name] = ensemble_measurements.measure(ensemble, settings)
        finally:
            ensemble.stop()
    return figures


def result_text(ensembles, figures, setting_lines, interference_cores):
    lines = [f"Measured on {datetime.date.today().isoformat()}, three servers of each on one machine:", ""]
    lines += [f"* {each}" for each in setting_lines]
    lines += [f"* {each.name} {each.version()} ({each.settings()})" for each in ensembles]
    lines.append(f"* other processes used at most {interference_cores:.2f} CPUs during a throughput measurement")
    lines += [
        "",
        ensemble_table.markdown([each.name for each in ensembles], figures),
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
    bench = Bench(settings.bench)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-compare-", dir=settings.directory))
    try:
        setting_lines = machine.description(directory)
        ensembles = make_ensembles(settings, bench, directory)
        figures = measure_all(ensembles, settings)
        text = result_text(ensembles, figures, setting_lines, bench.interference_cores_max)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(text)
    if settings.markdown:
        pathlib.Path(settings.markdown).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
