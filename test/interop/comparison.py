"""Decides whether two servers gave the same answers to one case.

Normalised: zxids become their rank within the case (so which are equal and which is larger still counts), times become
"the time of their zxid", session ids become the name of their connection, passwords keep only whose they are.
"""

import collections
import time

from allowed_differences import DIFFERENCES
from wire import SessionId, Time, Zxid

Failure = collections.namedtuple("Failure", "step label reference tested")

CLOCK_SLACK_MS = 2000
LABEL_SIZE_MAX = 300


def zxids_of(value):
    if isinstance(value, Zxid):
        yield int(value)
    elif isinstance(value, dict):
        for element in value.values():
            yield from zxids_of(element)
    elif isinstance(value, list):
        for element in value:
            yield from zxids_of(element)


def counted_records(records):
    return [record for record in records if record.difference is None]


class Normaliser:
    """Renders the messages of one run. `ranks` is None to compare everything but zxids."""

    def __init__(self, run, records, with_zxids):
        self.run = run
        self.times = {}
        self.ranks = None
        if with_zxids:
            seen = {zxid for record in counted_records(records) for m in record.messages for zxid in zxids_of(m.fields)}
            self.ranks = {zxid: rank for rank, zxid in enumerate(sorted(z for z in seen if z > 0), 1)}

    def zxid(self, value):
        if value <= 0:
            return str(int(value))
        return "z" if self.ranks is None else f"z{self.ranks.get(value, '?')}"

    def time(self, zxid, value):
        """All times that belong to one zxid must be one time, and a recent one."""
        if zxid <= 0:
            return str(int(value))
        if zxid < self.run.first_zxid:
            return "before the case"
        if self.times.setdefault(zxid, value) != value:
            return "not the time of its zxid"
        now_ms = time.time() * 1000 + CLOCK_SLACK_MS
        return "t" if self.run.started_at_ms - CLOCK_SLACK_MS <= value <= now_ms else "not now"

    def stat(self, stat):
        fields = {key: self.value(value) for key, value in stat.items() if not isinstance(value, Time)}
        fields["ctime"] = self.time(stat["czxid"], stat["ctime"])
        fields["mtime"] = self.time(stat["mzxid"], stat["mtime"])
        return "{" + " ".join(f"{key}={value}" for key, value in fields.items()) + "}"

    def value(self, value):
        if isinstance(value, Zxid):
            return self.zxid(value)
        if isinstance(value, SessionId):
            name = self.run.session_names.get(int(value))
            return f"session({name})" if name else hex(value)
        if isinstance(value, dict):
            if "czxid" in value:
                return self.stat(value)
            return "{" + " ".join(f"{key}={self.value(element)}" for key, element in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(str(self.value(element)) for element in value) + "]"
        return self.run.show(value)

    def message(self, message):
        fields = dict(message.fields)
        if message.kind == "connected":
            fields["passwd"] = self.password(fields["passwd"])
        text = " ".join(f"{key}={self.value(value)}" for key, value in fields.items())
        return f"{message.kind} {text}".strip()

    @staticmethod
    def password(value):
        if value is None or len(value) != 16 or not any(value):
            return "null" if value is None else f"{len(value)} zero bytes" if not any(value) else value
        return "16 bytes"

    def record(self, record):
        lines = [self.message(message) for message in record.messages]
        return sorted(lines) if record.in_any_order else lines


def matches(pattern, fields):
    """Whether every entry of the pattern is in the fields; a function decides for itself, `absent` means not there."""
    for key, expected in pattern.items():
        value = fields.get(key)
        if expected == "absent":
            if key in fields:
                return False
        elif isinstance(expected, dict) and isinstance(value, dict):
            if not matches(expected, value):
                return False
        elif callable(expected):
            if not expected(value):
                return False
        elif value != expected:
            return False
    return True


def shows(expected, messages):
    """Whether the messages are those of one side of a row of the table."""
    if expected and isinstance(expected[0], list):
        return any(shows(alternative, messages) for alternative in expected)
    if len(expected) != len(messages):
        return False
    return all(
        pattern.get("kind") == message.kind
        and matches({k: v for k, v in pattern.items() if k != "kind"}, message.fields)
        for pattern, message in zip(expected, messages)
    )


def is_made_by_set_watches(lines, index):
    """Whether the next reply behind an event is that of a setWatches, whose events come right before it."""
    following = next((line for line in lines[index:] if line.startswith("reply")), "")
    return following.startswith("reply op='setWatches")


def first_difference(reference, tested):
    """The first message that is not the same on both sides; a side that has no more says so."""
    for index in range(max(len(reference), len(tested))):
        sides = [lines[index] if index < len(lines) else "nothing more" for lines in (reference, tested)]
        if sides[0] != sides[1]:
            position = f"message {index + 1}: " if max(len(reference), len(tested)) > 1 else ""
            return [position + side for side in sides]
    raise AssertionError("no difference")


class Comparison:
    """Compares runs and remembers which allowed differences were met."""

    def __init__(self, reference_name, tested_name):
        self.names = (reference_name, tested_name)
        self.exercised = set()

    def expected(self, difference, server_name):
        return getattr(DIFFERENCES[difference], server_name)

    def event_zxids_allowed(self, reference, tested):
        """The header zxid of watch events: the one allowed difference that concerns every step.

        Events that setWatches makes have no transaction, so there both sides must agree on none.
        """
        if self.names[0] == self.names[1]:
            return reference, tested
        row = DIFFERENCES["event-zxid"]
        changed = []
        for index, line in enumerate(reference):
            if line.startswith("event") and not is_made_by_set_watches(reference, index):
                self.exercised.add("event-zxid")
                line = line.replace(row.zookeeper, row.conclave, 1)
            changed.append(line)
        return changed, tested

    def compare(self, reference, tested):
        """The first difference between two runs that is not allowed, or None."""
        count = max(len(reference.records), len(tested.records))
        for index in range(count):
            if index >= len(reference.records) or index >= len(tested.records):
                ended = [run.records[-1].label if run.records else "nothing" for run in (reference, tested)]
                return Failure(index, "one run ended early", f"ended after {ended[0]}", f"ended after {ended[1]}")
        return self._compare_records(reference, tested, False) or self._compare_zxids(reference, tested)

    def _compare_records(self, reference, tested, with_zxids):
        normalisers = [Normaliser(run, run.records, with_zxids) for run in (reference, tested)]
        for index, (expected, actual) in enumerate(zip(reference.records, tested.records)):
            failure = self._compare_step(index, expected, actual, normalisers)
            if failure:
                return failure
        return None

    def _compare_step(self, index, expected, actual, normalisers):
        if expected.label != actual.label:
            return Failure(index, "different steps", expected.label, actual.label)
        lines = [normaliser.record(record) for normaliser, record in zip(normalisers, (expected, actual))]
        if expected.difference is None:
            lines = self.event_zxids_allowed(*lines)
            is_good = lines[0] == lines[1]
        else:
            is_good = self._is_allowed(expected.difference, (expected, actual))
        if is_good:
            return None
        label = expected.label if len(expected.label) <= LABEL_SIZE_MAX else expected.label[:LABEL_SIZE_MAX] + "..."
        if expected.difference:
            return Failure(index, f"{label} (allowed difference {expected.difference})", *map(" / ".join, lines))
        return Failure(index, label, *first_difference(*lines))

    def _is_allowed(self, difference, records):
        for name, record in zip(self.names, records):
            expected = self.expected(difference, name)
            if expected is None:
                if record.messages:
                    return False
            elif not shows(expected, record.messages):
                return False
        self.exercised.add(difference)
        return True

    def _compare_zxids(self, reference, tested):
        """Ranks depend on the whole case, so on a difference the shortest prefix that shows it is looked for."""
        if self._compare_records(reference, tested, True) is None:
            return None
        for length in range(1, len(reference.records) + 1):
            prefixes = [Prefix(run, length) for run in (reference, tested)]
            failure = self._compare_records(*prefixes, True)
            if failure:
                return failure._replace(step=length - 1, label=f"zxids up to {prefixes[0].records[-1].label}")
        return None


class Prefix:
    """The first steps of a run, seen as a run."""

    def __init__(self, run, length):
        self.records = run.records[:length]
        self.run = run

    def __getattr__(self, name):
        return getattr(self.run, name)
