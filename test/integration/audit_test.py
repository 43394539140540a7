#!/usr/bin/python3
"""The audit log of a running server: audit_test.py CONCLAVED

That its lines are those of ZooKeeper is checked beside the real one (test/interop/audit_test.py).
"""

import os
import re

import harness
from harness import TestCase, await_that


class WithFile(TestCase):

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.scratch, "audit")
        self.server = self.node({"audit.enable": "true", "audit.logFile": self.path}).start()

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def await_line(self, pattern):
        return await_that(lambda: re.search(pattern, self.text()), f"a line with {pattern}")

    def test_changes_and_logins_are_recorded(self):
        session = self.session(self.server)
        session.must("auth", scheme="digest", auth=b"bob:hunter2hunter2")
        session.must("create", path="/a", flags=1)
        session.call("delete", path="/none")
        who = fr"session={session.session_id:#x}\tuser=127\.0\.0\.1,bob\tip=127\.0\.0\.1\t"
        self.await_line(r"INFO audit: " + who + r"operation=addAuth\tresult=success\n")
        self.await_line(r"INFO audit: " + who + r"operation=create\tznode=/a\tznode_type=ephemeral\tresult=success\n")
        self.await_line(r"ERROR audit: " + who + r"operation=delete\tznode=/none\tresult=failure\n")
        self.assertNotIn("hunter2", self.text())
        session.must("closeSession")
        self.await_line(r"operation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=/a\tresult=success\n")

    def test_start_and_stop_are_recorded(self):
        self.await_line(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO audit: user=\w+\toperation=serverStart\tresult=success\n")
        self.assertEqual(self.server.terminate(), 0)
        self.assertRegex(self.text(), r"operation=serverStop\tresult=invoked\n$")

    def test_a_path_cannot_make_up_a_field(self):
        session = self.session(self.server)
        self.assertNotEqual(session.call("create", path="/a\tresult=success")["err"], 0)
        self.await_line(r"znode=/a\\u0009result=success\tznode_type=persistent\tresult=failure\n")

    def test_a_file_that_was_moved_away_is_begun_anew(self):
        session = self.session(self.server)
        session.must("create", path="/before")
        self.await_line("znode=/before\t")
        os.rename(self.path, self.path + ".1")
        session.must("create", path="/after")
        await_that(lambda: os.path.exists(self.path) and "znode=/after\t" in self.text(), "a new file")
        self.assertNotIn("/before", self.text())

    def test_nothing_is_lost_of_many(self):
        session = self.session(self.server)
        for number in range(3000):
            session.start("create", path=f"/n{number}")
        for _ in range(3000):
            session.reply()
        self.assertEqual(self.server.terminate(), 0)
        self.assertEqual(len(re.findall(r"operation=create\t", self.text())), 3000)


class WithoutFile(TestCase):

    def test_lines_go_to_the_log(self):
        server = self.node({"audit.enable": "true"}).start()
        self.session(server).must("create", path="/a")
        server.await_log("\toperation=create\tznode=/a\tznode_type=persistent\tresult=success")

    def test_a_file_that_cannot_be_written_keeps_it_from_starting(self):
        server = self.node({"audit.enable": "true", "audit.logFile": "/none/such/audit"})
        self.assert_says(server.refuses_to_start(), "audit.logFile=/none/such/audit cannot be written")


if __name__ == "__main__":
    harness.main()
