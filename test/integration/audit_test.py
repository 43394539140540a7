#!/usr/bin/python3
"""The audit log of a running server: audit_test.py CONCLAVED

That its lines are those of ZooKeeper is checked beside the real one (test/interop/audit_test.py).
"""

import http.client
import os
import re

import harness
from harness import LOOPBACK, TestCase, await_that, free_port


class Audited(TestCase):

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.scratch, "audit")
        self.server = self.node({"audit.enable": "true", "audit.logFile": self.path}).start()

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def await_line(self, pattern):
        return await_that(lambda: re.search(pattern, self.text()), f"a line with {pattern}")


class WithFile(Audited):

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

    def test_a_file_that_cannot_be_opened_again_is_told(self):
        folder = os.path.join(self.scratch, "logs")
        os.mkdir(folder)
        self.path = os.path.join(folder, "audit")
        server = self.node({"audit.enable": "true", "audit.logFile": self.path}).start()
        session = self.session(server)
        session.must("create", path="/before")
        self.await_line("znode=/before\t")
        os.rename(folder, folder + "-moved")
        session.must("create", path="/lost")
        server.await_log("cannot be written, and lacks what happens meanwhile")
        os.rename(folder + "-moved", folder)
        session.must("create", path="/after")
        self.await_line("ERROR audit: operation=eventsLost\tcount=[1-9][0-9]*\n(.*\n)*.*znode=/after\t")
        self.assertNotIn("znode=/lost", self.text())

    def test_nothing_is_lost_of_many(self):
        session = self.session(self.server)
        for number in range(3000):
            session.start("create", path=f"/n{number}")
        for _ in range(3000):
            session.reply()
        self.assertEqual(self.server.terminate(), 0)
        self.assertEqual(len(re.findall(r"operation=create\t", self.text())), 3000)


class OverHttp(Audited):
    """What operators do by the admin endpoint."""

    token = "0123456789abcdef"

    def setUp(self):
        super().setUp()
        self.server.terminate()
        token_file = os.path.join(self.scratch, "token")
        with open(token_file, "w", encoding="ascii") as file:
            file.write(self.token)
        self.port = free_port()
        self.server.settings.update({"admin.enableServer": "true", "admin.serverPort": self.port,
                                     "admin.enableWrites": "true", "admin.tokenFile": token_file})
        self.server.start()

    def ask(self, method, target, token, body=None):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=harness.WAIT_S)
        connection.request(method, target, body, {"Authorization": "Bearer " + token})
        status = connection.getresponse().status
        connection.close()
        return status

    def test_what_they_change_and_who_was_refused(self):
        session = self.session(self.server)
        self.assertEqual(self.ask("DELETE", f"/v1/sessions/{session.session_id:#x}", self.token), 204)
        self.await_line(r"INFO audit: user=127\.0\.0\.1,operator\tip=127\.0\.0\.1\toperation=endSession\t"
                        rf"target={session.session_id:#x}\tresult=success\n")
        self.assertEqual(self.ask("PUT", "/v1/log-level", self.token, '{"level": "info"}'), 200)
        self.await_line(r"operation=setLogLevel\ttarget=info\tresult=success\n")
        self.assertEqual(self.ask("GET", "/v1/status", "guessed"), 401)
        self.await_line(r"ERROR audit: user=127\.0\.0\.1\tip=127\.0\.0\.1\toperation=adminAuth\t"
                        r"target=GET /v1/status\tresult=failure\n")


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
