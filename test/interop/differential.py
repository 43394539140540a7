#!/usr/bin/python3
"""Replays the same requests to the real ZooKeeper and to conclaved and compares every reply and event.

    differential.py --conclaved build/release/bin/conclaved            all hand-picked cases
    differential.py --conclaved ... --random --seed 7 --count 200      seeded random sequences
    differential.py --against zookeeper                                self-check: ZooKeeper against itself
    differential.py --list                                             names of cases and allowed differences

One line per failing case, with both answers decoded; the last line is "N passed, N failed".
"""

import argparse
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
import threading
import time

import allowed_differences
import cases
import random_sequences
import scenario
from cases.profiles import PROFILES
from comparison import Comparison
from execution import run_case
from servers import Conclave, ZooKeeper, is_zookeeper_installed


def load_cases():
    for module in sorted(module.name for module in pkgutil.iter_modules(cases.__path__)):
        scenario.case.group = module
        importlib.import_module(f"cases.{module}")
    return scenario.CASES


class Pair:
    """The two servers of a profile."""

    def __init__(self, profile, options, scratch):
        settings = PROFILES[profile]
        reference = ZooKeeper(scratch, settings)
        tested = (
            ZooKeeper(scratch, settings)
            if options.against == "zookeeper"
            else Conclave(options.conclaved, scratch, settings)
        )
        self.servers = [reference, tested]

    def launch(self):
        for server in self.servers:
            server.launch()
        return self

    def await_serving(self):
        for server in self.servers:
            server.await_serving()

    def revive(self):
        """Starts again what has died; the names of what had."""
        dead = [server for server in self.servers if not server.is_running()]
        for server in dead:
            server.start()  # raises when it cannot, which ends the test: nothing more can be compared
        return [server.name for server in dead]

    def stop(self):
        for server in self.servers:
            server.kill()


def run_on_both(case, pair, root, timeout_s):
    runs = [None, None]

    def run(index):
        server = pair.servers[index]
        runs[index] = run_case(case, server.name, server.address, root, timeout_s)

    threads = [threading.Thread(target=run, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return runs


class Report:
    """Prints failures as they come and counts."""

    def __init__(self, options):
        self.options, self.passed, self.failed = options, 0, 0

    def failure(self, case, text):
        self.failed += 1
        print(f"FAIL {case.group}: {case.name}: {text}", flush=True)

    def judge(self, case, runs, comparison, dead):
        reference, tested = runs
        problems = [f"{record.label}: {'; '.join(record.problems)}" for record in reference.records if record.problems]
        difference = comparison.compare(reference, tested)
        if self.options.verbose:
            self.print_transcripts(runs)
        if dead:
            self.failure(case, f"died: {', '.join(dead)}")
        elif problems:
            self.failure(case, f"the reference does not do what the case says: {problems[0]}")
        elif difference:
            self.failure(
                case,
                f"step {difference.step}: {difference.label}\n"
                f"    zookeeper: {difference.reference}\n    {comparison.names[1]}: {difference.tested}",
            )
        else:
            self.passed += 1

    @staticmethod
    def print_transcripts(runs):
        for run in runs:
            print(f"--- {run.server_name}")
            for record in run.records:
                print(f"  {record.label}")
                for message in record.messages:
                    print(f"      {message.kind} {message.fields}")


def run_profile(profile, chosen, pair, options, report, comparison):
    try:
        pair.await_serving()
    except RuntimeError as error:
        report.failed += len(chosen)
        print(f"FAIL {len(chosen)} cases of the profile {profile}: {error}", flush=True)
        return
    chosen = sorted(chosen, key=lambda case: not case.rootless)
    for index, case in enumerate(chosen):
        if options.deadline and time.monotonic() > options.deadline:
            break
        started = time.monotonic()
        runs = run_on_both(case, pair, f"/{profile}-{index}", options.timeout)
        report.judge(case, runs, comparison, pair.revive())
        if options.durations:
            print(f"{time.monotonic() - started:7.3f} s  {case.name}")


def run_all(chosen, options, scratch):
    """Runs profile by profile; the servers of the next one start while the current one works."""
    tested_name = "zookeeper" if options.against == "zookeeper" else "conclave"
    report, comparison = Report(options), Comparison("zookeeper", tested_name)
    profiles = [profile for profile in PROFILES if any(case.profile == profile for case in chosen)]
    pairs = []
    try:
        for index, profile in enumerate(profiles):
            for ahead in profiles[len(pairs) : index + 2]:
                pairs.append(Pair(ahead, options, scratch).launch())
            of_profile = [case for case in chosen if case.profile == profile]
            run_profile(profile, of_profile, pairs[index], options, report, comparison)
            pairs[index].stop()
    finally:
        for pair in pairs:
            pair.stop()
    return report, comparison


def unmet_differences(comparison):
    """What is allowed and does not occur: the row is out of date, or its case is gone."""
    unmet = sorted(set(allowed_differences.DIFFERENCES) - comparison.exercised)
    for name in unmet:
        print(f"FAILED: no case met the allowed difference {name}")
    return len(unmet)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conclaved", default=os.environ.get("CONCLAVED"), help="the program under test")
    parser.add_argument("--against", choices=("conclave", "zookeeper"), default="conclave")
    parser.add_argument("--filter", default="", help="only cases whose group and name contain this text")
    parser.add_argument("--list", action="store_true", help="print the cases and the allowed differences")
    parser.add_argument("--random", action="store_true", help="random sequences instead of the hand-picked cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100, help="number of random sequences")
    parser.add_argument("--seconds", type=float, default=0, help="stop after this time; 0 = never")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for an answer")
    parser.add_argument("--scratch", help="directory for the servers' data; kept. Default: a temporary one, removed")
    parser.add_argument("--verbose", action="store_true", help="print everything that was received")
    parser.add_argument("--durations", action="store_true", help="print how long each case took")
    return parser.parse_args(arguments)


def list_everything(chosen):
    for case in chosen:
        print(f"{case.profile:12} {case.group}: {case.name}")
    print(f"{len(chosen)} cases\n")
    for name, difference in allowed_differences.DIFFERENCES.items():
        print(f"{name}: {difference.reason}")
    print(f"{len(allowed_differences.DIFFERENCES)} allowed differences")


def main(arguments):
    options = parse(arguments)
    options.deadline = time.monotonic() + options.seconds if options.seconds else None
    everything = random_sequences.sequences(options.seed, options.count) if options.random else load_cases()
    chosen = [case for case in everything if options.filter in f"{case.group}: {case.name}"]
    if options.list:
        list_everything(chosen)
        return 0
    if not is_zookeeper_installed():
        print("the Debian package zookeeper is needed as the reference")
        return 2
    if options.against == "conclave" and not options.conclaved:
        print("--conclaved PATH (or the variable CONCLAVED) is needed")
        return 2
    scratch = options.scratch or tempfile.mkdtemp(prefix="differential-")
    os.makedirs(scratch, exist_ok=True)
    try:
        report, comparison = run_all(chosen, options, scratch)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    if not options.filter and not options.random and options.against == "conclave":
        report.failed += unmet_differences(comparison)
    print(f"{report.passed} passed, {report.failed} failed")
    return 0 if report.passed and not report.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
