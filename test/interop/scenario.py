"""The vocabulary of the differential cases: steps on named connections, and what the protocol page says they give.

A case is a sentence and a list of steps, run in order against each server:

    case("a data watch fires once when the data changes",
         create("~/x"),
         get("~/x", watch=True).by("watcher"),
         set_data("~/x", b"1"),
         events("NodeDataChanged ~/x").by("watcher"),
         set_data("~/x", b"2"),
         events().by("watcher"))

* `~` stands for the case's own root node, which exists before the first step and is removed after the last one.
* A step works on connection "a" unless `.by(name)` says otherwise; the connection and its session are made on first use.
* A request is expected to succeed unless `.fails(code)` says otherwise, and no watch event is expected during a step
  unless `.sees(...)` lists it. These expectations are checked on the real ZooKeeper only: they keep a case from
  testing nothing. The server under test is compared with ZooKeeper frame by frame.
* `.differs(name)` says that the step has an allowed difference; both answers must be those of that table row.
"""

import base64
import copy
import hashlib

import wire
from wire import Message

CASES = []

SUPER_SECRET = b"super:secret"


def digest_id(secret):
    """The ACL id of `user:password` in the digest scheme."""
    user = secret.split(":")[0]
    return f"{user}:{base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()}"


SUPER_DIGEST = digest_id(SUPER_SECRET.decode())

SILENCE_S = 0.4  # how long a server must have said nothing before a step believes that it will not


class Case:
    def __init__(self, name, steps, profile, rootless, group):
        self.name, self.steps, self.profile, self.rootless, self.group = name, steps, profile, rootless, group


def case(name, *steps, profile="main", rootless=False):
    """Registers a case. `rootless` leaves the tree as the server made it: the case runs before all others."""
    if any(name == other.name for other in CASES):
        raise ValueError(f"two cases are called: {name}")
    CASES.append(Case(name, steps, profile, rootless, case.group))


case.group = ""


class Stuck(Exception):
    """The server did not answer; the rest of the case would only wait."""


class Step:
    """What all steps share. The chained methods return changed copies, so that steps can be shared between cases."""

    connection = "a"
    difference = None
    seen = ()  # expected events, "Type path"
    in_any_order = False
    is_judged = True  # whether the reference must do what the step says
    only_on = None  # the one server that this step may be shown to, or None

    def _with(self, **changes):
        other = copy.copy(self)
        other.__dict__.update(changes)
        return other

    def by(self, connection):
        return self._with(connection=connection)

    def sees(self, *events):
        return self._with(seen=events)

    def sees_in_any_order(self, *events):
        return self._with(seen=events, in_any_order=True)

    def differs(self, name):
        return self._with(difference=name)

    def never_sent_to_zookeeper(self):
        """For requests that kill the reference; needs a row of the table as well."""
        return self._with(only_on="conclave")

    def unjudged(self):
        """For generated steps: nothing is expected but that both servers do the same."""
        return self._with(is_judged=False)

    def label(self, run):
        return f"{self.connection}: {self.describe(run)}"

    def describe(self, run):
        raise NotImplementedError

    def perform(self, run):
        """Acts and returns the messages that came, in order of arrival."""
        raise NotImplementedError

    def problems(self, run, messages):
        """How the answer departs from what the case says; run on the reference only."""
        events = [f"{m.fields['type']} {m.fields['path']}" for m in messages if m.kind == "event"]
        expected = [event.replace("~", run.root, 1) for event in self.seen]
        if self.in_any_order:
            events, expected = sorted(events), sorted(expected)
        return [] if events == expected else [f"events {events} instead of {expected}"]


def received_until(run, connection, is_last, patience_s=None):
    """Messages up to the one that `is_last` accepts; stops at a close, and at silence, which is reported."""
    messages = []
    while True:
        message = run.receive(connection, patience_s)
        messages.append(message)
        if message.kind in ("closed", "silence", "garbage") or is_last(message):
            return messages


def is_unknown(message):
    """Whether this is the reply to an unknown opcode, behind which the connection ends."""
    return message.fields["err"] == -6 and message.fields["zxid"] == -1


# --- requests ------------------------------------------------------------------------------------------------------


class Request(Step):
    """One request and its reply."""

    def __init__(self, op, **fields):
        self.op, self.fields = op, fields
        self.err, self.body, self.multi_errors = 0, {}, None
        self.xid = self.raw_record = self.opcode = self.patience_s = None
        self.closes_after = self.is_unanswered = False
        self.chunk_size = 1 << 30

    def slowly(self):
        """Sends every byte in a segment of its own."""
        return self._with(chunk_size=1)

    def fails(self, code):
        return self._with(err=code)

    def returns(self, **body):
        """A part of the reply; `stat__version=1` looks into the stat."""
        return self._with(body=body)

    def results(self, *codes):
        """The error of each op of a multi or multiRead, 0 for those that worked."""
        return self._with(multi_errors=codes)

    def with_xid(self, xid):
        return self._with(xid=xid)

    def with_record(self, raw):
        """Sends these bytes behind the request header instead of the record."""
        return self._with(raw_record=raw)

    def with_opcode(self, opcode):
        return self._with(opcode=opcode)

    def then_closes(self):
        return self._with(closes_after=True)

    def closes_without_reply(self):
        return self._with(is_unanswered=True)

    def or_is_silent(self):
        """Does not wait long for a reply that may never come."""
        return self._with(patience_s=SILENCE_S)

    def describe(self, run):
        fields = ", ".join(f"{key}={run.show_field(value)}" for key, value in self.fields.items())
        raw = self.raw_record(run) if callable(self.raw_record) else self.raw_record
        extra = f" record={run.show(raw)}" if raw is not None else ""
        opcode = f" opcode={self.opcode}" if self.opcode is not None else ""
        return f"{self.op}({fields}){opcode}{extra}"

    def encode(self, run, connection):
        fields = {key: run.resolve(value) for key, value in self.fields.items()}
        raw = self.raw_record(run) if callable(self.raw_record) else self.raw_record
        return connection.encode(self.op, xid=self.xid, raw=raw, opcode=self.opcode, **fields)

    def perform(self, run):
        connection = run.connection(self.connection)
        frame = self.encode(run, connection)
        for chunk in [frame[i : i + self.chunk_size] for i in range(0, len(frame), self.chunk_size)]:
            connection.send(chunk)
        xid, _ = connection.pending[-1]
        messages = received_until(
            run, self.connection, lambda m: m.kind == "reply" and m.fields["xid"] == xid, self.patience_s
        )
        if messages[-1].kind == "silence" and self.patience_s is None:
            raise Stuck(messages)
        if messages[-1].kind == "reply" and (
            self.closes_after or self.op == "closeSession" or is_unknown(messages[-1])
        ):
            messages += received_until(run, self.connection, lambda m: False)
        if self.op == "closeSession" and messages[-1].kind == "closed" and self.err == 0:
            run.forget_session(connection.session_id)
        return messages

    def problems(self, run, messages):
        problems = super().problems(run, messages)
        replies = [m for m in messages if m.kind == "reply"]
        if self.is_unanswered:
            return problems + (["a reply"] if replies or messages[-1].kind != "closed" else [])
        if len(replies) != 1:
            return problems + ["no reply"]
        return problems + self.problems_of_reply(run, replies[0].fields)

    def problems_of_reply(self, run, fields):
        if "undecodable" in fields:
            return [f"the body of {self.op} cannot be decoded"]
        if fields["err"] != self.err:
            return [f"err {fields['err']} instead of {self.err}"]
        problems = []
        for key, expected in self.body.items():
            value = fields
            for part in key.split("__"):
                value = value.get(part) if isinstance(value, dict) else None
            if value != run.resolve(expected):
                problems.append(f"{key} is {value!r} instead of {run.resolve(expected)!r}")
        if "results" in fields:
            errors = tuple(result["err"] for result in fields["results"])
            expected = self.multi_errors if self.multi_errors is not None else (0,) * len(errors)
            if errors != tuple(expected):
                problems.append(f"results {errors} instead of {tuple(expected)}")
        return problems


def create(path, data=b"", acl=wire.OPEN_ACL, flags=0):
    return Request("create", path=path, data=data, acl=acl, flags=flags)


def create2(path, data=b"", acl=wire.OPEN_ACL, flags=0):
    return Request("create2", path=path, data=data, acl=acl, flags=flags)


def create_container(path, data=b"", acl=wire.OPEN_ACL, flags=4):
    return Request("createContainer", path=path, data=data, acl=acl, flags=flags)


def create_ttl(path, ttl=60000, data=b"", acl=wire.OPEN_ACL, flags=5):
    return Request("createTTL", path=path, data=data, acl=acl, flags=flags, ttl=ttl)


def delete(path, version=-1):
    return Request("delete", path=path, version=version)


def exists(path, watch=False):
    return Request("exists", path=path, watch=watch)


def get(path, watch=False):
    return Request("getData", path=path, watch=watch)


def set_data(path, data=b"", version=-1):
    return Request("setData", path=path, data=data, version=version)


def get_acl(path):
    return Request("getACL", path=path)


def set_acl(path, acl, version=-1):
    return Request("setACL", path=path, acl=acl, version=version)


def children(path, watch=False):
    return Request("getChildren", path=path, watch=watch)


def children2(path, watch=False):
    return Request("getChildren2", path=path, watch=watch)


def sync(path):
    return Request("sync", path=path)


def ping():
    return Request("ping")


def check(path, version=-1):
    return Request("check", path=path, version=version)


def multi(*ops, done=True):
    return Request("multi", ops=ops, done=done)


def multi_read(*ops):
    return Request("multiRead", ops=ops)


def reconfig(**fields):
    return Request("reconfig", **fields)


def check_watches(path, kind):
    return Request("checkWatches", path=path, type=kind)


def remove_watches(path, kind):
    return Request("removeWatches", path=path, type=kind)


def add_watch(path, mode):
    return Request("addWatch", path=path, mode=mode)


def set_watches(relative, **lists):
    return Request("setWatches", relative=relative, **lists)


def set_watches2(relative, **lists):
    return Request("setWatches2", relative=relative, **lists)


def auth(scheme, data, kind=0):
    return Request("auth", scheme=scheme, auth=data, type=kind)


def become_super():
    return auth("digest", SUPER_SECRET)


def sasl(token):
    return Request("sasl", token=token)


def ephemerals(prefix):
    return Request("getEphemerals", prefix=prefix)


def count_all(path):
    return Request("getAllChildrenNumber", path=path)


def who_am_i():
    return Request("whoAmI")


def close_session():
    return Request("closeSession")


def unknown_opcode(code, record=b""):
    return Request("ping").with_opcode(code).with_record(record).with_xid(77)._with(op="unknown", err=-6)


class Pipeline(Step):
    """Several requests of one connection in one segment, then all replies."""

    def __init__(self, requests):
        self.requests = requests

    def describe(self, run):
        return "pipeline[" + "; ".join(request.describe(run) for request in self.requests) + "]"

    def perform(self, run):
        connection = run.connection(self.connection)
        connection.send(b"".join(request.encode(run, connection) for request in self.requests))
        messages = received_until(run, self.connection, lambda m: not connection.pending)
        if messages[-1].kind == "silence":
            raise Stuck(messages)
        if any(request.op == "closeSession" for request in self.requests) and messages[-1].kind == "reply":
            messages += received_until(run, self.connection, lambda m: False)
        return messages

    def problems(self, run, messages):
        problems = super().problems(run, messages)
        replies = [m.fields for m in messages if m.kind == "reply"]
        answered = [request for request in self.requests if not request.is_unanswered]
        if len(replies) != len(answered):
            return problems + [f"{len(replies)} replies instead of {len(answered)}"]
        for request, reply in zip(answered, replies):
            problems += request.problems_of_reply(run, reply)
        return problems


def pipeline(*requests):
    return Pipeline(requests)


# --- connections ---------------------------------------------------------------------------------------------------


class Connect(Step):
    """A TCP connection and its handshake. `of` resumes the session that another connection was given."""

    def __init__(self, timeout_ms=10000, of=None, wrong_password=False, trailing=b"", behind=(), **fields):
        self.timeout_ms, self.of, self.wrong_password = timeout_ms, of, wrong_password
        self.trailing, self.behind, self.fields = trailing, behind, fields
        self.outcome, self.expected_timeout_ms = "established", None

    def negotiates(self, timeout_ms):
        return self._with(expected_timeout_ms=timeout_ms)

    def is_refused(self):
        return self._with(outcome="refused")

    def is_closed_silently(self):
        return self._with(outcome="closed")

    def describe(self, run):
        what = f"resume the session of {self.of}" if self.of else "connect"
        fields = dict(self.fields, timeout_ms=self.timeout_ms)
        if self.wrong_password:
            fields["password"] = "wrong"
        behind = "".join(f"; {request.describe(run)}" for request in self.behind)
        return f"{what}({', '.join(f'{k}={run.show_field(v)}' for k, v in fields.items())}){behind}"

    def perform(self, run):
        connection = run.open(self.connection)
        fields = {key: run.resolve(value) for key, value in self.fields.items()}
        if self.of:
            fields.setdefault("session_id", run.connections[self.of].session_id)
            fields.setdefault("password", run.connections[self.of].password)
        if self.wrong_password:
            fields["password"] = b"wrong password!!"
        connection.awaits_handshake = True
        handshake = wire.frame(wire.connect_request(self.timeout_ms, **fields) + self.trailing)
        connection.send(handshake + b"".join(request.encode(run, connection) for request in self.behind))
        messages = received_until(run, self.connection, lambda m: m.kind == "connected")
        last = messages[-1]
        if last.kind == "silence":
            raise Stuck(messages)
        if last.kind == "connected" and last.fields["sessionId"] == 0:
            messages += received_until(run, self.connection, lambda m: False)
        elif last.kind == "connected" and self.behind:
            messages += received_until(run, self.connection, lambda m: not connection.pending)
        return messages

    def problems(self, run, messages):
        problems = super().problems(run, messages)
        answer = next((m.fields for m in messages if m.kind == "connected"), None)
        outcome = "closed" if answer is None else "refused" if answer["sessionId"] == 0 else "established"
        if outcome != self.outcome:
            return problems + [f"{outcome} instead of {self.outcome}"]
        if outcome == "refused" and messages[-1].kind != "closed":
            problems.append("not closed after the refusal")
        if self.expected_timeout_ms is not None and answer["timeOut"] != self.expected_timeout_ms:
            problems.append(f"negotiated {answer['timeOut']} instead of {self.expected_timeout_ms}")
        replies = [m.fields for m in messages if m.kind == "reply"]
        answered = [request for request in self.behind if not request.is_unanswered]
        if outcome == "established" and len(replies) != len(answered):
            return problems + [f"{len(replies)} replies to {len(answered)} requests behind the handshake"]
        for request, reply in zip(answered, replies):
            problems += request.problems_of_reply(run, reply)
        return problems


def connect(timeout_ms=10000, **fields):
    return Connect(timeout_ms, **fields)


def resume(of, timeout_ms=10000, **fields):
    return Connect(timeout_ms, of=of, **fields)


class Action(Step):
    """A step given by a function of the run and the connection's name that returns the messages it saw."""

    def __init__(self, what, action, check=None):
        self.what, self.action, self.check = what, action, check

    def describe(self, run):
        return self.what

    def perform(self, run):
        return self.action(run, self.connection)

    def problems(self, run, messages):
        return super().problems(run, messages) + (self.check(messages) if self.check else [])


def _must_close(messages):
    return [] if messages and messages[-1].kind == "closed" else ["the connection was not closed"]


def _must_be_quiet(messages):
    return [] if [m.kind for m in messages] == ["silence"] else ["something was sent"]


def open_socket():
    """A bare TCP connection without a handshake."""
    return Action("open a socket", lambda run, name: run.open(name) and [])


def send(data, *chunks):
    """Raw bytes, each chunk in a segment of its own."""

    def action(run, name):
        for chunk in (data,) + chunks:
            run.connection(name).send(run.resolve(chunk))
        return []

    return Action(
        f"send {len(data)}+{sum(len(c) for c in chunks)} bytes {data[:40].hex()}"
        if isinstance(data, bytes)
        else "send bytes",
        action,
    )


def expects_handshake_reply():
    """The bytes sent so far were a ConnectRequest."""

    def action(run, name):
        run.connection(name).awaits_handshake = True
        return received_until(run, name, lambda m: m.kind == "connected")

    return Action(
        "read the handshake reply",
        action,
        lambda messages: [] if messages[-1].kind == "connected" else ["no handshake reply"],
    )


def closes():
    """The server closes; whatever it sends before is compared."""
    return Action("wait for the close", lambda run, name: received_until(run, name, lambda m: False), _must_close)


def stays_silent():
    return Action("wait for nothing", lambda run, name: [run.receive(name, SILENCE_S)], _must_be_quiet)


def drop():
    """Closes the TCP connection without closing the session."""

    def action(run, name):
        run.connection(name).close()
        return []

    return Action("drop the connection", action)


def half_close():
    def action(run, name):
        run.connection(name).half_close()
        return []

    return Action("shut down the write side", action)


def events(*expected):
    """All events that have been sent: a ping fetches them, since its reply comes after them."""
    return ping().sees(*expected)


def await_events(*expected):
    """Waits until as many events have come, for those that time brings."""

    def action(run, name):
        messages = []
        while len(messages) < len(expected) and (not messages or messages[-1].kind == "event"):
            messages.append(run.receive(name))
        return messages

    return Action(f"wait for {len(expected)} events", action).sees(*expected)


def remember(mark):
    """Keeps the zxid of the last reply on the connection, for `zxid_of(mark)`."""

    def action(run, name):
        run.marks[mark] = run.last_zxids.get(name, 0)
        return []

    return Action(f"remember the zxid as {mark}", action)


def zxid_of(mark, offset=0):
    return lambda run: run.marks[mark] + offset


def session_of(name):
    """The session id of a connection, as a value to expect or to send."""
    return lambda run: run.connections[name].session_id


class Word(Step):
    """A four-letter word on a connection of its own; `shape` maps the text to what must be equal."""

    connection = "probe"

    def __init__(self, word, shape=lambda text: text, behind=b"", halves=False, half_close=False, expected=None):
        self.word, self.shape, self.behind, self.expected = word, shape, behind, expected
        self.halves, self.half_close = halves, half_close

    def describe(self, run):
        return f"4lw {self.word}"

    def perform(self, run):
        probe = wire.Connection(run.address)
        data = self.word.encode() + self.behind
        if self.halves:
            probe.send(data[:2])
            probe.receive(timeout_s=0.05)
            data = data[2:]
        probe.send(data)
        if self.half_close:
            probe.half_close()
        text = probe.receive_text()
        probe.close()
        if text is None:
            return [Message("silence", {})]
        text = text.decode("utf-8", "backslashreplace").replace(run.root, "~")
        for session_id, name in run.session_names.items():
            text = text.replace(f"0x{session_id:x}", f"<session {name}>")
        shape = self.shape(text)
        parts = shape.items() if isinstance(shape, dict) else enumerate(shape) if isinstance(shape, list) else ()
        messages = [Message("text", {str(name): part}) for name, part in parts] or [Message("text", {"shape": shape})]
        return messages + [Message("closed", {})]

    def problems(self, run, messages):
        text = messages[0].fields.get("shape")
        if self.expected is not None and text != self.expected:
            return [f"{text!r} instead of {self.expected!r}"]
        return [] if messages[-1].kind == "closed" else ["not closed"]


def word(text, shape=lambda text: text, **options):
    return Word(text, shape, **options)
