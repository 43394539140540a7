"""Runs one case against one server and keeps what was seen."""

import collections
import time

import wire
from scenario import Connect, Stuck, SUPER_SECRET
from wire import Connection, Message

StepRecord = collections.namedtuple("StepRecord", "label difference in_any_order messages problems")

CLOSING_TIMEOUT_S = 5.0


class Run:
    """The state of one case on one server: its connections, sessions and remembered zxids."""

    def __init__(self, server_name, address, root, timeout_s=10.0):
        self.server_name, self.address, self.root, self.timeout_s = server_name, address, root, timeout_s
        self.connections = {}
        self.marks = {}
        self.session_names = {}  # session id -> name of the connection that opened it
        self.open_sessions = {}  # session id -> password, to be closed at the end
        self.last_zxids = {}  # connection -> zxid of its last reply
        self.last_event_zxids = {}
        self.records = []
        self.started_at_ms = time.time() * 1000
        self.first_zxid = 0  # the transaction that made the root; older ones belong to other cases
        self.is_stuck = False

    # -- used by steps

    def resolve(self, value):
        """A field as it goes on the wire: functions called, `~` replaced by the root, ops of a multi encoded."""
        if callable(value):
            return self.resolve(value(self))
        if isinstance(value, str) and value.startswith("~"):
            return self.root + value[1:]
        if isinstance(value, (list, tuple)):
            if value and hasattr(value[0], "op"):
                return [(op.op, {key: self.resolve(field) for key, field in op.fields.items()}) for op in value]
            return [self.resolve(element) for element in value]
        return value

    def show(self, value):
        if isinstance(value, (bytes, str)) and len(value) > 80:
            return f"{value[:40]!r}...({len(value)} long)"
        return f"{value!r}".replace(self.root, "~")

    def show_field(self, field):
        """A field of a request for a label, which must be the same for both servers: zxids are not shown."""
        value = self.resolve(field)
        return "<zxid>" if callable(field) and isinstance(value, int) else self.show(value)

    def open(self, name):
        self.connections[name] = Connection(self.address, self.timeout_s)
        self.last_event_zxids.pop(name, None)
        self.last_zxids.pop(name, None)
        return self.connections[name]

    def connection(self, name):
        if name not in self.connections:
            self.perform(Connect().by(name))
        return self.connections[name]

    def receive(self, name, timeout_s=None):
        """The next message of a connection, with the zxid of an event checked against the replies around it."""
        connection = self.connections[name]
        message = connection.receive(timeout_s)
        if message.kind == "connected":
            self._note_session(name, connection, message)
        elif message.kind == "reply":
            zxid = message.fields["zxid"]
            if 0 < zxid < self.last_event_zxids.get(name, 0):
                message.fields["order"] = "reply is older than an event before it"
            if zxid > 0:
                self.last_zxids[name] = int(zxid)
        elif message.kind == "event":
            self._note_event(name, message)
        return message

    def forget_session(self, session_id):
        self.open_sessions.pop(session_id, None)

    def _note_session(self, name, connection, message):
        if connection.session_id:
            self.session_names.setdefault(connection.session_id, name)
            known = self.open_sessions.setdefault(connection.session_id, connection.password)
            if known != connection.password:
                message.fields["passwd"] = b"another one than before"

    def _note_event(self, name, message):
        zxid = message.fields["zxid"]
        if zxid == -1:
            message.fields["zxid"] = "none"
        elif zxid > self.last_zxids.get(name, 0) and zxid >= self.last_event_zxids.get(name, 0):
            self.last_event_zxids[name] = int(zxid)
            message.fields["zxid"] = "of its transaction"
        else:
            message.fields["zxid"] = f"{zxid:#x}, which an earlier reply had reached"

    # -- the case

    def perform(self, step):
        if step.only_on and step.only_on != self.server_name:
            messages, problems = [], []
        else:
            messages = step.perform(self)
            problems = step.problems(self, messages) if step.is_judged and step.difference is None else []
        label = step.label(self)
        self.records.append(StepRecord(label, step.difference, step.in_any_order, messages, problems))

    def execute(self, steps):
        for step in steps:
            try:
                self.perform(step)
            except Stuck as stuck:
                self.records.append(
                    StepRecord(
                        step.label(self),
                        step.difference,
                        step.in_any_order,
                        stuck.args[0],
                        ["the server did not answer"],
                    )
                )
                self.is_stuck = True
                break

    # -- before and after the case, unrecorded

    def _keeper(self, session_id=0, password=wire.NO_PASSWORD):
        """A connection with all rights, also where an authentication scheme is enforced."""
        keeper = Connection(self.address, self.timeout_s)
        keeper.send_handshake(timeout_ms=30000, session_id=session_id, password=password)
        keeper.receive()
        keeper.send(keeper.encode("auth", scheme="digest", auth=SUPER_SECRET))
        keeper.receive()
        return keeper

    @staticmethod
    def _call(keeper, op, **fields):
        keeper.send(keeper.encode(op, **fields))
        return keeper.receive().fields

    @staticmethod
    def _close_session(connection):
        connection.send(connection.encode("closeSession"))
        while connection.receive(CLOSING_TIMEOUT_S).kind not in ("closed", "silence"):
            pass
        connection.close()

    def prepare(self):
        keeper = self._keeper()
        self.first_zxid = int(self._call(keeper, "create", path=self.root).get("zxid", 0))
        self._close_session(keeper)

    def clean_up(self):
        """Closes every session that the case left behind and removes its nodes."""
        for connection in self.connections.values():
            connection.close()
        for session_id, password in self.open_sessions.items():
            self._close_session(self._keeper(session_id, password))
        keeper = self._keeper()
        self._delete_tree(keeper, self.root)
        self._delete_tree(keeper, "/zookeeper/quota" + self.root)
        self._close_session(keeper)

    def _delete_tree(self, keeper, path):
        for child in self._call(keeper, "getChildren", path=path).get("children") or []:
            self._delete_tree(keeper, f"{path}/{child}")
        self._call(keeper, "delete", path=path)


def run_case(case, server_name, address, root, timeout_s):
    """Runs a case from preparation to cleaning up; what went wrong on our side is a message as well."""
    run = Run(server_name, address, root, timeout_s)
    try:
        if not case.rootless:
            run.prepare()
        run.execute(case.steps)
        run.clean_up()
    except Exception as error:  # a harness that dies would hide which case and server it was
        run.records.append(
            StepRecord(
                f"harness: {type(error).__name__}",
                None,
                False,
                [Message("error", {"what": repr(error)})],
                [repr(error)],
            )
        )
    return run
