#!/usr/bin/python3
"""Nothing acknowledged is ever lost: durability_test.py CONCLAVED

Servers are killed in the middle of their work and started again on the same directory; zookeeper-protocol 3.3 and 10,
zab.md 6.
"""

import os
import random

import harness
from harness import TestCase, await_that
from writers import Writer, run_until

# Small enough that segments are filled, checkpoints are written and old segments are purged all the time.
BUSY_STORAGE = {"preAllocSize": 1, "checkpointSizeInKb": 256, "checkpointIntervalMs": 500, "logRetentionInKb": 0}

STOP_LIMIT_S = 20.0


def segment_names(node):
    return sorted(name for name in os.listdir(node.log_directory) if name.startswith("log.0"))


class Crashes(TestCase):

    def crash_again_and_again(self, rounds, stop_of):
        """Each round writes, stops the server by `stop_of(round)` under load, and verifies after the restart."""
        numbers = random.Random(harness.seed())
        node = self.node(BUSY_STORAGE).start()
        writers = [Writer(number, random.Random(numbers.random()), 8000) for number in range(4)]
        for writer in writers:
            writer.found(node)
        for round_number in range(rounds):
            run_until(writers, numbers.randrange(50, 1500), stop_of(round_number, node))
            node.process.wait()
            node.start()
            zxid_floor = max(writer.zxid_max for writer in writers)
            for writer in writers:
                writer.resume(node, zxid_floor)
        return node

    def test_no_acknowledged_write_is_lost_by_kill_9(self):
        node = self.crash_again_and_again(12, lambda _, node: node.process.kill)
        segments = segment_names(node)
        self.assertNotIn("log.0000000000000001", segments, "this run was to be long enough for a purge")
        self.assertLessEqual(len(segments), 6, "old segments were to be purged")

    def test_no_acknowledged_write_is_lost_by_sigterm_under_load(self):
        codes = []

        def stop(_, node):
            return lambda: codes.append(node.terminate(STOP_LIMIT_S))
        self.crash_again_and_again(5, stop)
        self.assertEqual(codes, [0] * 5)

    def test_a_server_killed_while_it_starts_loses_nothing(self):
        node = self.node(BUSY_STORAGE).start()
        writer = Writer(0, random.Random(1), 4000)
        writer.found(node)
        run_until([writer], 500, node.process.kill)
        node.process.wait()
        for moment in (" starts", "checkpoint opened", "listening", "serving") * 3:
            node.launch()
            node.await_log(moment)
            node.kill()
        node.start()
        writer.resume(node, writer.zxid_max)


class CleanStop(TestCase):

    def test_sigterm_ends_the_process_in_time_with_exit_code_0(self):
        node = self.node().start()
        session = self.session(node)
        session.must("create", path="/a", data=b"x")
        self.assertEqual(node.terminate(STOP_LIMIT_S), 0)
        session.await_close()

    def test_sigterm_is_obeyed_while_clients_stay_silent_or_stop_reading(self):
        node = self.node().start()
        idle, rude = self.connect(node), self.session(node)
        idle.send(b"\0\0")
        rude.must("create", path="/big", data=b"x" * 900000)
        for _ in range(50):
            rude.start("getData", path="/big")
        self.assertEqual(node.terminate(STOP_LIMIT_S), 0)

    def test_a_second_sigterm_changes_nothing(self):
        node = self.node().start()
        self.session(node).must("create", path="/a", data=b"x")
        node.process.terminate()
        node.process.terminate()
        self.assertEqual(node.await_exit(STOP_LIMIT_S), 0)
        node.start()
        self.assertEqual(self.session(node).must("getData", path="/a")["data"], b"x")

    def test_a_clean_stop_leaves_one_segment_when_nothing_is_retained(self):
        node = self.node(BUSY_STORAGE).start()
        writer = Writer(0, random.Random(1), 8000)
        writer.found(node)
        run_until([writer], 3000, lambda: None)
        self.assertNotEqual(segment_names(node)[-1], "log.0000000000000001", "more than one segment was to be filled")
        self.assertEqual(node.terminate(STOP_LIMIT_S), 0)
        node.start()
        writer.resume(node, writer.zxid_max)
        self.assertEqual(node.terminate(STOP_LIMIT_S), 0)
        self.assertEqual(len(segment_names(node)), 1)


class Sessions(TestCase):
    """tickTime 200: timeouts from 400 to 4000 ms."""

    settings = {"tickTime": 200}

    def test_a_session_resumes_with_its_password_after_kill_9_and_keeps_its_ephemerals(self):
        node = self.node(self.settings).start()
        session = self.session(node, timeout_ms=4000)
        session.must("create", path="/e", flags=1)
        for _ in range(3):
            node.kill()
            node.start()
            session = self.session(node, resume=session, timeout_ms=4000)
            self.assertEqual(session.must("exists", path="/e")["stat"]["ephemeralOwner"], session.session_id)

    def test_a_session_does_not_resume_with_another_password(self):
        node = self.node(self.settings).start()
        session = self.session(node, timeout_ms=4000)
        node.kill()
        node.start()
        stranger = self.connect(node)
        stranger.send_handshake(timeout_ms=4000, session_id=session.session_id, password=b"x" * 16)
        answer = stranger.receive()
        self.assertEqual((answer.kind, answer.fields["sessionId"], answer.fields["timeOut"]), ("connected", 0, 0))
        self.assertEqual(stranger.receive().kind, "closed")
        self.session(node, resume=session).must("ping")

    def test_ephemerals_of_a_session_that_does_not_come_back_are_removed_after_a_crash(self):
        node = self.node(self.settings).start()
        keeper = self.session(node, timeout_ms=4000)
        leaver = self.session(node, timeout_ms=400)
        keeper.must("create", path="/kept", flags=1)
        leaver.must("create", path="/left", flags=1)
        node.kill()
        node.start()
        keeper = self.session(node, resume=keeper, timeout_ms=4000)
        keeper.call("exists", path="/left", watch=True)

        def is_gone():
            return keeper.call("exists", path="/left")["err"] == -101
        await_that(is_gone, "the ephemeral of the silent session is removed")
        self.assertEqual([(event["type"], event["path"]) for event in keeper.events], [("NodeDeleted", "/left")])
        self.assertEqual(keeper.must("exists", path="/kept")["stat"]["ephemeralOwner"], keeper.session_id)
        expired = self.connect(node)
        expired.send_handshake(timeout_ms=400, session_id=leaver.session_id, password=leaver.password)
        self.assertEqual(expired.receive().fields["sessionId"], 0)

    def test_a_closed_session_stays_closed_after_a_crash(self):
        node = self.node(self.settings).start()
        session = self.session(node, timeout_ms=4000)
        session.must("create", path="/e", flags=1)
        session.must("closeSession")
        node.kill()
        node.start()
        stranger = self.connect(node)
        stranger.send_handshake(timeout_ms=4000, session_id=session.session_id, password=session.password)
        self.assertEqual(stranger.receive().fields["sessionId"], 0)
        self.assertEqual(self.session(node).call("exists", path="/e")["err"], -101)

    def test_session_ids_are_not_given_twice(self):
        node = self.node(self.settings).start()
        seen = set()
        for _ in range(4):
            for _ in range(20):
                identifier = self.session(node).session_id
                self.assertNotIn(identifier, seen)
                seen.add(identifier)
            node.kill()
            node.start()


if __name__ == "__main__":
    harness.main()
