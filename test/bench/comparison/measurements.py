"""What is measured. Each function takes a server and the settings and returns named figures."""

import statistics
import time

from comparison import processes

SMALL_TREE = 100_000
LARGE_TREE = 1_000_000
CHILDREN_PER_DIRECTORY = 1000
IDLE_SESSIONS = 10_000


def path_of_node(node):
    """Where conclave-bench puts a znode."""
    return f"/bench/d{node // CHILDREN_PER_DIRECTORY:06}/n{node:09}"


def median_of(runs):
    """The median of each figure over several runs."""
    numbers = [key for key, value in runs[0].items() if not isinstance(value, str)]
    return {key: statistics.median(run[key] for run in runs) for key in numbers}


def prefixed(prefix, figures):
    return {f"{prefix}_{key}": value for key, value in figures.items()}


def throughput(server, settings, prefix, *arguments):
    """Loads the small tree, warms up, and measures the same server several times."""
    server.start_fresh()
    tree = ["--nodes", str(SMALL_TREE), "--payload", "100"]
    server.run("--operation", "load", "--connections", "16", *tree)
    common = [*arguments, *tree, "--skip-load"]
    if settings.warm_up > 0:
        server.run(*common, "--seconds", str(settings.warm_up))
    runs = [server.run(*common, "--seconds", str(settings.seconds)) for _ in range(settings.repeat)]
    return prefixed(prefix, median_of(runs))


def get(server, settings):
    return throughput(
        server, settings, "get", "--operation", "get", "--connections", "16", "--pipeline", "64"
    )


def set_data(server, settings):
    return throughput(
        server, settings, "set", "--operation", "set", "--connections", "64", "--pipeline", "1"
    )


def load_large_tree(server):
    server.start_fresh()
    loaded = server.run("--operation", "load", "--connections", "16", "--nodes", str(LARGE_TREE))
    return prefixed("large", {"load_seconds": loaded["load_seconds"]})


def memory(server, settings):
    """Resident memory with the large tree, after the server had time to come to rest."""
    time.sleep(settings.settle)
    resident = processes.resident_kb(server.pid)
    return prefixed("large", resident)


def restart(server, settings):
    """kill -9 with the large tree, then the time until its last znode is read. The files are in the page cache."""
    starts = [
        server.kill_and_restart(path_of_node(LARGE_TREE - 1)) for _ in range(settings.repeat)
    ]
    figures = prefixed("restart", median_of(starts))
    time.sleep(settings.settle)
    figures.update(prefixed("restart", processes.resident_kb(server.pid)))
    return figures


def idle(server, settings):
    """Starts on an empty directory, and what an idle server holds."""
    starts = [server.start_fresh() for _ in range(max(3, settings.repeat))]
    time.sleep(settings.settle)
    figures = prefixed("idle", median_of(starts))
    figures.update(prefixed("idle", processes.resident_kb(server.pid)))
    return figures


def sessions(server, settings):
    """Memory per idle session. A few sessions go first, so that what is allocated once is not counted."""
    server.start_fresh()
    server.run("--operation", "connect-idle", "--connections", "100", "--seconds", "1")
    time.sleep(settings.settle)
    return prefixed("sessions", server.run(
        "--operation", "connect-idle",
        "--connections", str(IDLE_SESSIONS),
        "--seconds", str(settings.hold),
    ))


GROUPS = ("get", "set", "memory", "restart", "idle", "sessions")


def measure(server, settings):
    """All the groups that were asked for."""
    figures = {}
    if "get" in settings.only:
        figures.update(get(server, settings))
    if "set" in settings.only:
        figures.update(set_data(server, settings))
    if "memory" in settings.only or "restart" in settings.only:
        figures.update(load_large_tree(server))
    if "memory" in settings.only:
        figures.update(memory(server, settings))
    if "restart" in settings.only:
        figures.update(restart(server, settings))
    if "idle" in settings.only:
        figures.update(idle(server, settings))
    if "sessions" in settings.only:
        figures.update(sessions(server, settings))
    return figures
