"""Three real servers as one service: what survives the loss of one of them, and what stops with a minority."""

import os
import threading

import harness
from harness import LOOPBACK, Session, await_that, free_port, four_letter_word, main

SERVER_COUNT = 3


class Ensemble:
    """Servers that name each other; the id of a server is its place in `nodes`, from 1."""

    def __init__(self, test):
        ports = [(free_port(), free_port()) for _ in range(SERVER_COUNT)]
        lines = {f"server.{index + 1}": f"{LOOPBACK}:{quorum}:{election}"
                 for index, (quorum, election) in enumerate(ports)}
        self.nodes = [test.node(lines) for _ in range(SERVER_COUNT)]
        for index, node in enumerate(self.nodes):
            os.makedirs(node.data_directory, exist_ok=True)
            with open(os.path.join(node.data_directory, "myid"), "w", encoding="ascii") as file:
                file.write(str(index + 1))

    def start(self):
        for node in self.nodes:
            if not node.is_running():
                node.launch()
        for node in self.nodes:
            node.await_serving()
        return self

    def kill(self):
        for node in self.nodes:
            node.kill()

    @staticmethod
    def mode(node):
        """As `srvr` tells it; empty while it does not serve."""
        text = four_letter_word(node, b"srvr") or ""
        modes = [line[len("Mode: "):] for line in text.splitlines() if line.startswith("Mode: ")]
        return modes[0] if modes else ""

    def leader(self):
        return await_that(
            lambda: next((node for node in self.nodes if node.is_running() and self.mode(node) == "leader"), None),
            "somebody leads")

    def followers(self):
        leader = self.leader()
        return [node for node in self.nodes if node is not leader]


def names(session, path):
    session.must("sync", path=path)
    return set(session.must("getChildren", path=path)["children"])


class Writer:
    """Creates /written/N one after the other, on one connection, until it is told to stop."""

    def __init__(self, session):
        self.session = session
        self.acknowledged = []
        self.failure = None
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            number = 0
            while not self.is_stopping.is_set():
                self.session.must("create", path=f"/written/{number}", data=b"x")
                self.acknowledged.append(str(number))
                number += 1
        except (AssertionError, OSError) as failure:
            self.failure = failure

    def await_more(self, count):
        wanted = len(self.acknowledged) + count
        await_that(lambda: self.failure or len(self.acknowledged) >= wanted, f"{count} further writes")

    def stop(self):
        self.is_stopping.set()
        self.thread.join()


class OneServiceTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self).start()

    def test_one_leads_and_the_others_follow(self):
        modes = sorted(self.ensemble.mode(node) for node in self.ensemble.nodes)
        self.assertEqual(modes, ["follower", "follower", "leader"])

    def test_what_is_written_at_one_server_is_read_at_all(self):
        for index, node in enumerate(self.ensemble.nodes):
            self.session(node).must("create", path=f"/from-{index}", data=b"x")
        for node in self.ensemble.nodes:
            self.assertLessEqual({"from-0", "from-1", "from-2"}, names(self.session(node), "/"))

    def test_errors_of_writes_reach_a_client_of_a_follower(self):
        session = self.session(self.ensemble.followers()[0])
        session.must("create", path="/a", data=b"x")
        self.assertEqual(session.call("create", path="/a", data=b"y")["err"], -110)
        self.assertEqual(session.call("delete", path="/none", version=-1)["err"], -101)
        self.assertEqual(session.must("getData", path="/a")["data"], b"x")

    def test_a_watch_at_a_follower_hears_of_a_write_elsewhere(self):
        watcher, writer = (self.session(node) for node in self.ensemble.followers())
        watcher.must("create", path="/watched", data=b"1")
        watcher.must("getData", path="/watched", watch=True)
        writer.must("sync", path="/")
        writer.must("setData", path="/watched", data=b"2", version=-1)
        await_that(lambda: watcher.must("ping") and watcher.events, "the event")
        self.assertEqual(watcher.must("getData", path="/watched")["data"], b"2")

    def test_a_session_moves_to_another_server_with_its_ephemerals(self):
        first, second = self.ensemble.followers()
        session = self.session(first)
        session.must("create", path="/mine", flags=1)
        moved = self.session(second, resume=session)
        moved.must("sync", path="/")
        self.assertEqual(moved.must("exists", path="/mine")["stat"]["ephemeralOwner"], session.session_id)
        moved.must("closeSession")
        other = self.session(first)
        other.must("sync", path="/")
        self.assertEqual(other.call("exists", path="/mine")["err"], -101)

    def test_a_session_that_only_reads_at_a_follower_lives_on(self):
        session = self.session(self.ensemble.followers()[0], timeout_ms=4000)
        witness = self.session(self.ensemble.leader())
        session.must("create", path="/mine", flags=1)
        rounds = iter(range(1000))

        def has_lived_long():
            session.must("exists", path="/mine")
            return next(rounds) >= 600
        await_that(has_lived_long, "twice its timeout has passed")
        witness.must("sync", path="/")
        witness.must("exists", path="/mine")


class LossTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self).start()
        self.session(self.ensemble.nodes[0]).must("create", path="/written", data=b"")

    def assert_all_hold(self, acknowledged):
        for node in self.ensemble.nodes:
            self.assertLessEqual(set(acknowledged), names(self.session(node), "/written"))

    def test_clients_of_a_follower_do_not_notice_that_the_leader_is_killed(self):
        leader = self.ensemble.leader()
        writer = Writer(self.session(self.ensemble.followers()[0]))
        self.addCleanup(writer.stop)
        writer.await_more(50)
        leader.kill()
        writer.await_more(50)
        self.ensemble.start()
        writer.await_more(50)
        writer.stop()
        self.assertIsNone(writer.failure)
        self.assert_all_hold(writer.acknowledged)

    def test_a_leader_that_is_stopped_hands_over(self):
        leader = self.ensemble.leader()
        writer = Writer(self.session(self.ensemble.followers()[0]))
        self.addCleanup(writer.stop)
        writer.await_more(20)
        self.assertEqual(leader.terminate(), 0)
        writer.await_more(20)
        self.ensemble.start()
        writer.stop()
        self.assertIsNone(writer.failure)
        self.assert_all_hold(writer.acknowledged)

    def test_writes_go_on_without_a_follower_and_it_catches_up(self):
        killed = self.ensemble.followers()[0]
        writer = Writer(self.session(self.ensemble.leader()))
        self.addCleanup(writer.stop)
        writer.await_more(20)
        killed.kill()
        writer.await_more(200)
        self.ensemble.start()
        writer.stop()
        self.assertIsNone(writer.failure)
        self.assert_all_hold(writer.acknowledged)

    def test_all_killed_at_once_lose_nothing_that_was_acknowledged(self):
        writer = Writer(self.session(self.ensemble.followers()[0]))
        self.addCleanup(writer.stop)
        writer.await_more(200)
        self.ensemble.kill()
        writer.stop()
        self.ensemble.start()
        self.assert_all_hold(writer.acknowledged)

    def test_a_minority_says_that_it_does_not_serve(self):
        last = self.ensemble.followers()[0]
        for node in self.ensemble.nodes:
            if node is not last:
                node.kill()
        await_that(lambda: self.ensemble.mode(last) == "", "the last server serves no more")
        self.assertFalse(harness.connects(last))
        self.ensemble.start()
        self.session(last).must("create", path="/again", data=b"")

    def test_a_server_whose_disk_was_emptied_does_not_bring_back_an_older_state(self):
        session = self.session(self.ensemble.leader())
        for number in range(50):
            session.must("create", path=f"/written/{number}", data=b"x")
        emptied, left = self.ensemble.followers()
        leader = self.ensemble.leader()
        emptied.kill()
        leader.kill()
        for folder, _, files in os.walk(emptied.own_directory, topdown=False):
            for name in files:
                os.remove(os.path.join(folder, name))
            os.rmdir(folder)
        emptied.launch()
        emptied.await_log("listening for clients")
        await_that(lambda: self.ensemble.mode(left) == "", "no quorum has the whole history")
        self.ensemble.start()
        self.assert_all_hold([str(number) for number in range(50)])


if __name__ == "__main__":
    main()
