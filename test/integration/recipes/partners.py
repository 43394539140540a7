"""Programs of several libraries that meet at the same recipes, each with the same verbs.

A partner begins what it is told (`begin`), and does all of it at the same time; `call` waits for the answer. What it
has acquired is called by the id of the request that has acquired it: `call("release", request.id)`.
"""

import itertools
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "interop"))
from curator_test import class_path  # noqa: E402

try:
    from kazoo.client import KazooClient
    from kazoo.exceptions import KazooException
except ImportError:
    KazooClient = None

ANSWER_TIMEOUT_S = 60
CURATOR_SOURCE = str(Path(__file__).resolve().parent / "curator" / "Partner.java")


class Request:
    """Something that a partner was told."""

    def __init__(self, id, what, future):
        self.id = id
        self.what = what
        self.future = future

    def done(self):
        return self.future.done()

    def result(self):
        try:
            return self.future.result(ANSWER_TIMEOUT_S)
        except Exception as error:
            raise AssertionError(f"{self.what}: {error!r}") from error


class Partner:
    name = ""
    ids = itertools.count()

    def begin(self, verb, *arguments):
        id = f"r{next(self.ids)}"
        future = Future()
        self.start(id, verb, arguments, future)
        return Request(id, f"{self.name}: {verb} {arguments}", future)

    def call(self, verb, *arguments):
        return self.begin(verb, *arguments).result()

    def start(self, id, verb, arguments, future):
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


class ProgramPartner(Partner):
    """A process that takes `ID VERB ARGUMENT...` and answers `ID ok TEXT` or `ID failed MESSAGE`."""

    def __init__(self, command):
        self.pending = {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def start(self, id, verb, arguments, future):
        self.pending[id] = future
        self.process.stdin.write(" ".join([id, verb, *arguments]) + "\n")
        self.process.stdin.flush()

    def read(self):
        for line in self.process.stdout:
            id, outcome, text = (line.rstrip("\n") + " ").split(" ", 2)
            future = self.pending.pop(id, None)
            if future and outcome == "ok":
                future.set_result(text.rstrip())
            elif future:
                future.set_exception(RuntimeError(text))
        for future in list(self.pending.values()):
            future.set_exception(RuntimeError("the program has ended"))

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(ANSWER_TIMEOUT_S)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()


class OurPartner(ProgramPartner):
    name = "ours"

    def __init__(self, program, servers, layout):
        super().__init__([program, servers, layout])


class CuratorPartner(ProgramPartner):
    name = "theirs"

    @classmethod
    def make(cls, servers, scratch):
        """None where Curator is not installed."""
        jars = class_path("x-discovery")
        if jars is None:
            return None
        classes = os.path.join(scratch, "classes")
        compiled = os.path.join(classes, "Partner.class")
        if not os.path.exists(compiled) or os.path.getmtime(compiled) < os.path.getmtime(CURATOR_SOURCE):
            os.makedirs(classes, exist_ok=True)
            subprocess.run(["javac", "-cp", jars, "-d", classes, CURATOR_SOURCE], check=True)
        return cls(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{jars}",
                    "Partner", servers])


class KazooPartner(Partner):
    """In this process, each request on a thread of its own."""

    name = "theirs"

    def __init__(self, servers):
        self.client = KazooClient(hosts=servers)
        self.client.start(timeout=30)
        self.releases = {}
        self.objects = {}

    def start(self, id, verb, arguments, future):
        def perform():
            try:
                answer = getattr(self, verb.replace("-", "_"))(id, *arguments)
                future.set_result("" if answer is None else str(answer))
            except (KazooException, AttributeError, AssertionError) as error:
                future.set_exception(error)
        threading.Thread(target=perform, daemon=True).start()

    def close(self):
        self.client.stop()
        self.client.close()

    def acquire(self, id, what):
        assert what.acquire(timeout=ANSWER_TIMEOUT_S)
        self.releases[id] = what.release

    def lock(self, id, path):
        self.acquire(id, self.client.Lock(path, "theirs"))

    def count(self, id, path, node, times):
        """Under the lock, without a look at the version of the node."""
        lock = self.client.Lock(path, "theirs")
        for _ in range(int(times)):
            with lock:
                value = int(self.client.get(node)[0])
                self.client.set(node, str(value + 1).encode())

    def read(self, id, path):
        self.acquire(id, self.client.ReadLock(path, "theirs"))

    def write(self, id, path):
        self.acquire(id, self.client.WriteLock(path, "theirs"))

    def lease(self, id, path, count):
        self.acquire(id, self.client.Semaphore(path, "theirs", max_leases=int(count)))

    def lead(self, id, path):
        leads, ends = threading.Event(), threading.Event()

        def while_leading():
            leads.set()
            ends.wait()
        election = self.client.Election(path, "theirs")
        thread = threading.Thread(target=election.run, args=(while_leading,), daemon=True)
        thread.start()
        self.releases[id] = lambda: (ends.set(), thread.join())
        assert leads.wait(ANSWER_TIMEOUT_S)

    def release(self, id, which):
        self.releases.pop(which)()

    def put(self, id, path, marks, item):
        self.client.LockingQueue(path).put(item.encode())

    def put_first(self, id, path, marks, item, priority):
        self.client.LockingQueue(path).put(item.encode(), int(priority))

    def take(self, id, path, marks):
        queue = self.client.LockingQueue(path)
        self.objects[id] = queue
        return queue.get(ANSWER_TIMEOUT_S).decode()

    def finish(self, id, which):
        assert self.objects.pop(which).consume()

    def enter(self, id, path, count):
        self.objects[id] = self.client.DoubleBarrier(path, int(count), "theirs")
        self.objects[id].enter()
        assert self.objects[id].participating

    def leave(self, id, which):
        self.objects.pop(which).leave()

    def set_barrier(self, id, path):
        self.client.Barrier(path).create()

    def remove_barrier(self, id, path):
        self.client.Barrier(path).remove()

    def await_barrier(self, id, path):
        assert self.client.Barrier(path).wait(ANSWER_TIMEOUT_S)

    def add(self, id, form, path, difference):
        counter = self.client.Counter(path, support_curator=form == "32")
        counter += int(difference)
        return counter.post_value

    def join(self, id, path, _, identifier):
        party = self.client.Party(path, identifier)
        party.join()
        self.releases[id] = party.leave

    def members(self, id, path):
        return " ".join(self.client.Party(path))
