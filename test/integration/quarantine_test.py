"""Servers of an ensemble whose disk is damaged, or whose state is not that of the others: set aside and rebuilt."""

import os
import unittest

import harness
import log_files
from ensembles import Ensemble, names
from harness import await_that, main

try:
    import lmdb
except ImportError:
    lmdb = None

# No checkpoint comes in between: what a test damages is what the next start has to read.
QUIET_STORAGE = {"preAllocSize": 1, "checkpointSizeInKb": 1000000, "checkpointIntervalMs": 1000000000,
                 "snapCount": 1000000000}
DIGEST_INTERVAL = 128
NODE_EXISTS = -110


class QuarantineTestCase(harness.TestCase):

    settings = QUIET_STORAGE

    def setUp(self):
        super().setUp()
        self.writer = None
        self.ensemble = Ensemble(self, self.settings).start()
        self.write(0, 100)

    def write(self, first, count):
        session = self.session(self.ensemble.leader())
        for number in range(first, first + count):
            session.must("create", path=f"/n{number:04}", data=b"%d" % number)
        session.close()

    def write_across_leaders(self, first, count):
        """The leader may go into quarantine at any of these writes; then the next one takes it."""
        for number in range(first, first + count):
            await_that(lambda number=number: self.is_written(number), f"/n{number:04} is written")
        self.writer.close()
        self.writer = None

    def is_written(self, number):
        """Tries, with a new session if the last attempt failed; it may have done its work, too."""
        try:
            self.writer = self.writer or self.session(self.ensemble.leader())
            return self.writer.call("create", path=f"/n{number:04}", data=b"%d" % number)["err"] in (0, NODE_EXISTS)
        except (AssertionError, OSError):
            self.writer = None
            return False

    def assert_all_hold(self, count):
        expected = {f"n{number:04}" for number in range(count)}
        for node in self.ensemble.nodes:
            self.assertEqual(names(self.session(node), "/") - {"zookeeper"}, expected)

    def assert_rebuilt(self, node, *sayings):
        text = node.await_log("quarantine: ") and node.log()
        self.assert_says(text, *sayings)
        await_that(lambda: " serving role=" in node.log().rsplit("quarantine: ", 1)[-1], "it serves again")
        self.assertTrue(node.is_running())
        aside = sorted(name for name in os.listdir(node.own_directory) if ".damaged-" in name)
        self.assertEqual(aside, ["checkpoint.damaged-1", "identity.damaged-1", "incoming.damaged-1", "log.damaged-1"])


class DamagedDisk(QuarantineTestCase):

    def test_a_server_with_a_damaged_log_says_where_and_is_rebuilt(self):
        damaged = self.ensemble.followers()[0]
        damaged.kill()
        path = log_files.segments(damaged)[-1]
        with open(path, "r+b") as file:
            content = file.read()
            offset = content.index(b"/n0050")
            file.seek(offset)
            file.write(b"\xff")
        self.write(100, 50)
        damaged.launch()
        self.assert_rebuilt(damaged, r"quarantine: .*" + os.path.basename(path), r"offset", r"zxid")
        self.assert_all_hold(150)
        with open(path.replace("/log/", "/log.damaged-1/"), "rb") as file:
            self.assertIn(content[:offset], file.read(), "what was damaged is kept as it was")

    def test_a_server_without_its_log_is_rebuilt(self):
        damaged = self.ensemble.followers()[0]
        damaged.stop()      # leaves a checkpoint
        for path in log_files.segments(damaged):
            os.remove(path)
        damaged.launch()
        self.assert_rebuilt(damaged, r"quarantine: the transaction log in \S+ is missing")
        self.assert_all_hold(100)

    def test_a_server_without_its_log_is_rebuilt_even_before_its_first_checkpoint(self):
        damaged = self.ensemble.followers()[0]
        damaged.kill()      # leaves a checkpoint that knows of nothing
        for path in log_files.segments(damaged):
            os.remove(path)
        damaged.launch()
        self.assert_rebuilt(damaged, r"quarantine: the transaction log in \S+ is missing")
        self.assert_all_hold(100)

    def test_a_server_with_a_damaged_checkpoint_is_rebuilt(self):
        damaged = self.ensemble.followers()[0]
        damaged.stop()
        path = os.path.join(damaged.own_directory, "checkpoint", "data.mdb")
        with open(path, "r+b") as file:
            file.truncate(3 * 4096)
        damaged.launch()
        self.assert_rebuilt(damaged, r"quarantine: .*checkpoint")
        self.assert_all_hold(100)

    def test_a_server_that_was_rebuilt_counts_again(self):
        damaged, other = self.ensemble.followers()
        leader = self.ensemble.leader()
        damaged.stop()
        for path in log_files.segments(damaged):
            os.remove(path)
        before = self.ensemble.zxid(leader)
        damaged.launch()
        self.assert_rebuilt(damaged)
        await_that(lambda: self.ensemble.zxid(leader) >= before + 2, "its new disk is admitted")
        leader.kill()
        self.write(100, 10)
        self.ensemble.start()
        self.assert_all_hold(110)

    def test_a_fourth_damage_is_for_somebody_to_look_at(self):
        damaged = self.ensemble.followers()[0]
        for number in range(3):
            damaged.stop()
            for path in log_files.segments(damaged):
                os.remove(path)
            damaged.launch()
            damaged.await_log("quarantine: ")
            await_that(lambda: " serving role=" in damaged.log(), "it serves again")
        damaged.stop()
        for path in log_files.segments(damaged):
            os.remove(path)
        text = damaged.refuses_to_start()
        self.assert_says(text, r"holds 3 damaged states", r"the disk should be looked at")


class StrictTail(QuarantineTestCase):

    settings = dict(QUIET_STORAGE, tornTail="strict")

    def test_what_may_have_been_acknowledged_is_for_the_operator_to_decide(self):
        """After a power cut everywhere all have such an end, and nobody is left to fetch the state from."""
        for node in self.ensemble.nodes:
            node.kill()
        for node in self.ensemble.nodes:
            path = log_files.segments(node)[-1]
            end = log_files.end_of(path)
            log_files.overwrite(path, end, log_files.torn_batch(path))
            text = node.refuses_to_start()
            self.assert_says(text, rf"damaged at offset {end}\b", r"tornTail=strict", r"tornTail=standard")
            self.assertNotIn("quarantine", text)
            self.assertEqual([name for name in os.listdir(node.own_directory) if ".damaged-" in name], [])
            node.settings["tornTail"] = "standard"
        self.ensemble.start()
        self.assert_all_hold(100)


@unittest.skipIf(lmdb is None, "needs python3-lmdb")
class Divergence(QuarantineTestCase):

    def lose_node(self, node, name):
        """Removes the row of a node from the checkpoint of a server that is not running."""
        environment = lmdb.open(os.path.join(node.own_directory, "checkpoint"), max_dbs=5, map_size=64 << 30)
        table = environment.open_db(b"node", create=False)
        with environment.begin(write=True) as transaction:
            keys = [key for key, _ in transaction.cursor(table) if key.endswith(name)]
            self.assertEqual(len(keys), 1)
            transaction.delete(keys[0], db=table)
        environment.close()

    def test_a_follower_that_has_diverged_is_found_and_rebuilt(self):
        diverged = self.ensemble.followers()[0]
        diverged.stop()
        self.lose_node(diverged, b"n0007")
        diverged.start()
        session = self.session(self.ensemble.leader())
        session.must("setData", path="/n0007", data=b"changed", version=-1)
        self.write(100, DIGEST_INTERVAL)
        self.assert_rebuilt(diverged, r"does not fit the state", r"quarantine: .*diverged: at zxid 0x[0-9a-f]+")
        self.assert_all_hold(100 + DIGEST_INTERVAL)
        self.assertEqual(self.session(diverged).must("getData", path="/n0007")["data"], b"changed")

    def test_a_leader_that_has_diverged_steps_down_and_is_rebuilt(self):
        for node in self.ensemble.nodes:
            node.stop()
        highest = self.ensemble.nodes[-1]      # the one that is elected among equals
        self.lose_node(highest, b"n0007")
        self.ensemble.start()
        leader = self.ensemble.leader()
        session = self.session(leader)
        # Where the node is missing it can be created; and deleted where it is not.
        session.call("create", path="/n0007", data=b"again")
        session.must("delete", path="/n0007", version=-1)
        session.must("create", path="/n0007", data=b"again")
        self.write_across_leaders(100, DIGEST_INTERVAL)
        self.assert_rebuilt(highest, r"quarantine: .*diverged: at zxid 0x[0-9a-f]+")
        self.assert_all_hold(100 + DIGEST_INTERVAL)
        for node in self.ensemble.nodes:
            self.assertEqual("quarantine: " in node.log(), node is highest)


if __name__ == "__main__":
    main()
