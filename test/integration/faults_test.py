#!/usr/bin/python3
"""A disk that is full, slow, failing or damaged: faults_test.py CONCLAVED

What zab.md 6.3 and 6.5 ask for. Calls are made to fail by disk_faults.c; a really full disk needs the right to mount a
small tmpfs, and is skipped without it.
"""

import os
import random
import shutil
import subprocess
import threading
import unittest

import harness
import log_files
from harness import Session, TestCase, await_that, metrics
from writers import Writer, run_until

NOT_READ_ONLY = -119
MEBIBYTE = 1 << 20

# No checkpoint comes in between: what a test damages is what the next start has to read.
QUIET_STORAGE = {"preAllocSize": 1, "checkpointSizeInKb": 1000000, "checkpointIntervalMs": 1000000000,
                 "snapCount": 1000000000}


class FaultyDisk:
    """The faults of disk_faults.c, to be switched on and off while a server runs."""

    def __init__(self, scratch):
        self.folder = os.path.join(scratch, "faults")
        self.library = os.path.join(scratch, "disk_faults.so")
        os.makedirs(self.folder)
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "disk_faults.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.library, source], check=True)

    @property
    def environment(self):
        return {"LD_PRELOAD": self.library, "CONCLAVE_DISK_FAULTS": self.folder,
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def has(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def begin(self, fault, part_of_path):
        fresh = os.path.join(self.folder, "new")
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(part_of_path)
        os.rename(fresh, os.path.join(self.folder, fault))

    def end(self, fault):
        if self.has(fault):
            os.remove(os.path.join(self.folder, fault))


def write_nodes(session, count, prefix="/node-", size=1000):
    for number in range(count):
        session.must("create", path=f"{prefix}{number}", data=b"%d" % number + b"x" * size)


def count_readable(session, prefix="/node-"):
    """How many of the nodes of `write_nodes` are there, without a gap."""
    count = 0
    while True:
        answer = session.call("getData", path=f"{prefix}{count}")
        if answer["err"] != 0:
            return count
        assert answer["data"].startswith(b"%d" % count), answer
        count += 1


class WithFaultyDisk(TestCase):

    def setUp(self):
        super().setUp()
        self.disk = FaultyDisk(self.scratch)

    def faulty_node(self, settings=None):
        return self.node(dict(QUIET_STORAGE, **(settings or {})), environment=self.disk.environment)


class FailedFsync(WithFaultyDisk):

    def test_a_failed_fsync_of_the_log_stops_the_process_and_loses_nothing_acknowledged(self):
        for round_number in range(3):
            with self.subTest(round=round_number):
                node = self.faulty_node().start()
                writers = [Writer(number, random.Random(f"{round_number} {number}"), 2000) for number in range(3)]
                for writer in writers:
                    writer.found(node)
                self.addCleanup(self.disk.end, "fsync_fails")

                def fail():
                    self.disk.begin("fsync_fails", "/log/")
                    return node.await_exit()
                code = run_until(writers, 300, fail)
                self.disk.end("fsync_fails")
                self.assertGreater(code, 0)
                self.assert_says(node.log(), r"writing to the log in \S+ failed \(.+\)", "check the disk")
                node.start()
                zxid_floor = max(writer.zxid_max for writer in writers)
                for writer in writers:
                    writer.resume(node, zxid_floor)
                node.stop()

    def test_nothing_is_acknowledged_by_a_failed_fsync(self):
        node = self.faulty_node().start()
        session = self.session(node)
        session.must("create", path="/before")
        self.disk.begin("fsync_fails", "/log/")
        session.start("create", path="/never")
        self.assertEqual(session.await_close(), [], "a write that is not durable was answered")
        self.assertGreater(node.await_exit(), 0)

    def test_a_failed_fsync_of_the_checkpoint_stops_the_process_and_loses_nothing(self):
        node = self.faulty_node({"checkpointIntervalMs": 100}).start()
        session = self.session(node)
        write_nodes(session, 20)
        self.disk.begin("fsync_fails", "/checkpoint/")
        session.call("create", path="/more")
        self.assertGreater(node.await_exit(), 0)
        self.disk.end("fsync_fails")
        node.start()
        self.assertEqual(count_readable(self.session(node)), 20)


class SlowFsync(WithFaultyDisk):

    def test_a_slow_fsync_is_reported(self):
        node = self.faulty_node({"fsync.warningthresholdms": 300}).start()
        session = self.session(node)
        session.must("create", path="/quick")
        self.disk.begin("fsync_is_slow", "/log/")
        session.must("create", path="/slow")
        self.disk.end("fsync_is_slow")
        self.assert_says(node.log(), r"warning .*fsync of the log was slow fsync_ms=\d+")

    def hang_in(self, node, session):
        """Lets the fsync of one write begin and not end."""
        self.disk.begin("fsync_hangs", "/log/log.0")
        session.start("create", path="/hanging")
        await_that(lambda: self.disk.has("hanging"), "the fsync has begun")

    def test_reads_are_served_while_an_fsync_takes_its_time(self):
        node = self.faulty_node().start()
        writer, reader = self.session(node), self.session(node)
        self.hang_in(node, writer)
        self.assertEqual(reader.call("exists", path="/hanging")["err"], -101, "it is not durable and not seen")
        self.assertEqual(writer.receive(0.0).kind, "silence")
        self.disk.end("fsync_hangs")
        self.assertEqual(writer.reply()["err"], 0)

    def test_every_write_is_answered_when_more_waits_than_the_queue_of_the_log_holds(self):
        # 64 MiB are what the queue holds. What the core lets be in flight is what a segment has room for, and the first
        # one is small: a second one is begun.
        node = self.faulty_node({"4lw.commands.whitelist": "mntr", "preAllocSize": 96 * 1024}).start()
        first, count, data = self.session(node), 65, b"x" * (MEBIBYTE - 200)
        write_nodes(first, 5, prefix="/filling-", size=MEBIBYTE - 200)
        sessions = [self.session(node) for _ in range(count)]
        self.hang_in(node, first)
        for number, session in enumerate(sessions):
            session.start("create", path=f"/large-{number}", data=data)
        await_that(lambda: int(metrics(node)["zk_outstanding_requests"]) == count + 1, "all writes are in flight")
        self.disk.end("fsync_hangs")
        self.assertEqual([number for number, session in enumerate(sessions) if session.receive().kind != "reply"], [])

    def test_a_process_whose_fsync_hangs_loses_nothing_acknowledged_when_it_is_killed(self):
        node = self.faulty_node().start()
        writer = Writer(0, random.Random(3), 2000)
        writer.found(node)

        def hang_and_kill():
            self.disk.begin("fsync_hangs", "/log/log.0")
            await_that(lambda: self.disk.has("hanging"), "an fsync has begun")
            node.kill()
        run_until([writer], 200, hang_and_kill)
        self.disk.end("fsync_hangs")
        node.start()
        writer.resume(node, writer.zxid_max)


class FullDisk:
    """Mixed into a test case that can fill and free the disk of its node."""

    def refused(self, session):
        """Writes until the disk is full; how many writes were acknowledged."""
        for number in range(10000):
            answer = session.call("create", path=f"/node-{number}", data=b"%d" % number + b"x" * 5000)
            if answer["err"] != 0:
                self.assertEqual(answer["err"], NOT_READ_ONLY)
                return number
        self.fail("10000 writes of 5 kB went to a full disk")

    def test_writes_are_refused_and_reads_go_on_until_there_is_room_again(self):
        session = self.session(self.full_node, timeout_ms=40000)
        self.fill()
        written = self.refused(session)
        self.assertGreater(written, 0)
        self.full_node.await_log("the disk is full: writes are refused, reads go on")
        self.assertEqual(session.call("setData", path="/node-0", data=b"y")["err"], NOT_READ_ONLY)
        self.assertEqual(session.call("delete", path="/node-0")["err"], NOT_READ_ONLY)
        self.assertEqual(session.call("multi", ops=[("create", {"path": "/m"})])["err"], NOT_READ_ONLY)
        self.assertEqual(count_readable(session), written)
        session.must("getChildren", path="/", watch=True)
        session.must("ping")
        self.free()
        await_that(lambda: session.call("create", path="/again")["err"] == 0, "writes are accepted again")
        self.full_node.await_log("there is room on the disk again")
        self.full_node.kill()
        self.full_node.start()
        session = self.session(self.full_node, resume=session)
        self.assertEqual(count_readable(session), written)
        session.must("exists", path="/again")

    def test_no_write_is_left_without_an_answer_when_the_disk_becomes_full_under_load(self):
        session = self.session(self.full_node, timeout_ms=40000)
        self.fill()
        count = 600
        threading.Thread(target=lambda: [session.start("create", path=f"/node-{number}", data=b"x" * 20000)
                                         for number in range(count)]).start()
        for number in range(count):
            self.assertIn(session.reply()["err"], (0, NOT_READ_ONLY), f"write {number} of {count}")
        session.must("ping")

    def answers_to_many(self):
        """The error codes of more writes at once than the log has room for in its first segments."""
        sessions = [self.session(self.full_node, timeout_ms=40000) for _ in range(12)]
        for number, session in enumerate(sessions):
            for part in range(3):
                session.start("create", path=f"/large-{number}-{part}", data=b"x" * 900000)
                session.start("sync", path="/")     # what follows it is read, and proposed all at once
                for small in range(50):
                    session.start("create", path=f"/small-{number}-{part}-{small}", data=b"y" * 4000)
        codes = {session.reply()["err"] for session in sessions for _ in range(3 * 52)}
        for session in sessions:
            session.must("ping")
        return codes

    def test_no_write_is_left_without_an_answer_when_many_large_ones_meet_a_full_disk(self):
        self.fill()
        self.assertEqual(self.answers_to_many(), {0, NOT_READ_ONLY})
        self.full_node.await_log("the disk is full: writes are refused, reads go on")

    def test_a_session_resumes_while_the_disk_is_full(self):
        session = self.session(self.full_node, timeout_ms=40000)
        self.fill()
        written = self.refused(session)
        again = self.session(self.full_node, resume=session)
        self.assertEqual(count_readable(again), written)

    def test_a_server_starts_on_a_full_disk_and_serves_reads(self):
        session = self.session(self.full_node, timeout_ms=40000)
        self.fill()
        written = self.refused(session)
        self.full_node.kill()
        self.full_node.start()
        session = self.session(self.full_node, resume=session)
        self.assertEqual(count_readable(session), written)
        self.free()
        await_that(lambda: session.call("create", path="/again")["err"] == 0, "writes are accepted again")

    def test_sigterm_stops_a_server_on_a_full_disk(self):
        session = self.session(self.full_node, timeout_ms=40000)
        self.fill()
        written = self.refused(session)
        self.assertEqual(self.full_node.terminate(), 0)
        self.free()
        self.full_node.start()
        self.assertEqual(count_readable(self.session(self.full_node, resume=session)), written)


class SimulatedFullDisk(FullDisk, WithFaultyDisk):

    def setUp(self):
        super().setUp()
        self.full_node = self.faulty_node().start()

    def fill(self):
        self.disk.begin("disk_is_full", self.full_node.data_directory)

    def free(self):
        self.disk.end("disk_is_full")

    def test_no_write_is_left_without_an_answer_when_it_takes_long_to_find_that_the_disk_is_full(self):
        self.disk.begin("reserving_is_slow", self.full_node.data_directory)
        self.test_no_write_is_left_without_an_answer_when_the_disk_becomes_full_under_load()
        self.full_node.await_log("the disk is full: writes are refused, reads go on")

    def test_many_large_writes_are_answered_when_it_takes_long_to_find_that_the_disk_is_full(self):
        self.disk.begin("reserving_is_slow", self.full_node.data_directory)
        self.test_no_write_is_left_without_an_answer_when_many_large_ones_meet_a_full_disk()

    def test_no_write_is_refused_while_there_is_room(self):
        self.assertEqual(self.answers_to_many(), {0})


class RealFullDisk(FullDisk, TestCase):

    def setUp(self):
        super().setUp()
        self.full_node = self.node(QUIET_STORAGE)
        directory = self.full_node.data_directory
        os.makedirs(directory)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "conclave-test", directory],
                                 stderr=subprocess.PIPE, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no right to mount a small disk: {mounted.stderr.decode().strip()}")
        self.addCleanup(self.unmount, directory)
        self.full_node.start()

    def unmount(self, directory):
        self.full_node.kill()
        subprocess.run(["umount", directory], check=True)

    @property
    def filler(self):
        return os.path.join(self.full_node.data_directory, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            for size in (MEBIBYTE, 4096):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.remove(self.filler)


class DamagedLog(TestCase):
    """Octets of the log that are not what was written."""

    settings = QUIET_STORAGE

    def stopped_node(self, count=20, stop="stop"):
        """A node that holds `count` nodes and is not running."""
        node = self.node(self.settings).start()
        write_nodes(self.session(node), count)
        getattr(node, stop)()
        return node, log_files.segments(node)[-1]

    def refusal(self, node, path):
        """The start fails, names the file, and changes nothing."""
        with open(path, "rb") as file:
            before = file.read()
        text = node.refuses_to_start()
        self.assertIn(path, text)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before, "a damaged file was changed")
        return text

    def test_a_damaged_record_in_the_middle_of_the_log_prevents_the_start(self):
        for stop in ("stop", "kill"):
            with self.subTest(stop):
                node, path = self.stopped_node(stop=stop)
                batch = log_files.batches(path)[10]
                log_files.flip(path, batch.offset + log_files.BATCH_HEADER_SIZE + batch.body_size // 2)
                text = self.refusal(node, path)
                self.assert_says(text, rf"damaged at offset {batch.offset}\b", "restore the file from a copy")

    def test_a_damaged_batch_header_in_the_middle_prevents_the_start(self):
        node, path = self.stopped_node()
        batch = log_files.batches(path)[10]
        log_files.flip(path, batch.offset + 24)
        self.assert_says(self.refusal(node, path), rf"damaged at offset {batch.offset}\b")

    def test_the_last_record_of_a_cleanly_stopped_log_is_known_to_have_been_durable(self):
        node, path = self.stopped_node()
        last = [batch for batch in log_files.batches(path) if batch.body_size > 0][-1]
        log_files.flip(path, last.offset + log_files.BATCH_HEADER_SIZE + 5)
        self.assert_says(self.refusal(node, path), rf"damaged at offset {last.offset}\b")

    def test_both_damaged_heads_of_a_segment_prevent_the_start_and_one_does_not(self):
        node, path = self.stopped_node()
        log_files.flip(path, 70)
        node.start()
        self.assertEqual(count_readable(self.session(node)), 20)
        node.stop()
        log_files.flip(path, log_files.HEAD_SIZE + 70)
        self.assert_says(self.refusal(node, path), "neither copy of its head can be read")

    def test_a_shortened_segment_prevents_the_start(self):
        node, path = self.stopped_node()
        os.truncate(path, log_files.batches(path)[10].offset + 100)
        self.refusal(node, path)

    def test_an_unfinished_write_at_the_end_is_cut_off_with_a_warning(self):
        for name in ("a header whose body is torn", "octets without a header"):
            with self.subTest(name):
                node, path = self.stopped_node(stop="kill")
                end = log_files.end_of(path)
                torn = log_files.torn_batch(path) if "header" in name.split()[1] else b"\xa5" * 700
                log_files.overwrite(path, end, torn)
                node.start()
                self.assert_says(node.log(), rf"warning .*end of the log is cut off: {path} .*offset {end}\b")
                session = self.session(node)
                self.assertEqual(count_readable(session), 20)
                session.must("create", path="/after")
                node.kill()
                node.start()
                self.assertNotIn("cut off", node.log())
                self.session(node).must("exists", path="/after")

    def test_a_strict_server_does_not_cut_what_may_have_been_acknowledged(self):
        self.settings = dict(QUIET_STORAGE, tornTail="strict")
        node, path = self.stopped_node(stop="kill")
        end = log_files.end_of(path)
        log_files.overwrite(path, end, log_files.torn_batch(path))
        self.assert_says(self.refusal(node, path), rf"damaged at offset {end}\b")

    def test_a_record_of_another_directory_is_not_taken(self):
        node, path = self.stopped_node()
        other, other_path = self.stopped_node()
        shutil.copy(other_path, path)
        text = node.refuses_to_start()
        self.assert_says(text, "belongs to another data directory")


class MissingFiles(TestCase):
    """B37: whatever file is missing, a server never starts with a part of its data."""

    settings = {"preAllocSize": 1, "checkpointSizeInKb": 256, "checkpointIntervalMs": 200, "logRetentionInKb": 16384}

    @classmethod
    def setUpClass(cls):
        """A directory with several segments and a checkpoint that is behind them."""
        cls.origin = harness.tempfile.mkdtemp(prefix="conclave-test-")
        node = harness.Node(cls.origin, cls.settings)
        try:
            node.start()
            cls.writer = Writer(0, random.Random(7), 8000)
            cls.writer.found(node)
            run_until([cls.writer], 6000, node.process.kill)
        finally:
            node.kill()
        cls.directory = node.own_directory

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.origin, ignore_errors=True)

    def copied_node(self):
        node = self.node(self.settings)
        shutil.copytree(self.directory, node.own_directory)
        return node

    def assert_refused_or_complete(self, node):
        """Returns what the server said if it refused."""
        node.launch()
        await_that(lambda: not node.is_running() or " serving role=" in node.log(), "the start is over")
        if not node.is_running():
            self.assertGreater(node.process.wait(), 0)
            return node.log()
        reader = Writer(0, random.Random(7), 8000)
        reader.session = Session(node)
        self.writer.verify(reader.read_back())
        return ""

    def test_all_files_together_are_complete(self):
        self.assertGreater(len(os.listdir(os.path.join(self.directory, "log"))), 2)
        self.assertEqual(self.assert_refused_or_complete(self.copied_node()), "")

    def test_one_missing_file_never_gives_a_part_of_the_data(self):
        for folder, _, names in os.walk(self.directory):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.directory)
                with self.subTest(path):
                    node = self.copied_node()
                    os.remove(os.path.join(node.own_directory, path))
                    self.assert_refused_or_complete(node)

    def test_one_emptied_file_never_gives_a_part_of_the_data(self):
        for folder, _, names in os.walk(self.directory):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.directory)
                with self.subTest(path):
                    node = self.copied_node()
                    os.truncate(os.path.join(node.own_directory, path), 0)
                    self.assert_refused_or_complete(node)

    def test_a_log_without_its_newest_segment_is_refused(self):
        for stop in ("stop", "kill"):
            with self.subTest(stop):
                node = self.node(QUIET_STORAGE).start()
                write_nodes(self.session(node), 100, size=60000)
                getattr(node, stop)()
                *_, before, newest = log_files.segments(node)
                os.rename(newest, newest + ".away")
                self.assert_says(node.refuses_to_start(), "restore the file from a copy" if stop == "kill" else "missing")
                if stop == "kill":
                    self.assert_says(node.log(), f"the log file {newest} is missing: {os.path.basename(before)} says")
                os.rename(newest + ".away", newest)
                node.start()
                self.assertEqual(count_readable(self.session(node)), 100)

    def test_a_log_whose_segment_was_not_sealed_by_a_killed_server_is_sealed_at_the_next_start(self):
        node = self.node(QUIET_STORAGE).start()
        write_nodes(self.session(node), 100, size=60000)
        node.kill()
        *_, before, newest = log_files.segments(node)
        log_files.overwrite(before, log_files.SEAL_OFFSET, bytes(log_files.SEAL_SIZE))
        node.start()
        self.assertEqual(count_readable(self.session(node)), 100)
        node.kill()
        os.remove(newest)
        self.assert_says(node.refuses_to_start(), f"the log file {newest} is missing")

    def test_a_checkpoint_without_its_log_is_refused(self):
        node = self.copied_node()
        shutil.rmtree(node.log_directory)
        self.assert_says(self.assert_refused_or_complete(node), "transaction log in .* is missing", "Put the log back")

    def test_a_purged_log_without_its_checkpoint_is_refused(self):
        node = self.copied_node()
        shutil.rmtree(os.path.join(node.own_directory, "checkpoint"))
        os.remove(log_files.segments(node)[0])
        self.assert_says(self.assert_refused_or_complete(node), "missing")

    def test_data_without_its_identity_is_refused(self):
        node = self.copied_node()
        os.remove(os.path.join(node.own_directory, "identity"))
        self.assert_says(self.assert_refused_or_complete(node), "identity", "restore that file from a copy")

    def test_an_identity_without_any_data_is_refused(self):
        node = self.copied_node()
        shutil.rmtree(node.log_directory)
        shutil.rmtree(os.path.join(node.own_directory, "checkpoint"))
        self.assert_says(self.assert_refused_or_complete(node), "missing")


if __name__ == "__main__":
    harness.main()
