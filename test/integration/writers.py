"""Writers that know exactly what a server must hold after a crash.

Each writer has a session and a subtree of its own and pipelines requests whose outcome it can foretell, because
nobody else writes there. A server applies the requests of a connection in order, so whatever it lost in a crash, what
it holds is the result of a prefix of the requests, and that prefix reaches at least to the last one acknowledged.
"""

import collections
import reprlib
import threading

from harness import Session
from wire import OPEN_ACL

PIPELINE_DEPTH = 24
EPHEMERAL, SEQUENTIAL = 1, 2

short = reprlib.Repr()

Znode = collections.namedtuple("Znode", "data version owner zxid")
"""What a writer believes about a node; zxid is that of its last change, None while that is not known."""


class Request:
    """One request: what is sent, what the server must answer, and what it changes."""

    def __init__(self, op, fields, changes, expected):
        self.op, self.fields, self.changes, self.expected = op, fields, changes, expected
        self.zxid = None            # known once it is acknowledged
        self.sequence_after = 0     # of the next sequential node, if this one is applied

    def apply(self, nodes):
        for path, change in self.changes:
            if change is None:
                del nodes[path]
            else:
                nodes[path] = change._replace(zxid=self.zxid)


class Writer:
    """Owned by the test's main thread, except that `run` is the body of a thread of its own."""

    def __init__(self, number, random, payload_size_max):
        self.root = f"/writer-{number}"
        self.random, self.payload_size_max = random, payload_size_max
        self.nodes = {}             # after the requests that were verified to be in the server
        self.requests = []          # since then, in the order in which they were sent
        self.acknowledged = 0       # how many of them
        self.zxid_max = 0           # in any reply
        self.sequence = 0           # of the next sequential node
        self.name_count = 0
        self.session = None
        self.failure = None
        self.progress = threading.Condition()
        self.stopping = False

    # -- before and after each life of the server, on the main thread

    def found(self, server):
        """The first life: opens the session and makes the subtree."""
        self.session = Session(server)
        for path in (self.root, self.root + "/sequential", self.root + "/marker"):
            answer = self.session.must("create", path=path, data=b"")
            self.nodes[path] = Znode(b"", 0, 0, answer["zxid"])
        self.zxid_max = answer["zxid"]
        self.begin_life()

    def resume(self, server, zxid_floor):
        """A later life: the session is still there, and so is every acknowledged write."""
        self.session = Session(server, resume=self.session)
        first = self.session.must("exists", path=self.root)
        if first["zxid"] <= zxid_floor:
            raise AssertionError(f"zxid went back: 0x{first['zxid']:x} after 0x{zxid_floor:x}")
        self.zxid_max = first["zxid"]
        self.verify(self.read_back())
        self.begin_life()

    def begin_life(self):
        self.requests, self.acknowledged, self.failure, self.stopping = [], 0, None, False
        self.planned = dict(self.nodes)     # as if all that is sent were applied
        self.sequence_at_begin = self.sequence

    def read_back(self):
        """Everything below the root, as the server tells it."""
        paths = [self.root]
        for parent in (self.root, self.root + "/sequential"):
            paths += [f"{parent}/{name}" for name in self.session.must("getChildren", path=parent)["children"]]
        found = {}
        for index in range(0, len(paths), PIPELINE_DEPTH):
            part = paths[index:index + PIPELINE_DEPTH]
            for path in part:
                self.session.start("getData", path=path)
            for path in part:
                answer = self.session.reply()
                if answer["err"] != 0:
                    raise AssertionError(f"{path} is listed but cannot be read: {answer}")
                stat = answer["stat"]
                found[path] = Znode(answer["data"], stat["version"], stat["ephemeralOwner"], stat["mzxid"])
        return found

    def verify(self, found):
        """Finds the prefix of the requests whose result `found` is."""
        nodes = dict(self.nodes)
        for request in self.requests[:self.acknowledged]:
            request.apply(nodes)
        problem = first_difference(nodes, found)
        applied = self.acknowledged
        while first_difference(nodes, found) and applied < len(self.requests):
            self.requests[applied].apply(nodes)
            applied += 1
        if first_difference(nodes, found):
            raise AssertionError(
                f"{self.root}: no prefix of {len(self.requests)} requests ({self.acknowledged} acknowledged) gives what "
                f"the server holds; after the acknowledged ones, {problem}")
        self.nodes = found
        self.sequence = self.requests[applied - 1].sequence_after if applied else self.sequence_at_begin

    # -- load, on the writer's thread

    def run(self):
        try:
            waiting = collections.deque()
            while self.keep_pipeline_full(waiting):
                message = self.session.receive()
                if message.kind == "closed":
                    return
                if message.kind != "reply":
                    raise AssertionError(f"{self.root}: {message}")
                self.on_reply(waiting.popleft(), message.fields)
        except Exception as problem:    # shown by the main thread
            self.failure = problem
        finally:
            with self.progress:
                self.progress.notify_all()

    def keep_pipeline_full(self, waiting):
        """False once nothing more is wanted and nothing is owed."""
        if self.session.is_closed:
            return False
        frames = b""
        while len(waiting) < PIPELINE_DEPTH and not self.stopping:
            request = self.next_request()
            request.sequence_after = self.sequence
            request.apply(self.planned)
            self.requests.append(request)
            waiting.append(request)
            frames += self.session.encode(request.op, **request.fields)
        self.session.send(frames)
        return bool(waiting)

    def on_reply(self, request, reply):
        if reply["zxid"] <= self.zxid_max:
            raise AssertionError(f"{self.root}: {request.op} was answered with an old zxid: {reply}, after "
                                 f"0x{self.zxid_max:x}")
        outcome = {key: reply.get(key) for key in request.expected}
        if outcome != request.expected:
            raise AssertionError(f"{self.root}: {request.op} {short.repr(request.fields)}: {reply} instead of "
                                 f"{request.expected}")
        request.zxid = self.zxid_max = reply["zxid"]
        with self.progress:
            self.acknowledged += 1
            self.progress.notify_all()

    # -- what is written

    def next_request(self):
        plans = ((self.create, 35), (self.change, 25), (self.remove, 8), (self.create_sequential, 10),
                 (self.create_ephemeral, 4), (self.multi, 12), (self.failed_multi, 3), (self.failed_create, 3))
        plan, = self.random.choices([plan for plan, _ in plans], [weight for _, weight in plans])
        return plan()

    def payload(self):
        size = self.random.randrange(self.payload_size_max)
        self.name_count += 1
        return f"{self.root}:{self.name_count}:".encode().ljust(size, b"x")

    def new_path(self):
        self.name_count += 1
        return f"{self.root}/node-{self.name_count}"

    def any_node(self):
        """One that was created by a plan, or the marker when there are few."""
        candidates = [path for path in self.planned if "/node-" in path or "/sequential/" in path]
        return self.random.choice(candidates) if len(candidates) > 10 else self.root + "/marker"

    def create(self, flags=0):
        path, data = self.new_path(), self.payload()
        owner = self.session.session_id if flags == EPHEMERAL else 0
        return Request("create", {"path": path, "data": data, "flags": flags}, [(path, Znode(data, 0, owner, None))],
                       {"err": 0, "path": path})

    def create_ephemeral(self):
        return self.create(EPHEMERAL)

    def create_sequential(self):
        data = self.payload()
        prefix = f"{self.root}/sequential/s-"
        path = f"{prefix}{self.sequence:010}"
        self.sequence += 1
        return Request("create", {"path": prefix, "data": data, "flags": SEQUENTIAL},
                       [(path, Znode(data, 0, 0, None))], {"err": 0, "path": path})

    def changed(self, path):
        before, data = self.planned[path], self.payload()
        return data, before._replace(data=data, version=before.version + 1)

    def change(self):
        path = self.any_node()
        data, after = self.changed(path)
        return Request("setData", {"path": path, "data": data, "version": after.version - 1}, [(path, after)], {"err": 0})

    def remove(self):
        path = self.any_node()
        if path.endswith("/marker"):
            return self.change()
        return Request("delete", {"path": path, "version": self.planned[path].version}, [(path, None)], {"err": 0})

    def multi(self):
        """Two creates that belong together, and the marker that names them."""
        paths, data, marker = [self.new_path(), self.new_path()], self.payload(), self.root + "/marker"
        marker_data, marker_after = self.changed(marker)
        operations = [("create", {"path": path, "data": data}) for path in paths]
        operations.append(("setData", {"path": marker, "data": marker_data, "version": marker_after.version - 1}))
        changes = [(path, Znode(data, 0, 0, None)) for path in paths] + [(marker, marker_after)]
        return Request("multi", {"ops": operations}, changes, {"err": 0, "terminator": [-1, 1, -1]})

    def failed_multi(self):
        """Nothing of it may ever be seen."""
        operations = [("create", {"path": self.new_path(), "data": self.payload()}),
                      ("create", {"path": f"{self.root}/sequential/s-", "flags": SEQUENTIAL}),
                      ("check", {"path": self.root + "/marker", "version": 10 ** 9})]
        results = [{"type": -1, "err": code, "code": code} for code in (0, 0, -103)]
        return Request("multi", {"ops": operations}, [], {"err": 0, "results": results})

    def failed_create(self):
        return Request("create", {"path": self.root, "acl": OPEN_ACL}, [], {"err": -110})


def first_difference(expected, found):
    """A sentence about the first path that differs; None if all is as expected."""
    for path in expected:
        if path not in found:
            return f"{path} is missing"
    for path, znode in found.items():
        if path not in expected:
            return f"{path} is there although it should not be"
        wanted = expected[path]
        if (wanted.data, wanted.version, wanted.owner) != (znode.data, znode.version, znode.owner):
            return f"{path} has version {znode.version} and {len(znode.data)} bytes instead of version " \
                   f"{wanted.version} and {len(wanted.data)} bytes"
        if wanted.zxid is not None and wanted.zxid != znode.zxid:
            return f"{path} was changed by zxid 0x{znode.zxid:x} instead of 0x{wanted.zxid:x}"
    return None


def run_until(writers, acknowledged, stop):
    """Lets all writers write until that many requests are acknowledged and `stop` has returned; what that returned."""
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        await_acknowledged(writers, acknowledged)
        outcome = stop()
    finally:
        for writer in writers:
            writer.stopping = True
        for thread in threads:
            thread.join()
    for writer in writers:
        if writer.failure:
            raise writer.failure
    return outcome


def await_acknowledged(writers, count):
    for writer in writers:
        share = count // len(writers)
        with writer.progress:
            is_there = writer.progress.wait_for(lambda: writer.acknowledged >= share or writer.failure, 60)
        if not is_there or writer.failure:
            raise writer.failure or AssertionError(f"{writer.root} is stuck at {writer.acknowledged} of {share}")
