"""The figures of the ensembles as a Markdown table with their goals."""

import dataclasses

from comparison.table import number, ratio

BASE = "Conclave"


@dataclasses.dataclass(frozen=True)
class Bound:
    """At most (`factor` below 1) or at least (above 1) so many times the figure of another system."""

    system: str
    factor: float

    def text(self):
        return f"≤ 1/{1 / self.factor:g} {self.system}" if self.factor < 1 else f"≥ {self.factor:g}× {self.system}"

    def is_met(self, figures, value):
        reference = figures.get(self.system)
        if reference is None or value is None:
            return None
        bound = reference * self.factor
        return value <= bound if self.factor < 1 else value >= bound


@dataclasses.dataclass(frozen=True)
class Limit:
    """At most so much, in the unit of the row."""

    most: float
    unit: str

    def text(self):
        return f"≤ {self.most:g} {self.unit}"

    def is_met(self, _, value):
        return None if value is None else value <= self.most


@dataclasses.dataclass(frozen=True)
class Row:
    label: str
    key: str
    unit: str
    scale: float = 1.0
    goals: tuple = ()


def latencies(prefix):
    return tuple(
        Row(f"— latency {name}", f"{prefix}_latency_us_{key}", "ms", 1e-3)
        for name, key in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"))
    )


ROWS = (
    Row("durable 100 B write, 64 clients × 1 in flight: CPU of the three servers per write",
        "write_server_cpu_us_per_operation", "µs", goals=(Bound("ZooKeeper", 1 / 5), Bound("etcd", 1 / 4))),
    Row("— throughput", "write_operations_per_second", "/s"),
    *latencies("write"),
    Row("— client CPU per write", "write_client_cpu_us_per_operation", "µs"),
    Row("durable 100 B write, 64 clients × 16 in flight: throughput", "flood_operations_per_second", "/s",
        goals=(Bound("ZooKeeper", 4), Bound("etcd", 4))),
    Row("— CPU of the three servers per write", "flood_server_cpu_us_per_operation", "µs"),
    *latencies("flood"),
    Row("— client CPU per write", "flood_client_cpu_us_per_operation", "µs"),
    Row("leader killed (kill -9): longest time without an acknowledged write, median", "failover_gap_ms", "ms",
        goals=(Bound("ZooKeeper", 1 / 3), Limit(150, "ms"))),
    Row("— largest", "failover_gap_ms_max", "ms"),
    Row("— connections that clients of the two other servers lost", "failover_connections_lost", ""),
    Row("follower restarted 100,000 transactions behind: first answer after", "catch_up_seconds", "s",
        goals=(Limit(2, "s"),)),
    Row("follower restarted with an empty directory, 1 M znodes: first answer after", "wiped_seconds", "s",
        goals=(Limit(10, "s"),)),
    Row("— p99 of writes meanwhile, to that before", "wiped_p99_times", "", goals=(Limit(2, "×"),)),
)

VERDICTS = {None: "", True: "yes", False: "**no**"}


def shown(value, unit):
    return f"{number(value)} {unit}" if unit else f"{value:g}"


def line(row, systems, figures):
    scaled = {
        system: figures[system][row.key] * row.scale for system in systems if row.key in figures[system]
    }
    value = scaled.get(BASE)
    cells = [row.label]
    cells += [shown(scaled[system], row.unit) if system in scaled else "" for system in systems]
    cells += [ratio(scaled.get(system), value) for system in systems if system != BASE]
    cells.append(", ".join(goal.text() for goal in row.goals))
    cells.append(", ".join(VERDICTS[goal.is_met(scaled, value)] for goal in row.goals))
    return "| " + " | ".join(cells) + " |"


def markdown(systems, figures):
    """`figures` by system; rows without any figure are left out."""
    heads = ["", *systems, *(f"to {system}" for system in systems if system != BASE), "goal", "met"]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 3) + " ---: | --- |"]
    lines += [line(row, systems, figures) for row in ROWS if any(row.key in figures[each] for each in systems)]
    return "\n".join(lines)
