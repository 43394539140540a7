"""Three real servers as one service: what survives the loss of one of them, and what stops with a minority."""

import os

import time

import harness
from ensembles import Ensemble, Writer, names
from harness import await_that, main


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

    def test_a_connection_that_its_client_has_left_may_read_and_not_write(self):
        first, second = self.ensemble.followers()
        left = self.session(first)
        left.must("create", path="/mine", flags=1)
        moved = self.session(second, resume=left)
        left.must("sync", path="/")
        left.must("getData", path="/mine")
        left.start("setData", path="/mine", data=b"late", version=-1)
        self.assertEqual(left.await_close(), [])
        self.assertEqual(moved.must("getData", path="/mine")["stat"]["version"], 0)

    def test_a_session_may_be_ended_where_its_client_has_been(self):
        first, second = self.ensemble.followers()
        left = self.session(first)
        moved = self.session(second, resume=left)
        left.must("closeSession")
        self.assertEqual(moved.await_close(), [])

    def test_a_session_that_only_reads_at_a_follower_lives_on(self):
        session = self.session(self.ensemble.followers()[0], timeout_ms=4000)
        witness = self.session(self.ensemble.leader())
        session.must("create", path="/mine", flags=1)
        until = time.monotonic() + 8

        def has_lived_long():
            session.must("exists", path="/mine")
            return time.monotonic() > until
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
