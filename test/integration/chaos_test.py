#!/usr/bin/python3
"""Three real servers that are killed, paused and restarted under load: chaos_test.py CONCLAVED

What clients see is judged by check-history: nothing acknowledged is lost, nothing read after a sync is old.
"""

import os
import random
import time

import harness
import writers as writing
from ensembles import Ensemble, Writer, names, pause, resume
from harness import await_that, main
from histories import Workload


class UnderLoad(harness.TestCase):
    settings = {}
    is_divisible = False

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, self.settings, is_divisible=self.is_divisible).start()
        self.load = Workload(self, self.ensemble, harness.seed())
        self.load.await_more()

    def expired(self):
        return sum(client.expired for client in self.load.clients)


class KilledAndPaused(UnderLoad):

    def test_leaders_are_killed_one_after_the_other(self):
        for _ in range(3):
            leader = self.ensemble.leader()
            leader.kill()
            self.load.await_more()
            leader.start()
        self.load.finish()
        self.assertEqual(self.expired(), 0)

    def test_followers_are_killed_one_after_the_other(self):
        for follower in self.ensemble.followers():
            follower.kill()
            self.load.await_more()
            follower.start()
            self.load.await_more()
        self.load.finish()
        self.assertEqual(self.expired(), 0)

    def test_all_are_killed_at_once(self):
        for _ in range(2):
            self.ensemble.kill()
            self.ensemble.start()
            self.load.await_more()
        self.load.finish()
        self.assertEqual(self.expired(), 0)

    def test_leaders_are_paused(self):
        for _ in range(2):
            leader = self.ensemble.leader()
            pause(leader)
            self.ensemble.leader(besides=[leader])
            self.load.await_more()
            resume(leader)
            self.load.await_more()
        self.load.finish()
        self.assertEqual(self.expired(), 0)

    def test_a_follower_is_paused_for_longer_than_anybody_waits(self):
        follower = self.ensemble.followers()[0]
        pause(follower)
        self.load.await_more(400)
        resume(follower)
        await_that(lambda: self.ensemble.mode(follower), "it serves again")
        self.load.finish()

    def test_a_rolling_restart_costs_no_session(self):
        """And no error to those who are connected to a server that stays."""
        for node in self.ensemble.nodes:
            staying = [each for each in self.ensemble.nodes if each is not node]
            root = f"/written-{self.ensemble.index(node)}"
            self.session(staying[0]).must("create", path=root, data=b"")
            writers = [Writer(self.session(each), f"{root}/{number}-") for number, each in enumerate(staying)]
            for writer in writers:
                self.addCleanup(writer.stop)
                writer.await_more(10)
            self.assertEqual(node.terminate(), 0)
            for writer in writers:
                writer.await_more(10)
            node.start()
            for writer in writers:
                writer.await_more(10)
                writer.stop()
                self.assertIsNone(writer.failure)
        self.load.finish()
        self.assertEqual(self.expired(), 0)


class ExactlyOnce(harness.TestCase):
    """Pipelines of writes at a server that stays, while others die: each takes effect once, in order, and is answered."""

    def test_writes_in_flight_survive_the_leaders(self):
        ensemble = Ensemble(self).start()
        staying, chance = ensemble.nodes[0], random.Random(harness.seed())
        writers = [writing.Writer(number, random.Random(chance.random()), 2000) for number in range(3)]
        for writer in writers:
            writer.found(staying)

        def lose_servers():
            for _ in range(4):
                leader = ensemble.leader()
                lost = leader if leader is not staying else chance.choice(ensemble.nodes[1:])
                if chance.random() < 0.5:
                    lost.kill()
                else:
                    lost.terminate()
                writing.await_acknowledged(writers, sum(writer.acknowledged for writer in writers) + 300)
                lost.start()
        writing.run_until(writers, 300, lose_servers)
        for writer in writers:
            self.assertEqual(writer.acknowledged, len(writer.requests))
            writer.verify(writer.read_back())


class OldLeader(harness.TestCase):

    def test_what_a_paused_leader_answers_to_a_sync_is_never_old(self):
        ensemble = Ensemble(self).start()
        self.session(ensemble.nodes[0]).must("create", path="/register", data=b"0")
        answered = 0
        for number in range(1, 5):
            leader = ensemble.leader()
            reader = self.session(leader)
            reader.must("sync", path="/register")
            pause(leader)
            reader.start("sync", path="/register")      # waits in its socket for a leader that wakes up
            reader.start("getData", path="/register")
            writer = self.session(ensemble.leader(besides=[leader]))
            writer.must("setData", path="/register", data=b"%d" % number, version=-1)
            resume(leader)
            replies = [reader.receive(), reader.receive()]
            if all(reply.kind == "reply" for reply in replies):
                answered += 1
                self.assertEqual(replies[1].fields["data"], b"%d" % number)
            ensemble.await_all_serve()
        self.assertGreater(answered, 0, "each was closed: nothing was seen")


class Sessions(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, {"tickTime": 500, "minSessionTimeout": 1000}).start()

    def exists(self, session, path):
        session.must("sync", path=path)
        return session.call("exists", path=path)["err"] == 0

    def test_a_session_whose_server_dies_ends_after_its_timeout_everywhere(self):
        dying, staying = self.ensemble.followers()
        lost = self.session(dying, timeout_ms=3000)
        lost.must("create", path="/mine", flags=1)
        witnesses = [self.session(node) for node in (staying, self.ensemble.leader())]
        dying.kill()
        self.assertTrue(self.exists(witnesses[0], "/mine"), "its timeout has not passed")
        await_that(lambda: not self.exists(witnesses[0], "/mine"), "the session has ended")
        self.assertFalse(self.exists(witnesses[1], "/mine"))
        with self.assertRaises(AssertionError):
            harness.Session(staying, resume=lost)

    def test_no_session_ends_because_leaders_change(self):
        """A new leader gives every session its whole timeout."""
        follower = self.ensemble.followers()[0]
        silent = self.session(follower, timeout_ms=4000)
        silent.must("create", path="/mine", flags=1)
        started = time.monotonic()
        leader = self.ensemble.leader()
        leader.kill()
        witness = self.session(self.ensemble.leader(besides=[leader]))
        self.assertTrue(self.exists(witness, "/mine"))
        await_that(lambda: not self.exists(witness, "/mine"), "the session has ended")
        self.assertGreater(time.monotonic() - started, 4.0)
        self.assertEqual(names(witness, "/"), {"zookeeper"})

    def test_no_session_ends_because_its_servers_stood_still(self):
        """As in a virtual machine that was suspended: its client was never silent, but nobody could hear it."""
        clients = [self.session(node, timeout_ms=2000) for node in self.ensemble.nodes]
        for number, client in enumerate(clients):
            client.must("create", path=f"/{number}", flags=1)
        for node in self.ensemble.nodes:
            pause(node)
        for _ in range(40):
            time.sleep(0.1)     # together twice the timeout
            for client in clients:
                client.start("ping")
        for node in self.ensemble.nodes:
            resume(node)
        self.ensemble.await_all_serve()
        clients = [self.in_touch(client) for client in clients]
        for number, client in enumerate(clients):
            self.assertTrue(self.exists(client, f"/{number}"))

    def in_touch(self, client):
        """The same session on the same connection, or on a new one if that was closed."""
        try:
            while client.pending:
                client.reply()
            return client
        except AssertionError:
            return self.session(self.ensemble.leader(), timeout_ms=2000, resume=client)

    def test_a_client_that_moves_in_time_keeps_its_ephemerals(self):
        first, second = self.ensemble.followers()
        session = self.session(first, timeout_ms=20000)
        session.must("create", path="/mine", flags=1)
        for node in (second, self.ensemble.leader(), first, second):
            session = self.session(node, resume=session)
            self.assertTrue(self.exists(session, "/mine"))


class AnythingGoes(harness.TestCase):
    """Faults that a seed chooses; CONCLAVE_CHAOS_S makes it longer, CONCLAVE_CHAOS_SERVERS larger."""

    def setUp(self):
        super().setUp()
        count = int(os.environ.get("CONCLAVE_CHAOS_SERVERS", "3"))
        self.ensemble = Ensemble(self, count=count, is_divisible=True)
        self.disks = self.ensemble.have_faulty_disks()
        self.ensemble.start()
        self.load = Workload(self, self.ensemble, harness.seed())
        self.load.await_more()

    def test_nothing_acknowledged_is_lost_and_nothing_read_is_old(self):
        chance = random.Random(harness.seed())
        deadline = time.monotonic() + float(os.environ.get("CONCLAVE_CHAOS_S", "15"))
        faults = [self.kill, self.kill_all, self.stop, self.pause, self.isolate, self.deafen, self.cut, self.flap,
                  self.hang_disk, self.fill_disk]
        while time.monotonic() < deadline:
            fault = chance.choice(faults)
            node = chance.choice(self.ensemble.nodes)
            print(f"{fault.__name__} server {self.ensemble.index(node) + 1}", flush=True)
            fault(node, chance)
            self.ensemble.start()
            self.load.await_more(50)
        self.ensemble.await_all_serve()
        self.load.await_more()
        self.load.finish()

    def go_on(self, chance):
        """For a while that is sometimes shorter than anybody needs to notice, and sometimes longer."""
        time.sleep(chance.choice([0.05, 0.5, 1.5, 3.0]))     # how long a fault lasts is part of what the seed chooses

    def kill(self, node, chance):
        node.kill()
        self.go_on(chance)

    def kill_all(self, _, chance):
        self.ensemble.kill()

    def stop(self, node, chance):
        self.assertEqual(node.terminate(), 0)

    def pause(self, node, chance):
        pause(node)
        self.go_on(chance)
        resume(node)

    def disturb_disk(self, node, chance, fault, where):
        disk = self.disks[self.ensemble.index(node)]
        disk.begin(fault, where)
        self.go_on(chance)
        if chance.random() < 0.3:
            node.kill()
        disk.end(fault)

    def hang_disk(self, node, chance):
        self.disturb_disk(node, chance, "fsync_hangs", "/log/log.")

    def fill_disk(self, node, chance):
        self.disturb_disk(node, chance, "disk_is_full", node.data_directory)

    def isolate(self, node, chance):
        self.ensemble.network.isolate(self.ensemble.index(node))
        self.go_on(chance)
        self.ensemble.network.heal(reset=chance.random() < 0.5)

    def deafen(self, node, chance):
        """It hears nobody, or nobody hears it."""
        own = self.ensemble.index(node)
        for other in range(len(self.ensemble.nodes)):
            if other != own:
                self.ensemble.network.hold(*((own, other) if chance.random() < 0.5 else (other, own)))
        self.go_on(chance)
        self.ensemble.network.heal(reset=chance.random() < 0.5)

    def cut(self, node, chance):
        own = self.ensemble.index(node)
        self.ensemble.network.cut(own, (own + 1) % len(self.ensemble.nodes))
        self.go_on(chance)
        self.ensemble.network.heal()

    def flap(self, node, chance):
        for _ in range(5):
            self.ensemble.network.isolate(self.ensemble.index(node))
            time.sleep(0.2)     # as above
            self.ensemble.network.heal()


if __name__ == "__main__":
    main()
