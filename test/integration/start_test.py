#!/usr/bin/python3
"""What a server says about a configuration, a directory or a port that it cannot use: start_test.py CONCLAVED

zookeeper-protocol 12.1, zab.md 6.6. Everything that prevents a start is one sentence for the operator and an exit code
that is not 0.
"""

import os
import re
import socket
import subprocess

import harness
import log_files
from harness import LOOPBACK, TestCase

NOBODY = 65534
BAD_CONFIGURATION = 2
DEFAULT_PORT = 2181


class DataDirectory(TestCase):

    def test_a_second_server_on_the_same_directory_is_refused_and_told_which_process_has_it(self):
        first = self.node().start()
        second = self.node({"dataDir": first.data_directory})
        self.assert_says(second.refuses_to_start(), rf"in use by process {first.process.pid}\b", "configure another dataDir")
        self.session(first).must("create", path="/a")
        first.kill()
        second.start()
        self.session(second).must("exists", path="/a")

    def test_a_directory_of_a_newer_format_is_refused_and_not_changed(self):
        node = self.node().start()
        node.stop()
        identity = os.path.join(node.own_directory, "identity")
        log_files.make_newer(identity)
        self.assert_not_changed_by(node, identity, r"newer version of this program \(data format 2", "start the newer version")

    def test_a_log_of_a_newer_format_is_refused_and_not_changed(self):
        node = self.node().start()
        node.stop()
        segment = log_files.segments(node)[-1]
        log_files.make_newer(segment, log_files.HEAD_COPIES)
        self.assert_not_changed_by(node, segment, "newer version of this program", "start the newer version")

    def test_a_damaged_identity_is_refused(self):
        node = self.node().start()
        node.stop()
        identity = os.path.join(node.own_directory, "identity")
        log_files.flip(identity, 20)
        self.assert_not_changed_by(node, identity, "identity is damaged", "restore it from a copy")

    def assert_not_changed_by(self, node, path, *says):
        with open(path, "rb") as file:
            before = file.read()
        self.assert_says(node.refuses_to_start(), path, *says)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_a_directory_without_permission_is_refused(self):
        node = self.unprivileged_node()
        os.makedirs(node.own_directory)
        os.chmod(node.own_directory, 0o500)
        self.addCleanup(os.chmod, node.own_directory, 0o700)
        self.assert_says(node.refuses_to_start(), rf"{node.own_directory}\S* is not accessible: Permission denied",
                         "make it readable and writable for the user that runs the server")

    def unprivileged_node(self, settings=None):
        """Runs as somebody who may enter the scratch directory, and write nowhere in it."""
        node = self.node(settings, user=NOBODY if os.geteuid() == 0 else None)
        os.chmod(self.scratch, 0o755)
        os.chmod(node.directory, 0o755)
        return node

    def test_a_directory_that_may_not_be_made_is_refused(self):
        parent = os.path.join(self.scratch, "closed")
        os.makedirs(parent, mode=0o555)
        node = self.unprivileged_node({"dataDir": os.path.join(parent, "data")})
        self.assert_says(node.refuses_to_start(), "cannot make the data directory", "Permission denied")

    def test_a_file_in_place_of_the_directory_is_refused(self):
        path = os.path.join(self.scratch, "file")
        open(path, "wb").close()
        self.assert_says(self.node({"dataDir": path}).refuses_to_start(), f"data directory {path}")

    def test_a_missing_directory_is_refused_when_it_may_not_be_created(self):
        path = os.path.join(self.scratch, "not-mounted")
        node = self.node({"dataDir": path, "datadir.autocreate": "false"})
        self.assert_says(node.refuses_to_start(), rf'no directory "{path}"')
        self.assertFalse(os.path.exists(path))

    def test_data_of_zookeeper_is_left_alone_with_a_warning(self):
        node = self.node()
        theirs = os.path.join(node.data_directory, "version-2")
        os.makedirs(theirs)
        with open(os.path.join(theirs, "log.1"), "wb") as file:
            file.write(b"theirs")
        node.start()
        self.assert_says(node.log(), "warning .*holds data of Apache ZooKeeper")
        self.assertEqual(os.listdir(theirs), ["log.1"])

    def test_a_log_in_a_directory_of_its_own_is_found_again(self):
        node = self.node({"dataLogDir": os.path.join(self.scratch, "log-disk")}).start()
        self.session(node).must("create", path="/a")
        node.kill()
        self.assertEqual(os.listdir(os.path.join(self.scratch, "log-disk", "conclave", "log")), ["log.0000000000000001"])
        node.start()
        self.session(node).must("exists", path="/a")


class Recovery(TestCase):
    """A start tells what it took from the log."""

    # No checkpoint but the one of a clean stop.
    settings = {"checkpointIntervalMs": 1000000000, "preAllocSize": 1}
    count = 50

    def written_node(self):
        node = self.node(self.settings).start()
        session = self.session(node)
        for number in range(self.count):
            session.must("create", path=f"/node-{number}", data=b"x" * 100000)
        return node

    def recovered(self, node):
        line = re.search(r"recovered checkpoint=0x([0-9a-f]+) replayed_transactions=(\d+) log_segments=(\d+) "
                         r"took_ms=\d+\n", node.log())
        self.assertIsNotNone(line, node.log())
        return int(line[1], 16), int(line[2]), int(line[3])

    def test_a_first_start_has_nothing_to_replay(self):
        self.assertEqual(self.recovered(self.node().start()), (0, 0, 0))

    def test_after_a_clean_stop_nothing_is_replayed(self):
        node = self.written_node()
        self.assertEqual(node.terminate(), 0)
        node.start()
        checkpoint, replayed, segments = self.recovered(node)
        self.assertGreater(checkpoint, self.count)
        self.assertLessEqual(replayed, 1)
        self.assertEqual(segments, 1)

    def test_after_a_kill_what_came_since_the_checkpoint_is_replayed(self):
        node = self.written_node()
        node.kill()
        segment_count = len(log_files.segments(node))
        self.assertGreater(segment_count, 1)
        node.start()
        checkpoint, replayed, segments = self.recovered(node)
        self.assertEqual((checkpoint, segments), (0, segment_count))
        self.assertIn(replayed, range(self.count + 1, self.count + 5))    # the session, and the start of the epoch
        node.terminate()
        node.start()
        session = self.session(node)
        for number in range(5):
            session.must("setData", path=f"/node-{number}", data=b"y")
        node.kill()
        node.start()
        checkpoint, replayed, segments = self.recovered(node)
        self.assertGreater(checkpoint, self.count)
        self.assertIn(replayed, range(6, 10))
        self.assertEqual(segments, 1)


    def test_a_log_that_was_begun_for_smaller_transactions_goes_on(self):
        node = self.node(self.settings).start()
        self.session(node).must("create", path="/before")
        node.kill()
        node.settings["jute.maxbuffer"] = 16 << 20      # more than the old segment has room for
        node.start()
        session = self.session(node)
        session.must("create", path="/after", data=b"x" * (10 << 20))
        session.must("exists", path="/before")


class Port(TestCase):

    def test_a_port_that_is_taken_prevents_the_start(self):
        with socket.socket() as holder:
            holder.bind((LOOPBACK, 0))
            holder.listen()
            port = holder.getsockname()[1]
            node = self.node(port=port)
            self.assert_says(node.refuses_to_start(), rf"cannot listen on {LOOPBACK}:{port}: Address already in use")
        node.start()

    def test_an_address_that_is_not_ours_prevents_the_start(self):
        node = self.node({"clientPortAddress": "192.0.2.1"})
        self.assert_says(node.refuses_to_start(), r"cannot listen on 192\.0\.2\.1:\d+: Cannot assign requested address")

    def test_without_a_file_the_server_uses_the_loopback_and_its_working_directory(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, DEFAULT_PORT))
            except OSError:
                self.skipTest(f"somebody uses port {DEFAULT_PORT} of {LOOPBACK}")
        node = self.node(port=DEFAULT_PORT)
        node.command = lambda _: [harness.PROGRAM]
        node.start()
        self.session(node).must("create", path="/a")
        with socket.socket() as other:    # only the loopback: the same port of another address is free
            other.bind(("127.0.0.2", DEFAULT_PORT))
        self.assertTrue(os.path.isdir(os.path.join(node.directory, "conclave-data", "conclave")))


class Configuration(TestCase):

    def written(self, *lines):
        path = os.path.join(self.scratch, "zoo.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        return path

    def run_program(self, *arguments):
        return subprocess.run([harness.PROGRAM, *arguments], cwd=self.scratch, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=harness.WAIT_S, check=False)

    def test_check_accepts_a_good_file_and_shows_what_it_means(self):
        path = self.written("dataDir=data", "clientPort=2191", "tickTime=1000")
        done = self.run_program("--check", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("maxSessionTimeout=20000\n", done.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.scratch, "data")), "a check makes nothing")

    def test_check_reports_every_problem_with_file_and_line(self):
        path = self.written("dataDir=data", "tickTime=soon", "clientPort=2191", "maxClientCnxns=-4", "tickTme=2000")
        done = self.run_program("--check", path)
        self.assertEqual(done.returncode, BAD_CONFIGURATION)
        self.assert_says(done.stderr, rf"{path}:2: error: tickTime", rf"{path}:4: error: maxClientCnxns",
                         rf'{path}:5: error: unknown key "tickTme"; did you mean tickTime\?')

    def test_check_reports_a_file_that_is_not_there(self):
        done = self.run_program("--check", os.path.join(self.scratch, "no.cfg"))
        self.assertEqual(done.returncode, BAD_CONFIGURATION)
        self.assert_says(done.stderr, "no.cfg: error: cannot be read: No such file or directory")

    def test_a_bad_file_prevents_the_start(self):
        done = self.run_program(self.written("dataDir=data", "clientPort=2191", "tickTime=0"))
        self.assertEqual(done.returncode, BAD_CONFIGURATION)
        self.assert_says(done.stdout + done.stderr, r"error .*zoo\.cfg:3: error: tickTime",
                         "not started: the configuration cannot be used")

    def test_an_unknown_key_is_a_warning_with_a_suggestion_and_the_server_starts(self):
        node = self.node({"maxClientCnxs": 10}).start()
        line = list(node.settings).index("maxClientCnxs") + 1
        self.assert_says(node.log(), rf'warning .*zoo\.cfg:{line}: warning: unknown key "maxClientCnxs"; did you mean '
                                     r"maxClientCnxns\?")

    def test_a_key_without_meaning_is_a_note_and_the_server_starts(self):
        node = self.node({"jvm.pause.monitor": "true", "zookeeper.commitProcessor.numWorkerThreads": 4}).start()
        self.assert_says(node.log(), r"info .*note: jvm\.pause\.monitor has no effect",
                         r"info .*note: commitProcessor\.numWorkerThreads has no effect")

    def test_port_and_directory_on_the_command_line_are_enough(self):
        node = self.node()
        node.command = lambda _: [harness.PROGRAM, str(node.port), node.data_directory, "1000", "7"]
        node.start()
        self.assertEqual(self.session(node, timeout_ms=10 ** 9).negotiated_ms, 20000)

    def test_the_server_id_of_myid_stands_in_session_ids(self):
        node = self.node()
        os.makedirs(node.data_directory)
        with open(os.path.join(node.data_directory, "myid"), "w", encoding="ascii") as file:
            file.write("42\n")
        node.start()
        self.assertEqual(self.session(node).session_id >> 56, 42)

    def test_bad_usage_is_told(self):
        done = self.run_program("--no-such-option")
        self.assertEqual(done.returncode, BAD_CONFIGURATION)
        self.assertIn("--no-such-option", done.stderr)

    def test_version_and_help_need_no_configuration(self):
        self.assert_says(self.run_program("--version").stdout, r"^conclaved \d+\.\d+\.\d+")
        self.assert_says(self.run_program("--help").stdout, "--check")

    def test_secrets_are_not_shown(self):
        done = self.run_program("--check", self.written(
            "dataDir=data", "clientPort=2191", "DigestAuthenticationProvider.superDigest=super:secret"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("secret", done.stdout + done.stderr)
        self.assertIn("superDigest=***", done.stdout)


if __name__ == "__main__":
    harness.main()
