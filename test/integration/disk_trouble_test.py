#!/usr/bin/python3
"""The disk of one of three servers is slow, stuck, full or failing: disk_trouble_test.py CONCLAVED"""

import harness
from ensembles import Ensemble, Writer, names
from faults_test import QUIET_STORAGE
from harness import await_that, main
from histories import Workload

NOT_READ_ONLY = -119


class DiskTrouble(harness.TestCase):
    """One server has trouble at a time; `disks` are in the order of the servers."""

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, QUIET_STORAGE)
        self.disks = self.ensemble.have_faulty_disks()
        self.ensemble.start()
        self.session(self.ensemble.nodes[0]).must("create", path="/written", data=b"")
        self.leader = self.ensemble.leader()
        self.followers = [node for node in self.ensemble.nodes if node is not self.leader]

    def disk_of(self, node):
        return self.disks[self.ensemble.index(node)]

    def writer_at(self, node):
        made = Writer(self.session(node))
        self.addCleanup(made.stop)
        made.await_more(20)
        return made

    def assert_all_hold(self, writer):
        writer.stop()
        self.assertIsNone(writer.failure)
        for node in self.ensemble.nodes:
            self.assertLessEqual(set(writer.acknowledged), names(self.session(node), "/written"))

    def test_a_slow_disk_of_a_follower_slows_nobody_else(self):
        writer = self.writer_at(self.leader)
        disk = self.disk_of(self.followers[0])
        disk.begin("fsync_is_slow", "/log/")
        writer.await_more(100)
        disk.end("fsync_is_slow")
        self.assert_all_hold(writer)

    def test_a_slow_disk_of_the_leader_loses_nothing(self):
        load = Workload(self, self.ensemble, harness.seed())
        disk = self.disk_of(self.leader)
        disk.begin("fsync_is_slow", "/log/")
        load.await_more(50)
        disk.end("fsync_is_slow")
        load.await_more(50)
        load.finish()

    def test_a_stuck_disk_of_a_follower_stops_nobody_else_and_it_catches_up(self):
        writer = self.writer_at(self.followers[1])
        disk = self.disk_of(self.followers[0])
        disk.begin("fsync_hangs", "/log/log.")
        await_that(lambda: disk.has("hanging"), "an fsync has begun")
        writer.await_more(100)
        disk.end("fsync_hangs")
        self.assert_all_hold(writer)

    def test_a_failing_disk_of_the_leader_costs_clients_of_the_others_nothing(self):
        writer = self.writer_at(self.followers[0])
        disk = self.disk_of(self.leader)
        disk.begin("fsync_fails", "/log/")
        self.assertGreater(self.leader.await_exit(), 0)
        disk.end("fsync_fails")
        writer.await_more(20)
        self.leader.start()
        self.assert_all_hold(writer)

    def fill(self, node):
        """Until the server has found out."""
        self.disk_of(node).begin("disk_is_full", node.data_directory)
        session = self.session(self.followers[1])

        def is_told():
            session.must("create", path="/written/large-", data=b"x" * 200000, flags=2)
            return "the disk is full" in node.log()
        await_that(is_told, "its disk is full")

    def free(self, node):
        self.disk_of(node).end("disk_is_full")
        node.await_log("there is room on the disk again")

    def test_a_leader_whose_disk_is_full_hands_over(self):
        writer, reader = self.writer_at(self.followers[1]), self.session(self.leader)
        self.fill(self.leader)
        self.ensemble.leader(besides=[self.leader])
        writer.await_more(50)
        reader.must("getData", path="/written")
        self.free(self.leader)
        self.assert_all_hold(writer)

    def test_a_follower_whose_disk_is_full_refuses_writes_of_its_own_clients_only(self):
        full = self.followers[0]
        client = self.session(full)
        writer = self.writer_at(self.followers[1])
        self.fill(full)
        self.assertEqual(client.call("create", path="/refused", data=b"")["err"], NOT_READ_ONLY)
        client.must("getData", path="/written")
        writer.await_more(50)
        self.free(full)
        await_that(lambda: client.call("create", path="/accepted", data=b"")["err"] == 0, "writes are accepted again")
        self.assert_all_hold(writer)


if __name__ == "__main__":
    main()
