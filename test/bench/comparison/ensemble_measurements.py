"""What is measured of ensembles. Each function takes an ensemble and the settings and returns named figures."""

import asyncio
import concurrent.futures
import signal
import statistics
import time

from comparison import failover
from comparison.ensembles import TREE_SIZE, path_of_last_node
from comparison.measurements import median_of, prefixed

TREE = ("--nodes", str(TREE_SIZE), "--payload", "100")
BEHIND = 100_000  # transactions that a follower misses
MILLION_SIZE = 1_000_000
MILLION = ("--root", "/million", "--nodes", str(MILLION_SIZE), "--payload", "100")
WINDOW_S = 2  # in which latencies are looked at while a follower gets a snapshot


def load(ensemble, settings, *arguments):
    """Warms up and measures the same ensemble several times."""
    common = ["--operation", ensemble.load_operation, *arguments, *TREE, "--skip-load"]
    if settings.warm_up > 0:
        ensemble.run(*common, "--seconds", str(settings.warm_up))
    return median_of([ensemble.run(*common, "--seconds", str(settings.seconds)) for _ in range(settings.repeat)])


def write(ensemble, settings):
    return prefixed("write", load(ensemble, settings, "--connections", "64", "--pipeline", "1"))


def flood(ensemble, settings):
    """1,024 writes in flight."""
    return prefixed("flood", load(ensemble, settings, "--connections", "64", "--pipeline", "16"))


def kill_leader(ensemble, settings):
    """The median of several fail-overs; the killed server comes back between them."""
    runs = []
    for _ in range(settings.repeat):
        runs.append(failover.measure(ensemble))
        for member in ensemble.members:
            if not member.is_running():
                member.launch()
        ensemble.await_service(ensemble.members)
    figures = median_of(runs)
    figures["failover_gap_ms_max"] = max(run["failover_gap_ms"] for run in runs)
    return figures


def catch_up(ensemble, settings):
    """From the start of a follower that missed writes to its first answer to a new client, which has all of them."""
    del settings
    follower = ensemble.followers()[0]
    others = [member for member in ensemble.members if member is not follower]
    follower.end(signal.SIGKILL)
    ensemble.run(
        "--operation", ensemble.load_operation, "--connections", "16", "--pipeline", "16", *TREE, "--skip-load",
        "--operations", str(BEHIND), "--seconds", "600", members=others,
    )
    started_at = time.monotonic()
    follower.launch()
    asyncio.run(ensemble.first_answer(follower, lambda client: client.read(path_of_last_node())))
    return {"catch_up_seconds": time.monotonic() - started_at}


def wiped_follower(ensemble, settings):
    """A follower comes back with an empty directory to a million znodes, while two clients of the others write."""
    if not ensemble.takes_back_wiped_members:
        return {}
    del settings
    ensemble.load_tree(MILLION)
    follower = ensemble.followers()[0]
    others = [member for member in ensemble.members if member is not follower]

    def p99():
        return ensemble.run(
            "--operation", ensemble.load_operation, "--connections", "2", *MILLION, "--skip-load",
            "--seconds", str(WINDOW_S), members=others,
        )["latency_us_p99"]

    follower.end(signal.SIGKILL)
    follower.wipe()
    usual = statistics.median(p99() for _ in range(3))
    started_at = time.monotonic()
    follower.launch()
    answered_at = []

    def ask():
        wanted = path_of_last_node(MILLION_SIZE, "/million")
        asyncio.run(ensemble.first_answer(follower, lambda client: client.read(wanted)))
        answered_at.append(time.monotonic())

    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as background:
        answer = background.submit(ask)
        meanwhile = [p99()]
        while not answer.done():
            meanwhile.append(p99())
        answer.result()
    return {"wiped_seconds": answered_at[0] - started_at, "wiped_p99_times": max(meanwhile) / usual}


GROUPS = ("write", "flood", "catch-up", "failover", "wiped")


def measure(ensemble, settings):
    """All the groups that were asked for, on one ensemble."""
    figures = {}
    ensemble.start_fresh()
    ensemble.load_tree(TREE)
    if "write" in settings.only:
        figures.update(write(ensemble, settings))
    if "flood" in settings.only:
        figures.update(flood(ensemble, settings))
    if "catch-up" in settings.only:
        figures.update(catch_up(ensemble, settings))
    if "failover" in settings.only:
        figures.update(kill_leader(ensemble, settings))
    if "wiped" in settings.only:
        figures.update(wiped_follower(ensemble, settings))
    return figures
