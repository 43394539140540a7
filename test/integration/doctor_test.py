"""`conclaved doctor` says what is in a data directory and whether a server would start with it, and changes nothing."""

import json
import os
import shutil
import subprocess

import harness
import log_files
from harness import main

WHOLE, DAMAGED, BAD_USAGE = 0, 1, 2


def octets_of(directory):
    """Every file with its content, its size and when it was changed."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[path] = (file.read(), os.stat(path).st_mtime_ns)
    return found


def doctor(*arguments):
    """Exit code and what was printed."""
    done = subprocess.run([harness.PROGRAM, "doctor", *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


class DoctorTest(harness.TestCase):

    def stopped_server(self, stop="terminate"):
        """A server that has written something; a clean stop leaves it in the checkpoint, a killed one in the log."""
        node = self.node().start()
        session = self.session(node)
        for number in range(20):
            session.must("create", path=f"/node-{number}", data=b"%d" % number)
        session.must("create", path="/mine", data=b"", flags=1)
        if stop == "terminate":
            node.terminate()
        else:
            node.kill()
        return node

    def look(self, node, expected):
        """The JSON report; the directory must be what it was, and the exit code the expected one."""
        before = octets_of(node.directory)
        code, text = doctor("--json", node.data_directory)
        self.assertEqual(code, expected, text)
        self.assertEqual(octets_of(node.directory), before)
        report = json.loads(text)
        self.assertEqual(report["usable"], expected == WHOLE)
        return report

    def worst(self, report, level="damage"):
        return " / ".join(each["what"] for each in report["findings"] if each["severity"] == level)

    def test_a_directory_that_was_left_cleanly_is_whole(self):
        node = self.stopped_server()
        report = self.look(node, WHOLE)
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["checkpoint"]["node_count"], 4 + 21)
        self.assertEqual(report["checkpoint"]["session_count"], 1)
        self.assertEqual(report["checkpoint"]["ephemeral_count"], 1)
        self.assertEqual(report["checkpoint"]["zxid"], report["log"]["last_zxid"])
        self.assertEqual(report["log"]["verdict"], "clean")

    def test_the_log_of_a_killed_server_is_ahead_of_its_checkpoint(self):
        report = self.look(self.stopped_server("kill"), WHOLE)
        self.assertGreaterEqual(report["log"]["transaction_count"], 21)
        self.assertGreater(int(report["log"]["last_zxid"], 16), int(report["checkpoint"].get("zxid", "0x0"), 16))

    def test_it_finds_the_directory_by_the_configuration_file_too(self):
        node = self.stopped_server()
        code, text = doctor(os.path.join(node.directory, "zoo.cfg"))
        self.assertEqual(code, WHOLE, text)
        self.assert_says(text, r"25 nodes", r"(?m)^whole$")
        self.assertEqual(doctor(node.own_directory)[0], WHOLE)

    def test_a_torn_end_is_no_damage(self):
        node = self.stopped_server("kill")
        last = log_files.segments(node)[-1]
        log_files.overwrite(last, log_files.end_of(last), log_files.torn_batch(last))
        report = self.look(node, WHOLE)
        self.assertEqual(report["log"]["verdict"], "torn tail")
        self.assertIn("never synced", self.worst(report, "note"))
        node.start()

    def test_rot_in_the_log_behind_the_checkpoint_is_damage(self):
        node = self.stopped_server("kill")
        batch = log_files.batches(log_files.segments(node)[-1])[3]
        log_files.flip(batch.path, batch.offset + log_files.BATCH_HEADER_SIZE + 20)
        self.assertIn("damaged", self.worst(self.look(node, DAMAGED)))
        node.refuses_to_start()

    def test_a_row_that_fails_its_checksum_is_damage(self):
        node = self.stopped_server()
        path = os.path.join(node.own_directory, "checkpoint", "data.mdb")
        with open(path, "rb") as file:
            content = file.read()
        at = content.rindex(b"node-7") # in the page of the newest commit
        log_files.flip(path, at + len("node-7") + 20)
        report = self.look(node, DAMAGED)
        self.assertIn("the checkpoint is damaged", self.worst(report))

    def test_a_checkpoint_without_its_end_is_damage(self):
        node = self.stopped_server()
        path = os.path.join(node.own_directory, "checkpoint", "data.mdb")
        os.truncate(path, os.path.getsize(path) // 2)
        self.assertIn("checkpoint", self.worst(self.look(node, DAMAGED)))

    def test_pages_full_of_nonsense_end_the_examination_and_not_the_doctor(self):
        if harness.is_instrumented():
            self.skipTest("the address sanitizer tells, among the report, what the examining process dies of")
        node = self.stopped_server()
        path = os.path.join(node.own_directory, "checkpoint", "data.mdb")
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            file.seek(8192)
            file.write(b"\xa5" * (size - 8192))
        self.assertIn("checkpoint", self.worst(self.look(node, DAMAGED)))

    def test_parts_that_are_missing_are_missed(self):
        node = self.stopped_server()
        shutil.rmtree(node.log_directory)
        self.assertIn("log is missing", self.worst(self.look(node, DAMAGED)))
        node = self.stopped_server()
        os.remove(os.path.join(node.own_directory, "identity"))
        self.assertIn("identity is missing", self.worst(self.look(node, DAMAGED)))

    def test_the_log_of_another_server_is_foreign(self):
        node, other = self.stopped_server(), self.stopped_server()
        shutil.rmtree(node.log_directory)
        shutil.copytree(other.log_directory, node.log_directory)
        self.assertIn("another", self.worst(self.look(node, DAMAGED)))

    def test_what_a_later_version_wrote_is_named(self):
        node = self.stopped_server()
        log_files.make_newer(log_files.segments(node)[-1], copies=2)
        self.assertIn("newer version", self.worst(self.look(node, DAMAGED)))
        node = self.stopped_server()
        log_files.make_newer(os.path.join(node.own_directory, "identity"))
        self.assertIn("later version", self.worst(self.look(node, DAMAGED)))

    def test_a_server_that_runs_is_left_alone(self):
        node = self.node().start()
        self.session(node).must("create", path="/a", data=b"")
        code, text = doctor("--json", node.data_directory)
        report = json.loads(text)
        self.assertTrue(report["in_use"])
        self.assertIsNone(report["checkpoint"])
        self.assertIn("a server works on it now", self.worst(report, "warning"))
        self.assertEqual(code, WHOLE)
        self.session(node).must("create", path="/b", data=b"")

    def test_states_that_were_set_aside_are_told(self):
        node = self.stopped_server()
        os.mkdir(os.path.join(node.own_directory, "log.damaged-1"))
        self.assertEqual(self.look(node, WHOLE)["set_aside"], ["log.damaged-1"])

    def test_the_shell_calls_the_server_beside_it(self):
        shell = os.path.join(os.path.dirname(harness.PROGRAM), "conclave")
        if not os.path.exists(shell):
            self.skipTest("the shell is not built")
        done = subprocess.run([shell, "doctor", self.scratch], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (BAD_USAGE, doctor(self.scratch)[1]))

    def test_what_is_no_data_directory_is_bad_usage(self):
        code, text = doctor(self.scratch)
        self.assertEqual(code, BAD_USAGE)
        self.assert_says(text, "no readable folder")
        self.assertEqual(doctor()[0], BAD_USAGE)


if __name__ == "__main__":
    main()
