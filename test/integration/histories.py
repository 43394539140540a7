"""Clients that write down what they asked and what they were answered, for check-history (test/support/history).

They behave as client libraries do: when a connection is lost they look for another server and go on with their session;
what was not answered by then is unknown.
"""

import json
import os
import random
import subprocess
import threading
import time

import harness
import wire

CONNECT_TIMEOUT_S = 10.0
NO_NODE, BAD_VERSION = -101, -103
ERROR_NAMES = {NO_NODE: "no_node", BAD_VERSION: "bad_version", -110: "node_exists"}


class Lost(Exception):
    """The connection is gone, and with it what was not answered."""


class History:
    """What all clients of a test saw."""

    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def add(self, **fields):
        with self.lock:
            self.lines.append(fields)

    def count(self, outcome):
        with self.lock:
            return sum(1 for line in self.lines if line.get("outcome") == outcome)

    def check(self, scratch):
        """Fails if no order of the requests explains the answers."""
        path = os.path.join(scratch, "history.jsonl")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(json.dumps(line) + "\n" for line in self.lines)
        checker = os.path.join(os.path.dirname(harness.PROGRAM), "check-history")
        verdict = subprocess.run([checker, path], capture_output=True, text=True, check=False)
        if verdict.returncode != 0:
            kept = os.path.join(os.environ.get("CONCLAVE_TEST_KEEP", os.path.dirname(scratch)), "conclave-history.jsonl")
            os.replace(path, kept)
            raise AssertionError(f"{kept}: {verdict.stdout[-4000:]}{verdict.stderr}")


class Client:
    """One session, used by one thread: reads and writes on a few nodes that exist, at whatever server is there."""

    def __init__(self, history, nodes, paths, chance, timeout_ms=20000):
        self.history, self.nodes, self.paths, self.timeout_ms = history, nodes, paths, timeout_ms
        self.random = chance
        self.connection = None
        self.session_id, self.password, self.zxid = 0, wire.NO_PASSWORD, 0
        self.acknowledged = 0
        self.connects = 0
        self.expired = 0
        self.failure = None
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.is_stopping.set()
        self.thread.join()
        if self.connection:
            self.connection.close()

    def run(self):
        try:
            while not self.is_stopping.is_set():
                try:
                    if self.connection is None:
                        self.connect(self.random.choice(self.nodes))
                    self.do_something()
                except Lost:
                    self.drop()
        except Exception as failure:    # shown by the main thread
            self.failure = failure

    def drop(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    # -- connections

    def connect(self, node):
        made = wire.Connection(node.address, CONNECT_TIMEOUT_S)
        made.send_handshake(timeout_ms=self.timeout_ms, session_id=self.session_id, password=self.password,
                            last_zxid=self.zxid)
        answer = made.receive()
        if answer.kind != "connected":
            made.close()
            self.is_stopping.wait(0.02)
            raise Lost
        if answer.fields["sessionId"] == 0:
            made.close()
            self.expired += 1
            self.session_id, self.password = 0, wire.NO_PASSWORD
            raise Lost
        self.connection, self.session_id, self.password = made, answer.fields["sessionId"], answer.fields["passwd"]
        self.connects += 1

    def receive(self):
        message = self.connection.receive(CONNECT_TIMEOUT_S)
        if message.kind in ("closed", "silence"):
            raise Lost
        if message.kind != "reply":
            raise AssertionError(f"expected a reply: {message}")
        self.zxid = max(self.zxid, int(message.fields["zxid"]))
        return message.fields

    def call(self, op, **fields):
        try:
            self.connection.send(self.connection.encode(op, **fields))
        except OSError:
            raise Lost from None
        return self.receive()

    # -- what is asked

    def do_something(self):
        path = self.random.choice(self.paths)
        self.random.choices([self.write, self.read, self.synced_read], [45, 15, 40])[0](path)

    def note(self, kind, path, invoked, answer, **more):
        line = {"type": "operation", "session": f"{self.session_id:x}", "kind": kind, "path": path, "invoked": invoked,
                **more}
        if answer is None:
            self.history.add(outcome="unknown", **line)
            return
        line.update(completed=time.monotonic_ns(), zxid=int(answer["zxid"]))
        if answer["err"] == 0:
            self.acknowledged += 1
            self.history.add(outcome="ok", version=answer["stat"]["version"], **line)
        else:
            self.history.add(outcome="failed", error=ERROR_NAMES.get(answer["err"], "other"), **line)

    def write(self, path):
        value = f"{self.session_id:x}-{self.random.getrandbits(48):x}"
        invoked = time.monotonic_ns()
        answer = None
        try:
            answer = self.call("setData", path=path, data=value.encode(), version=-1)
        finally:
            self.note("write", path, invoked, answer, value=value)

    def read(self, path, kind="read"):
        invoked = time.monotonic_ns()
        if kind == "synced_read":
            self.call("sync", path=path)
        answer = self.call("getData", path=path)
        self.note(kind, path, invoked, answer, **({"value": answer["data"].decode()} if answer["err"] == 0 else {}))

    def synced_read(self, path):
        self.read(path, "synced_read")


class Workload:
    """Clients on an ensemble that runs; they go on until `finish`, which judges what they saw."""

    def __init__(self, test, ensemble, seed, clients=4, paths=3, timeout_ms=20000):
        self.test, self.ensemble = test, ensemble
        self.history = History()
        self.paths = [f"/node-{number}" for number in range(paths)]
        with_session = test.session(ensemble.nodes[0])
        for path in self.paths:
            with_session.must("create", path=path, data=b"")
            self.history.add(type="initial", path=path, value="", version=0)
        with_session.close()
        self.clients = [Client(self.history, ensemble.nodes, self.paths, random.Random(f"{seed} {number}"), timeout_ms)
                        for number in range(clients)]
        test.addCleanup(self.stop)
        for client in self.clients:
            client.start()

    def acknowledged(self):
        return sum(client.acknowledged for client in self.clients)

    def await_more(self, count=100):
        """So many further answers."""
        wanted = self.acknowledged() + count
        harness.await_that(lambda: self.acknowledged() >= wanted or self.failures(), f"{count} further answers", 60)
        self.raise_failure()

    def failures(self):
        return [client.failure for client in self.clients if client.failure]

    def raise_failure(self):
        for failure in self.failures():
            raise failure

    def stop(self):
        for client in self.clients:
            client.is_stopping.set()
        for client in self.clients:
            client.stop()

    def finish(self):
        self.stop()
        self.raise_failure()
        for node in self.ensemble.nodes:
            self.read_all(node)
        self.history.check(self.test.scratch)

    def read_all(self, node):
        """What is there in the end belongs to the history."""
        last = Client(self.history, [node], self.paths, random.Random(0))

        def is_read():
            try:
                last.connect(node)
                for path in self.paths:
                    last.synced_read(path)
                return True
            except Lost:
                return False
            finally:
                last.drop()
        harness.await_that(is_read, "the last state is read")
