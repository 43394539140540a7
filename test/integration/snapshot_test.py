"""Snapshots between real servers: a follower that the log cannot help any more is rebuilt, whoever dies meanwhile."""

import os
import shutil

import harness
from ensembles import Ensemble, Writer, names
from harness import await_that, main

# The log behind a checkpoint goes at once, and checkpoints come often.
SHORT_LOG = {"logRetentionInKb": 0, "preAllocSize": 64, "checkpointIntervalMs": 200, "4lw.commands.whitelist": "*"}

# More octets of transactions than a leader keeps in memory for its followers.
MEMORY_SIZE = 17 << 20
NODE_SIZE = 20_000

DIGEST_INTERVAL = 128


def empty(node):
    """Removes everything that the stopped server keeps; its configuration stays."""
    shutil.rmtree(node.own_directory)


def write(session, first, count):
    """Creates numbered nodes, of which a bounded number is in flight."""
    for begin in range(first, first + count, 50):
        numbers = range(begin, min(begin + 50, first + count))
        for number in numbers:
            session.start("create", path=f"/written/{number:06}", data=b"%d" % number + b"x" * NODE_SIZE)
        for number in numbers:
            assert session.reply()["err"] == 0, number


class SnapshotTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, SHORT_LOG).start()
        self.session(self.ensemble.leader()).must("create", path="/written", data=b"")

    def segments(self, node):
        return sorted(os.listdir(node.log_directory))

    def write_until_log_is_cut(self, node, first=0):
        """Writes until neither log nor memory of `node` reach back to where it is now; the next free number."""
        before = self.segments(node)
        session = self.session(node)
        number = first + MEMORY_SIZE // NODE_SIZE
        write(session, first, number - first)

        def is_cut():
            nonlocal number
            write(session, number, 50)
            number += 50
            return not set(before) & set(self.segments(node))
        await_that(is_cut, "the log is purged")
        return number

    def assert_all_hold(self, count):
        expected = {f"{number:06}" for number in range(count)}
        for node in self.ensemble.nodes:
            self.assertEqual(names(self.session(node), "/written"), expected)
        self.assert_same_digest()

    def assert_same_digest(self):
        """At every zxid that all have in common in what `hash` tells. There is a point every 128 transactions."""
        session = self.session(self.ensemble.leader())
        for _ in range(DIGEST_INTERVAL):
            session.must("setData", path="/written", data=b"", version=-1)
        for node in self.ensemble.nodes:
            self.session(node).must("sync", path="/")
        found = [dict(line.split(": ") for line in harness.four_letter_word(node, b"hash").splitlines())
                 for node in self.ensemble.nodes]
        common = set.intersection(*map(set, found))
        self.assertTrue(common, found)
        for point in common:
            self.assertEqual(len({each[point] for each in found}), 1, point)

    def rebuilt(self, node):
        """The empty node receives a snapshot and serves, all in one process."""
        process = node.process
        node.await_log("snapshot installed")
        await_that(lambda: " serving role=" in node.log().split("snapshot installed")[-1], "it serves")
        self.assertIs(node.process, process)
        self.assertTrue(node.is_running())

    def test_a_server_with_an_empty_disk_is_rebuilt_and_counts_again(self):
        emptied, leader = self.ensemble.followers()[0], self.ensemble.leader()
        count = self.write_until_log_is_cut(leader)
        emptied.kill()
        empty(emptied)
        before = self.ensemble.zxid(leader)
        emptied.launch()
        self.rebuilt(emptied)
        # A change of the members, and its activation.
        await_that(lambda: self.ensemble.zxid(leader) >= before + 2, "its new disk is admitted")
        self.assert_all_hold(count)
        leader.kill()
        write(self.session(self.ensemble.leader()), count, 10)
        self.ensemble.start()
        self.assert_all_hold(count + 10)

    def test_a_server_that_was_away_for_too_long_comes_back_under_load(self):
        away, leader = self.ensemble.followers()[0], self.ensemble.leader()
        away.kill()
        count = self.write_until_log_is_cut(leader)
        self.session(leader).must("create", path="/load", data=b"")
        writer = Writer(self.session(leader), "/load/", NODE_SIZE)
        self.addCleanup(writer.stop)
        away.launch()
        self.rebuilt(away)
        writer.await_more(20)
        writer.stop()
        self.assertIsNone(writer.failure)
        self.assert_all_hold(count)
        for node in self.ensemble.nodes:
            self.assertEqual(names(self.session(node), "/load"), set(writer.acknowledged))

    def test_a_server_killed_at_any_step_of_the_installation_is_its_old_or_its_new_self(self):
        away, leader = self.ensemble.followers()[0], self.ensemble.leader()
        away.kill()
        count = self.write_until_log_is_cut(leader)
        incoming = os.path.join(away.own_directory, "incoming")
        steps = [lambda: os.path.exists(incoming + ".staging"),
                 lambda: os.path.exists(incoming),
                 lambda: "starting anew" in away.log(),
                 lambda: "snapshot installed" in away.log()]
        for number, has_reached in enumerate(steps):
            with self.subTest(step=number):
                away.launch()
                await_that(lambda: has_reached() or " serving role=" in away.log(), "the step is reached")
                away.kill()
        away.launch()
        away.await_serving()
        self.assert_all_hold(count)
        self.assertFalse(os.path.exists(incoming))
        self.assertFalse(os.path.exists(incoming + ".staging"))

    def test_a_leader_killed_while_it_streams_is_replaced_and_the_follower_is_rebuilt(self):
        emptied, leader = self.ensemble.followers()[0], self.ensemble.leader()
        other = self.ensemble.followers()[1]
        count = self.write_until_log_is_cut(leader)
        # The one that takes over must not have it all in memory either.
        emptied.kill()
        empty(emptied)
        emptied.launch()
        emptied.await_log("snapshot arrives")
        leader.kill()
        leader.launch()
        self.rebuilt(emptied)
        await_that(lambda: self.ensemble.mode(other) != "", "a quorum serves")
        self.ensemble.start()
        self.assert_all_hold(count)

    def test_a_leader_whose_checkpoint_is_damaged_is_rebuilt_instead_of_failing_its_follower_for_ever(self):
        away, leader = self.ensemble.followers()[0], self.ensemble.leader()
        away.kill()
        count = self.write_until_log_is_cut(leader)
        process = leader.process
        path = os.path.join(leader.own_directory, "checkpoint", "data.mdb")
        with open(path, "r+b") as file:
            file.seek(16 * 4096)
            file.write(bytes(os.path.getsize(path) - 16 * 4096))
        away.launch()
        leader.await_log("quarantine: the checkpoint is damaged, which was found while it was ")
        for node in (leader, away):
            await_that(lambda node=node: self.ensemble.mode(node), "it serves again")
        self.assertIs(leader.process, process)
        self.assertTrue(leader.is_running())
        self.assert_all_hold(count)


if __name__ == "__main__":
    main()
