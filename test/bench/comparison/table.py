"""The figures as a Markdown table with their goals."""

import dataclasses
from typing import Optional

KB_PER_MB = 1024


@dataclasses.dataclass(frozen=True)
class Goal:
    """At most a fraction of ZooKeeper's figure, or at most an absolute one (in the unit of the row)."""

    ratio_denominator: Optional[float] = None
    limit: Optional[float] = None

    def text(self, unit):
        if self.ratio_denominator is not None:
            return f"≤ 1/{self.ratio_denominator:g}"
        return f"≤ {self.limit:g} {unit}"

    def is_met(self, reference, value):
        """None when it cannot be told."""
        if value is None or (self.limit is None and reference is None):
            return None
        bound = self.limit if self.limit is not None else reference / self.ratio_denominator
        return value <= bound


@dataclasses.dataclass(frozen=True)
class Row:
    label: str
    key: str
    unit: str
    scale: float = 1.0
    goal: Optional[Goal] = None


ROWS = (
    Row("getData, 16 connections × 64 in flight, 100 B, 100 k znodes: server CPU per operation",
        "get_server_cpu_us_per_operation", "µs", goal=Goal(ratio_denominator=6)),
    Row("— throughput", "get_operations_per_second", "/s"),
    Row("— latency p50", "get_latency_us_p50", "ms", 1e-3),
    Row("— latency p99", "get_latency_us_p99", "ms", 1e-3),
    Row("— latency p99.9", "get_latency_us_p999", "ms", 1e-3),
    Row("— client CPU per operation", "get_client_cpu_us_per_operation", "µs"),
    Row("durable setData, 64 connections × 1 in flight, 100 B, 100 k znodes: server CPU per operation",
        "set_server_cpu_us_per_operation", "µs", goal=Goal(ratio_denominator=5)),
    Row("— latency p99", "set_latency_us_p99", "ms", 1e-3, Goal(ratio_denominator=3)),
    Row("— latency p50", "set_latency_us_p50", "ms", 1e-3),
    Row("— latency p99.9", "set_latency_us_p999", "ms", 1e-3),
    Row("— throughput", "set_operations_per_second", "/s"),
    Row("— client CPU per operation", "set_client_cpu_us_per_operation", "µs"),
    Row("1 M znodes of 100 B, after loading: resident memory", "large_VmRSS", "MB", 1 / KB_PER_MB,
        Goal(ratio_denominator=5)),
    Row("— of it anonymous (heap)", "large_RssAnon", "MB", 1 / KB_PER_MB),
    Row("— of it mapped files", "large_RssFile", "MB", 1 / KB_PER_MB),
    Row("— time to load", "large_load_seconds", "s"),
    Row("1 M znodes, kill -9: exec to first successful getData of a new session", "restart_first_read_ms",
        "ms", goal=Goal(limit=300)),
    Row("— resident memory after the restart", "restart_VmRSS", "MB", 1 / KB_PER_MB),
    Row("empty server: exec to first successful getData of a new session", "idle_first_read_ms", "ms",
        goal=Goal(limit=100)),
    Row("— resident memory when idle", "idle_VmRSS", "MB", 1 / KB_PER_MB, Goal(limit=12)),
    Row("10,000 idle sessions: resident memory per session", "sessions_session_rss_kb", "KB",
        goal=Goal(limit=4)),
)


def number(value):
    """Three significant digits, and never an exponent."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def ratio(reference, value):
    """Conclave's figure as a fraction or multiple of ZooKeeper's."""
    if not reference or not value or reference < 0 or value < 0:
        return ""
    return f"1/{reference / value:.1f}" if value < reference else f"{value / reference:.1f}×"


def line(row, reference, value):
    scaled = [None if each is None else each * row.scale for each in (reference, value)]
    with_unit = [f"{number(each)} {row.unit}" if each is not None else "" for each in scaled]
    met = row.goal.is_met(*scaled) if row.goal else None
    cells = [
        row.label,
        *with_unit,
        ratio(*scaled),
        row.goal.text(row.unit) if row.goal else "",
        {None: "", True: "yes", False: "**no**"}[met],
    ]
    return "| " + " | ".join(cells) + " |"


def markdown(reference_name, reference, value_name, value):
    """Rows without any figure are left out."""
    lines = [
        f"| | {reference_name} | {value_name} | ratio | goal | met |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in ROWS:
        if row.key in reference or row.key in value:
            lines.append(line(row, reference.get(row.key), value.get(row.key)))
    return "\n".join(lines)
