#!/usr/bin/python3
"""Recipes while servers are killed, connections are cut and programs are stopped:
chaos_test.py SERVER CONTENDER [unittest arguments]

SERVER is the path of conclaved, of which three are an ensemble, or the word `zookeeper` for Debian's, alone. CONTENDER
is recipes-contender; what its processes have written down is judged in the end. CONCLAVE_TEST_SEED repeats a run,
CONCLAVE_CHAOS_ROUNDS makes it longer (scripts/chaos.sh --recipes).
"""

import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import harness  # noqa: E402
from contenders import Contender, items_out_of_place, lines_of, overlaps, words_after  # noqa: E402
from ensembles import Ensemble  # noqa: E402
from harness import LOOPBACK, Session, await_that  # noqa: E402
from passage import Passage  # noqa: E402
from servers import ZooKeeper, is_zookeeper_installed  # noqa: E402

SERVER, CONTENDER = None, None
SKIPPED = 77
ROUNDS = int(os.environ.get("CONCLAVE_CHAOS_ROUNDS", "3"))
END_TIMEOUT_S = 60
TICK_MS = 200
LEASES = 2  # as in turns.cpp


class Chaos(harness.TestCase):
    """Subclasses say who contends, and judge what it has come to."""

    kinds = ()

    def setUp(self):
        super().setUp()
        if SERVER == "zookeeper" and self._testMethodName == "test_servers_are_killed":
            self.skipTest("there is one server")
        self.seed = harness.seed()
        self.random = random.Random(self.seed)
        self.nodes = self.start_servers()
        self.passages = [Passage(node.port) for node in self.nodes]
        for passage in self.passages:
            self.addCleanup(passage.close)
        self.session().must("create", path="/log", data=b"0")
        addresses = ",".join(f"{LOOPBACK}:{passage.port}" for passage in self.passages)
        self.contenders = [self.start_contender(addresses, kind, number) for number, kind in enumerate(self.kinds)]
        self.await_lines(10)

    def start_servers(self):
        if SERVER != "zookeeper":
            return Ensemble(self, {"tickTime": TICK_MS}).start().nodes
        server = ZooKeeper(self.scratch, {"tickTime": TICK_MS})
        self.addCleanup(server.kill)
        return [server.start()]

    def start_contender(self, addresses, kind, number):
        descriptor, output = tempfile.mkstemp(prefix=f"{kind}-", dir=self.scratch)
        os.close(descriptor)
        seed = str(self.seed * 100 + number)
        made = Contender([CONTENDER, addresses, kind, "/recipe", "/log", f"{kind}-{number}", seed], output)
        self.addCleanup(made.kill)
        return made

    def session(self):
        """With whoever serves."""
        def opened():
            for node in self.nodes:
                if node.is_running() and Ensemble.mode(node):
                    try:
                        return Session(node)
                    except AssertionError:
                        continue
            return None
        session = await_that(opened, "a session is opened")
        self.addCleanup(session.close)
        return session

    def line_count(self, contenders):
        return len(lines_of(contenders))

    def await_lines(self, more, contenders=None):
        contenders = contenders or [each for each in self.contenders if not each.is_stopped]
        wanted = self.line_count(contenders) + more
        await_that(lambda: self.line_count(contenders) >= wanted, f"{more} further lines of {len(contenders)}",
                   END_TIMEOUT_S)

    # -- what happens to them

    def cut_connections(self):
        for passage in self.passages:
            passage.cut()
        self.await_lines(5)

    def kill_a_server(self):
        victim = self.random.choice(self.nodes)
        victim.kill()
        self.await_lines(10)
        victim.start()

    def stop_contenders(self, count):
        """Until others have done much, so that whoever was stopped as an owner has lost what it owned."""
        stopped = self.random.sample(self.contenders, count)
        for each in stopped:
            each.stop()
        self.await_expiry()
        self.await_lines(10)
        for each in stopped:
            each.go_on()

    def await_expiry(self):
        """Until every session that is silent from now on has expired: one that is opened now, and then silent too."""
        path = f"/silent-{self.random.random()}"
        silent = self.session_of_contenders()
        silent.must("create", path=path, data=b"", flags=1)
        observer = self.session()

        def is_gone():
            observer.must("sync", path="/log")
            return observer.call("exists", path=path)["err"] != 0
        await_that(is_gone, "a silent session expires")

    def session_of_contenders(self):
        """With their timeout."""
        def opened():
            node = next((each for each in self.nodes if each.is_running() and Ensemble.mode(each)), None)
            return Session(node, timeout_ms=2000) if node else None
        return await_that(opened, "a session is opened")

    def stop_all_for_longer_than_a_session(self):
        for each in self.contenders:
            each.stop()
        self.await_expiry()
        for each in self.contenders:
            each.go_on()

    # -- what has to be so

    def finish(self):
        for each in self.contenders:
            self.assertEqual(each.end(END_TIMEOUT_S), 0)
        self.judge(lines_of(self.contenders))

    def judge(self, lines):
        raise NotImplementedError

    def check_is_empty(self, path):
        session = self.session()

        def is_empty():
            session.must("sync", path="/log")
            answer = session.call("getChildren", path=path)
            return answer["err"] != 0 or not answer["children"]  # an empty container goes in the end
        await_that(is_empty, f"no node of a contender is left at {path}")

    def check_turns(self):
        """That whoever has written was the only owner: by what it has written, in the order of the servers."""
        session = self.session()
        session.must("sync", path="/log")
        names = sorted(session.must("getChildren", path="/log")["children"])
        token, value = 0, 0
        for name in names:
            data = session.must("getData", path=f"/log/{name}")["data"].decode()
            held, before, after = (int(number) for number in data.split())
            self.assertGreater(held, token, f"{name}: a later owner has a larger token")
            self.assertEqual((before, after), (value, value + 1), f"{name}: nobody has written in between")
            token, value = held, after
        self.assertEqual(int(session.must("getData", path="/log")["data"]), value)


class Scenes:
    """What is done to every kind of contender."""

    def test_connections_are_cut(self):
        for _ in range(2 * ROUNDS):
            self.cut_connections()
        self.finish()

    def test_contenders_are_stopped(self):
        for _ in range(max(1, ROUNDS // 2)):
            self.stop_contenders(self.random.randrange(1, len(self.contenders)))
        self.stop_all_for_longer_than_a_session()
        self.await_lines(10)
        self.finish()

    def test_servers_are_killed(self):
        for _ in range(ROUNDS):
            self.kill_a_server()
            self.cut_connections()
        self.finish()


class LockUnderChaos(Scenes, Chaos):
    kinds = ("lock",) * 4

    def judge(self, lines):
        self.assertEqual(overlaps(lines, 1), [])
        self.check_is_empty("/recipe")
        self.check_turns()


class ElectionUnderChaos(LockUnderChaos):
    kinds = ("election",) * 4


class SemaphoreUnderChaos(Scenes, Chaos):
    kinds = ("semaphore",) * 5

    def judge(self, lines):
        self.assertEqual(overlaps(lines, LEASES), [])
        self.check_is_empty("/recipe/leases")
        self.check_is_empty("/recipe/locks")


class ReadWriteLockUnderChaos(Scenes, Chaos):
    kinds = ("read-write",) * 5

    def judge(self, lines):
        self.assertEqual(overlaps(lines, len(self.kinds)), [])
        self.assertEqual([line for line in lines if line[0] == "torn"], [])
        self.check_is_empty("/recipe")
        self.check_turns()


class QueueUnderChaos(Scenes, Chaos):
    kinds = ("producer",) * 2 + ("consumer",) * 3

    def stop_contenders(self, count):
        """One of each kind at least goes on."""
        super().stop_contenders(1)

    def finish(self):
        for each in self.contenders[:2]:
            self.assertEqual(each.end(END_TIMEOUT_S), 0)
        self.check_is_empty("/recipe/entries")  # by those who consume
        super().finish()

    def judge(self, lines):
        self.assertEqual(items_out_of_place(lines), {"done twice": [], "lost": [], "made up": []})
        self.check_is_empty("/recipe/taken")


class CounterUnderChaos(Scenes, Chaos):
    kinds = ("counter",) * 4

    def judge(self, lines):
        results = [int(result) for result in words_after("added", lines)]
        uncertain = sum(line[0] == "maybe-added" for line in lines)
        self.assertEqual(len(results), len(set(results)), "no two steps have come to the same")
        session = self.session()
        session.must("sync", path="/recipe")
        value = int(session.must("getData", path="/recipe")["data"])
        self.assertGreaterEqual(value, len(results))
        self.assertLessEqual(value, len(results) + uncertain)


if __name__ == "__main__":
    SERVER, CONTENDER = sys.argv[1], os.path.abspath(sys.argv.pop(2))
    if SERVER == "zookeeper" and not is_zookeeper_installed():
        print("the real ZooKeeper is not installed")
        sys.exit(SKIPPED)
    harness.main()
