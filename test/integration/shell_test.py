#!/usr/bin/python3
"""The command conclave, one command at a time: shell_test.py CONCLAVED"""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import harness
import shells
from certificates import Authority
from ensembles import Ensemble


class ShellTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.node({"4lw.commands.whitelist": "*"}).start()

    def run_shell(self, *words, **options):
        return shells.run(self.server, *words, **options)

    def must(self, *words, **options):
        done = self.run_shell(*words, **options)
        self.assertEqual(done.code, 0, done)
        return done

    def must_fail(self, code, *words, **options):
        done = self.run_shell(*words, **options)
        self.assertEqual(done.code, code, done)
        self.assertEqual(done.output, "", done)
        return done.errors

    def fill(self, *paths):
        for path in paths:
            self.must("create", path, f"data of {path}")


class Commands(ShellTest):
    def test_a_node_is_created_read_written_and_deleted(self):
        self.assertEqual(self.must("create", "/a", "two words").output, "created /a\n")
        self.assertEqual(self.must("get", "/a").output, "two words\n")
        self.assertEqual(self.must("set", "/a", "other").output, "")
        self.assertEqual(self.must("get", "-n", "/a").output, "other")
        self.assertEqual(self.must("ls", "/").lines, ["a", "zookeeper"])
        self.assertEqual(self.must("delete", "/a").output, "")
        self.assertEqual(self.must("ls", "/").lines, ["zookeeper"])

    def test_exit_codes_tell_scripts_what_went_wrong(self):
        self.fill("/a", "/a/b")
        self.assertIn("usage", self.must_fail(2, "get"))
        self.assertIn("usage", self.must_fail(2, "get", "/a", "/b"))
        self.assertIn("usage", self.must_fail(2, "get", "-q", "/a"))
        self.assertIn("Path must start", self.must_fail(2, "get", "a"))
        self.assertIn("no such node", self.must_fail(4, "get", "/no"))
        self.assertIn("exists", self.must_fail(5, "create", "/a"))
        self.assertIn("children", self.must_fail(5, "delete", "/a"))
        self.assertIn("version", self.must_fail(5, "set", "-v", "7", "/a", "x"))
        self.must("setAcl", "/a/b", "world:anyone:ra")
        self.assertIn("not permitted", self.must_fail(6, "set", "/a/b", "x"))
        self.assertIn("no command", self.must_fail(127, "nosuch"))

    def test_a_server_that_is_not_there_is_said_in_time(self):
        with socket.create_server((harness.LOOPBACK, 0)) as unused:
            port = unused.getsockname()[1]
        done = shells.run(f"127.0.0.1:{port}", "ls", "/", options=("--connect-timeout", "200"))
        self.assertEqual(done.code, 3, done)
        self.assertIn(f"cannot reach 127.0.0.1:{port}: Connection refused", done.errors)

    def test_options_that_make_no_sense_are_refused(self):
        self.assertEqual(shells.run("host:port:no", "ls", "/").code, 2)
        self.assertEqual(self.run_shell("ls", "/", options=("--output", "xml")).code, 2)
        self.assertEqual(self.run_shell("ls", "/", options=("--auth", "nocolon")).code, 2)

    def test_a_chroot_is_put_before_every_path(self):
        self.fill("/app", "/app/x")
        self.assertEqual(shells.run(self.server.connect_string + "/app", "ls", "/").lines, ["x"])

    def test_json_is_one_line_for_each_answer(self):
        self.must("create", "/a", "text")
        node = self.must("get", "-s", "/a", options=("-o", "json")).json
        self.assertEqual(len(node), 1)
        self.assertEqual(node[0]["data"], {"encoding": "utf-8", "value": "text"})
        self.assertEqual(node[0]["stat"]["version"], 0)
        self.assertEqual(self.must("ls", "/", options=("-o", "json")).json, [{"names": ["a", "zookeeper"]}])
        error = json.loads(self.must_fail(4, "get", "/no", options=("-o", "json")))
        self.assertEqual((error["error"]["name"], error["error"]["path"]), ("NoNode", "/no"))

    def test_a_script_goes_on_behind_a_mistake_and_its_exit_code_tells(self):
        done = self.run_shell(stdin="# a comment\ncreate /a x\nget /no\n\nget /a\n")
        self.assertEqual(done.code, 4, done)
        self.assertEqual(done.lines, ["created /a", "x"])
        self.assertEqual(done.errors, "/no: there is no such node\n")

    def test_a_line_that_is_too_long_is_said(self):
        done = self.run_shell(stdin="create /a\n" + "x" * (65 << 20) + "\ncreate /b\n")
        self.assertEqual((done.code, done.output), (1, "created /a\n"), done.errors[:200])
        self.assertIn("line 2 of the input is longer than 64 MiB", done.errors)

    def test_a_session_that_follows_an_expired_one_has_its_identities(self):
        self.must("create", "/secret", "s", "auth::cdrwa", options=("--auth", "digest:bob:pw"))
        script = subprocess.Popen(
            [shells.program(), "--server", self.server.connect_string, "--timeout", "4000"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(script.wait)
        self.addCleanup(script.kill)
        with script.stdin, script.stdout, script.stderr:
            script.stdin.write("addauth digest bob:pw\nget /secret\n")
            script.stdin.flush()
            self.assertEqual(script.stdout.readline(), "s\n")
            script.send_signal(signal.SIGSTOP)
            harness.await_that(lambda: harness.metrics(self.server)["zk_global_sessions"] == "0", "it expires")
            script.send_signal(signal.SIGCONT)
            # Where the connection breaks under a request, that one fails; which, only the kernel knows.
            script.stdin.write("get /secret\n" * 3)
            script.stdin.close()
            self.assertEqual(script.stdout.readlines()[-1:], ["s\n"])
            self.assertIn("opening a new one", script.stderr.read())

    def test_identities_of_the_command_line_count_from_the_first_command_on(self):
        self.must("create", "/secret", "s", "auth::cdrwa", options=("--auth", "digest:bob:pw"))
        self.must_fail(6, "get", "/secret")
        self.assertEqual(self.must("get", "/secret", environment={"CONCLAVE_AUTH": "digest:bob:pw"}).output, "s\n")

    def test_a_single_command_leaves_no_session_behind(self):
        self.must("create", "-e", "/e")
        self.must_fail(4, "get", "/e")

    def test_watches_tell_what_happens_until_enough_was_seen(self):
        self.fill("/w")
        done = self.run_shell(stdin="addWatch /w\ncreate /w/a x\nset /w/a y\ndelete /w/a\n", options=("-o", "json"))
        events = [(line["event"], line["path"]) for line in done.json if "event" in line]
        self.assertEqual(events, [("created", "/w/a"), ("data_changed", "/w/a"), ("deleted", "/w/a")])


class Why(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.port = harness.free_port()
        self.server = self.node({"admin.enableServer": "true", "admin.serverPort": self.port}).start()
        self.endpoint = f"{harness.LOOPBACK}:{self.port}"

    def ask(self, *words, **options):
        return shells.run(self.server, "why", "-a", self.endpoint, *words, **options)

    def test_questions_are_answered(self):
        client = self.session(self.server)
        client.must("create", path="/l k")
        client.must("create", path="/l k/x-", flags=3)
        self.assertIn("there is a leader: server 1", self.ask("no-leader").output)
        lock = self.ask("lock", "/l k")
        self.assertEqual(lock.code, 0, lock)
        self.assertIn("/l k is held by x-0000000000", lock.output)
        client.must("closeSession")
        self.assertIn("was closed by its client", self.ask("session", f"{client.session_id:#x}").output)
        for question in ("sessions", "slow", "disk"):
            self.assertEqual(self.ask(question).code, 0, question)
        told = self.ask("slow", options=("-o", "json")).json
        self.assertIn("slowRequestThresholdMs", told[0]["answer"])

    def test_what_cannot_be_answered_is_said(self):
        self.assertEqual(self.ask("lock", "/none").code, 1)
        self.assertEqual(self.ask("nonsense").code, 2)
        self.assertEqual(self.ask("lock").code, 2)
        self.endpoint = f"{harness.LOOPBACK}:{harness.free_port()}"
        silent = self.ask("no-leader")
        self.assertEqual(silent.code, 3, silent)
        self.assertIn("-a says where it is", silent.errors)


class StrangeEndpoints(harness.TestCase):
    """What answers is no admin endpoint, or one of another time."""

    def ask(self, body, status="200 OK", host=harness.LOOPBACK, endpoint=None):
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.settimeout(harness.WAIT_S)

            def answer():
                with listener.accept()[0] as client:
                    client.recv(65536)
                    client.sendall(f"HTTP/1.1 {status}\r\n\r\n{body}".encode())

            thread = threading.Thread(target=answer)
            thread.start()
            port = listener.getsockname()[1]
            done = shells.run("127.0.0.1:1", "why", "-a", f"{endpoint or host}:{port}", "sessions")
            thread.join()
            return done

    def test_members_of_another_kind_are_passed_over(self):
        for body in ('{"answer": 5, "reasons": 7, "sessions": 3}', '{"answer": "yes", "sessions": {"a": [1]}}'):
            self.assertEqual(self.ask(body).code, 0, body)
        refused = self.ask('{"detail": [1]}', "503 Service Unavailable")
        self.assertEqual((refused.code, refused.errors), (1, "it was refused\n"))

    def test_what_is_no_json_is_said(self):
        self.assertIn("no admin endpoint", self.ask("<html>").errors)

    def test_a_long_answer_is_shown_whole(self):
        sessions = [{"session_id": f"{number:#x}", "how": "x" * 100} for number in range(20000)]
        done = self.ask(json.dumps({"answer": "many", "sessions": sessions}))
        self.assertEqual(done.code, 0, done.errors)
        self.assertIn("0x4e1f", done.lines[-1])

    def test_an_address_of_the_sixth_version_stands_in_brackets(self):
        self.assertEqual(self.ask('{"answer": "yes"}', host="::1", endpoint="[::1]").output, "yes\n")


class Trees(ShellTest):
    def setUp(self):
        super().setUp()
        self.fill("/t", "/t/a", "/t/a/x", "/t/b")

    def test_tree_draws_branches(self):
        self.assertEqual(self.must("tree", "/t").lines, ["/t", "├── a", "│   └── x", "└── b"])
        self.assertEqual(self.must("tree", "-L", "1", "/t").lines, ["/t", "├── a  1 children", "└── b"])
        self.assertIn("└── b  data of /t/b", self.must("tree", "-d", "/t").lines)

    def test_find_lists_what_matches(self):
        self.assertEqual(self.must("find", "-name", "[ax]", "/t").lines, ["/t/a", "/t/a/x"])
        self.assertEqual(self.must("find", "-empty", "/t").lines, ["/t/a/x", "/t/b"])
        self.assertEqual(self.must("find", "-text", "of /t/b", "/t").lines, ["/t/b"])
        self.assertEqual(self.must("find", "-ephemeral", "/t").lines, [])
        self.must_fail(4, "find", "/no")

    def test_cp_takes_data_and_lists_along(self):
        self.must("setAcl", "/t/a/x", "world:anyone:rwa")
        self.assertIn("-r takes them along", self.must_fail(2, "cp", "/t", "/copy"))
        self.must("cp", "-r", "/t", "/copy")
        self.assertEqual(self.must("get", "/copy/a/x").output, "data of /t/a/x\n")
        self.assertEqual(self.must("diff", "-acl", "/t", "/copy").output, "no differences\n")
        self.assertIn("exists", self.must_fail(5, "cp", "-r", "/t", "/copy"))
        self.must("set", "/t/b", "newer")
        self.must("cp", "-r", "-f", "/t", "/copy")
        self.assertEqual(self.must("get", "/copy/b").output, "newer\n")
        self.must_fail(2, "cp", "-r", "/t", "/t/a/inside")

    def test_cp_to_a_place_that_exists_writes_nothing(self):
        self.fill("/target")
        self.assertIn("/target: ", self.must_fail(5, "cp", "-r", "/t", "/target"))
        self.assertEqual(self.must("find", "/target").lines, ["/target"])
        self.assertEqual(self.must("get", "/target").output, "data of /target\n")

    def test_mv_of_much_to_a_place_that_exists_writes_nothing(self):
        self.fill("/target")
        self.run_shell(stdin="".join(f"create /t/b/n{number}\n" for number in range(1001)))
        self.must_fail(5, "mv", "/t", "/target")
        self.assertEqual(self.must("find", "/target").lines, ["/target"])
        self.assertEqual(self.must("getAllChildrenNumber", "/t").output, "1004\n")

    def test_cp_f_names_the_node_that_may_not_be_changed(self):
        self.must("cp", "-r", "/t", "/copy")
        self.must("setAcl", "/copy/a/x", "world:anyone:crwd")
        self.assertIn("/copy/a/x: ", self.must_fail(6, "cp", "-r", "-f", "/t", "/copy"))

    def test_mv_moves_all_or_nothing(self):
        self.assertIn("as one", self.must("mv", "/t", "/moved").output)
        self.assertEqual(self.must("find", "/moved").lines, ["/moved", "/moved/a", "/moved/a/x", "/moved/b"])
        self.must_fail(4, "get", "/t")
        self.fill("/target")
        self.must_fail(5, "mv", "/moved", "/target")
        self.assertEqual(len(self.must("find", "/moved").lines), 4)

    def test_rm_asks_for_r(self):
        self.must_fail(2, "rm", "/t")
        self.must("rm", "-r", "/t")
        self.must_fail(4, "rm", "-r", "/t")
        self.must("rm", "-r", "-f", "/t")
        self.must_fail(2, "rm", "-r", "/")

    def test_deleteall_of_more_nodes_than_a_transaction(self):
        self.run_shell(stdin="".join(f"create /t/n{number}\n" for number in range(300)))
        self.must("deleteall", "/t", "-b", "7")
        self.must_fail(4, "get", "/t")

    def test_export_and_import_keep_data_lists_and_modes(self):
        self.must("create", "/t/c")
        self.must("set", "-b", "/t/b", "/w==")
        self.must("setAcl", "/t/a", "world:anyone:crwa")
        file = os.path.join(self.scratch, "tree.json")
        self.assertIn("exported 5 nodes", self.must("export", "/t", file).output)
        with open(file, encoding="utf-8") as text:
            nodes = {node["path"]: node for node in json.load(text)["nodes"]}
        self.assertEqual((nodes["c"]["mode"], nodes["c"]["data"]), ("persistent", None))
        self.assertEqual(nodes["b"]["data"], {"encoding": "base64", "value": "/w=="})
        self.assertIn("imported 5 nodes", self.must("import", "/again", file).output)
        self.assertEqual(self.must("diff", "-acl", "/t", "/again").output, "no differences\n")
        self.must_fail(5, "import", "/again", file)
        self.must("import", "-f", "/again", file)
        self.assertIn("5 nodes would", self.must("import", "-n", "/elsewhere", file).output)
        self.must_fail(4, "get", "/elsewhere")
        self.assertEqual(self.must("import", "/piped", "-", stdin=self.must("export", "/t").output).code, 0)

    def test_import_refuses_what_export_has_not_written(self):
        for text in ("", "{", "[]", '{"format": "conclave-subtree", "version": 1, "nodes": [{"path": "a//b"}]}',
                     '{"format": 1, "version": 1, "nodes": []}', '{"format": "conclave-subtree", "version": "1", "nodes": []}'):
            file = os.path.join(self.scratch, "bad.json")
            with open(file, "w", encoding="utf-8") as bad:
                bad.write(text)
            self.assertNotIn("exception", self.must_fail(1, "import", "/x", file))
            script = self.run_shell(stdin=f"import /x {file}\ncreate /behind-it\ndelete /behind-it\n")
            self.assertEqual((script.code, script.lines), (1, ["created /behind-it"]), script)

    def test_export_keeps_an_earlier_file_until_it_has_a_whole_one(self):
        file = os.path.join(self.scratch, "tree.json")
        link = os.path.join(self.scratch, "link.json")
        os.symlink("tree.json", link)
        self.must("export", "/t/b", file)
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        with open(file, encoding="utf-8") as text:
            earlier = text.read()
        self.must("setAcl", "/t/a", "world:anyone:cdwa")
        self.must_fail(6, "export", "/t", file)
        with open(file, encoding="utf-8") as text:
            self.assertEqual(text.read(), earlier)
        self.must("setAcl", "/t/a", "world:anyone:cdrwa")
        self.must("export", "/t", link)
        self.assertTrue(os.path.islink(link))
        with open(file, encoding="utf-8") as text:
            self.assertEqual(len(json.load(text)["nodes"]), 4)
        self.assertEqual(sorted(os.listdir(self.scratch)).count("tree.json.new"), 0)
        self.assertIn("conclave-subtree", self.must("export", "/t", "/dev/stdout").output)
        self.assertIn("No such file or directory", self.must_fail(1, "export", "/t", "/no/such/place"))

    def test_diff_tells_both_sides(self):
        self.must("cp", "-r", "/t", "/u")
        self.must("create", "/t/left")
        self.must("create", "/u/right")
        self.must("set", "/u/b", "other")
        done = self.run_shell("diff", "/t", "/u")
        self.assertEqual(done.code, 10, done)
        self.assertEqual(done.lines, ["< /left", "> /right", '! /b  data: "data of /t/b" and "other"'])

    def test_diff_compares_two_ensembles(self):
        other = self.node().start()
        done = self.run_shell("diff", "-with", other.connect_string, "/t", "/")
        self.assertEqual(done.code, 10, done)
        self.assertIn("< /a/x", done.lines)
        self.assertEqual(self.must("diff", "-with", self.server.connect_string, "/t").output, "no differences\n")

    def test_edit_writes_what_the_editor_has_made_of_it(self):
        editor = os.path.join(self.scratch, "editor")
        with open(editor, "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\nsed -i s/data/text/ "$1"\n')
        os.chmod(editor, 0o755)
        self.assertEqual(self.must("edit", "/t/b", environment={"EDITOR": editor}).output, "wrote version 1\n")
        self.assertEqual(self.must("get", "/t/b").output, "text of /t/b\n")
        self.assertEqual(self.must("edit", "/t/b", environment={"EDITOR": "true"}).output, "nothing was changed\n")
        self.must_fail(1, "edit", "/t/b", environment={"EDITOR": "false"})

    def test_edit_keeps_what_was_saved_before_the_editor_failed(self):
        editor = os.path.join(self.scratch, "editor")
        with open(editor, "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\necho mine > "$1"\nexit 1\n')
        os.chmod(editor, 0o755)
        errors = self.must_fail(1, "edit", "/t/b", environment={"EDITOR": editor, "TMPDIR": self.scratch})
        with open(errors.split()[-1], encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine\n")
        self.assertEqual(self.must("get", "/t/b").output, "data of /t/b\n")

    def test_edit_leaves_no_file_behind_that_holds_nothing_new(self):
        before = sorted(os.listdir(self.scratch))
        self.must_fail(1, "edit", "/t/b", environment={"EDITOR": "false", "TMPDIR": self.scratch})
        self.assertEqual(sorted(os.listdir(self.scratch)), before)

    def test_edit_does_not_write_over_others(self):
        editor = os.path.join(self.scratch, "editor")
        with open(editor, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\n{shells.program()} -s {self.server.connect_string} set /t/b theirs\n'
                         'echo mine > "$1"\n')
        os.chmod(editor, 0o755)
        errors = self.must_fail(5, "edit", "/t/b", environment={"EDITOR": editor, "TMPDIR": self.scratch})
        self.assertEqual(self.must("get", "/t/b").output, "theirs\n")
        kept = errors.split()[-1]
        with open(kept, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine\n")


class ClosedNodes(ShellTest):
    """/t/closed may not be read, and what is below it is not listed."""

    def setUp(self):
        super().setUp()
        self.fill("/t", "/t/a", "/t/closed", "/t/closed/below", "/t/z")
        self.must("setAcl", "/t/closed", "world:anyone:cdwa")

    def acl_of(self, path):
        return self.must("getAcl", path, options=("-o", "json", "--auth", "digest:bob:pw")).json[0]["acl"]

    def test_setacl_r_opens_them_and_goes_on_below(self):
        self.must("setAcl", "-R", "/t", "auth::cdrwa,world:anyone:r", options=("--auth", "digest:bob:pw"))
        self.assertEqual(self.acl_of("/t/closed/below"), self.acl_of("/t"))

    def test_setacl_r_says_where_it_could_not_go_on(self):
        self.assertIn("/t/closed: ", self.must_fail(6, "setAcl", "-R", "/t", "world:anyone:cdwa"))

    def test_setacl_r_may_take_the_right_to_list_away(self):
        self.must("setAcl", "/t/closed", "world:anyone:cdrwa")
        self.must("setAcl", "-R", "/t", "world:anyone:wa")
        self.must_fail(6, "get", "/t/closed/below")
        self.must_fail(6, "get", "/t/z")

    def test_ls_r_and_find_show_what_they_can_and_say_that_it_is_not_all(self):
        for command in (("ls", "-R"), ("find",)):
            done = self.run_shell(*command, "/t")
            self.assertEqual((done.code, done.lines), (6, ["/t", "/t/a", "/t/closed", "/t/z"]), done)
            self.assertIn("/t/closed: ", done.errors)

    def test_find_by_text_goes_on_behind_them(self):
        done = self.run_shell("find", "-text", "data", "/t")
        self.assertEqual((done.code, done.lines), (6, ["/t", "/t/a", "/t/z"]), done)

    def test_what_is_not_known_of_them_is_not_taken_for_nothing(self):
        self.assertEqual(self.run_shell("find", "-empty", "/t").lines, ["/t/a", "/t/z"])
        self.assertEqual(self.run_shell("find", "-persistent", "/t").lines, ["/t", "/t/a", "/t/z"])

    def test_tree_with_data_draws_them_without(self):
        self.assertEqual(self.must("tree", "-d", "/t").lines,
                         ["/t  data of /t", "├── a  data of /t/a", "├── closed  not permitted", "└── z  data of /t/z"])

    def test_zkcli_stops_there(self):
        done = self.run_shell("ls", "-R", "/t", options=("--zkcli",))
        self.assertEqual(done.code, 1, done)
        self.assertEqual(done.lines[-4:], ["/t", "/t/a", "/t/closed", "/t/z"])
        self.assertIn("Insufficient permission : /t/closed", done.errors)


class Ownership(ShellTest):
    def hold(self, *words):
        """A shell whose program waits until its stdin ends; it says so when it runs."""
        held = subprocess.Popen(
            [shells.program(), "--server", self.server.connect_string, *words, "--", "sh", "-c",
             "echo token $CONCLAVE_FENCING_TOKEN; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(held.wait)
        for stream in (held.stdout, held.stderr, held.stdin):
            self.addCleanup(stream.close)
        self.addCleanup(held.kill)
        return held

    def test_a_program_runs_while_the_lock_is_held(self):
        held = self.hold("lock", "/lock")
        self.assertRegex(held.stdout.readline(), "^token 0x[0-9a-f]+$")
        self.assertIn("somebody else", self.must_fail(5, "lock", "-t", "0", "/lock", "--", "true"))
        self.assertIn("somebody else", self.must_fail(5, "lock", "-t", "100", "/lock", "--", "true"))
        held.stdin.close()
        self.assertEqual(held.wait(harness.WAIT_S), 0)
        self.must("lock", "-t", "0", "/lock", "--", "true")

    def test_the_exit_code_is_that_of_the_program(self):
        self.assertEqual(self.must_fail(42, "lock", "/lock", "--", "sh", "-c", "exit 42"), "")
        self.assertEqual(self.must("lock", "/lock", "echo", "-n", "no dashes needed").output, "no dashes needed")
        self.must_fail(2, "lock", "/lock")
        self.assertIn("cannot be run", self.must_fail(1, "lock", "/lock", "--", "/no/such/program"))

    def test_a_program_is_told_to_end_when_the_lock_is_lost(self):
        held = self.hold("lock", "/lock")
        held.stdout.readline()
        self.must("deleteall", "/lock")
        self.assertEqual(held.wait(harness.WAIT_S), 1)
        self.assertIn("was lost", held.stderr.read())

    def test_a_shell_that_is_told_to_end_ends_its_program_and_gives_the_lock_back(self):
        for told in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            held = self.hold("lock", "/lock")
            held.stdout.readline()
            held.send_signal(told)
            self.assertEqual(held.wait(harness.WAIT_S), 128 + told)
            self.assertEqual(held.stdout.read(), "")  # the end: nobody has it any more
            self.must("lock", "-t", "0", "/lock", "--", "true")

    def test_a_program_that_takes_its_time_to_end_has_the_lock_until_then(self):
        program = ("import signal, sys\n"
                   "signal.signal(signal.SIGTERM, lambda *_: print('told', flush=True))\n"
                   "print('ready', flush=True)\n"
                   "sys.stdin.read()\n"
                   "sys.exit(7)\n")
        held = subprocess.Popen(
            [shells.program(), "--server", self.server.connect_string, "lock", "/lock", "--", sys.executable, "-c",
             program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(held.kill)
        with held.stdout, held.stdin:
            self.assertEqual(held.stdout.readline(), "ready\n")
            held.terminate()
            self.assertEqual(held.stdout.readline(), "told\n")
            self.assertIn("somebody else", self.must_fail(5, "lock", "-t", "0", "/lock", "--", "true"))
            held.stdin.close()
            self.assertEqual(held.wait(harness.WAIT_S), 7)

    def test_a_script_goes_no_further_when_it_is_told_to_end(self):
        script = "lock /lock -- sh -c 'kill -TERM $PPID; exec sleep 1000'\ncreate /not\n"
        self.assertEqual(self.run_shell(stdin=script).code, 128 + signal.SIGTERM)
        self.must_fail(4, "get", "/not")

    def test_a_program_ends_when_its_shell_is_killed(self):
        held = self.hold("lock", "/lock")
        held.stdout.readline()
        held.kill()
        self.assertEqual(held.stdout.read(), "")

    def test_one_that_waits_and_is_told_to_end_leaves_the_queue(self):
        holder = self.hold("lock", "/lock")
        holder.stdout.readline()
        waiting = self.hold("lock", "/lock")
        harness.await_that(lambda: len(self.must("ls", "/lock").lines) == 2, "the second waits")
        waiting.terminate()
        self.assertEqual(waiting.wait(harness.WAIT_S), 128 + signal.SIGTERM)
        self.assertEqual(len(self.must("ls", "/lock").lines), 1)

    def test_candidates_lead_one_after_the_other(self):
        first = self.hold("elect", "-id", "first", "/election")
        token = int(first.stdout.readline().split()[1], 16)
        second = self.hold("elect", "-id", "second", "/election")
        harness.await_that(lambda: len(self.must("ls", "/election").lines) == 2, "the second candidate stands")
        first.stdin.close()
        self.assertGreater(int(second.stdout.readline().split()[1], 16), token)
        second.stdin.close()
        self.assertEqual((first.wait(harness.WAIT_S), second.wait(harness.WAIT_S)), (0, 0))


class Ensembles(ShellTest):
    def test_status_shows_every_server_and_fails_if_one_is_down(self):
        rows = self.must("status", options=("-o", "json")).json[0]
        self.assertEqual([(row["server"], row["mode"]) for row in rows], [(self.server.connect_string, "standalone")])
        with socket.create_server((harness.LOOPBACK, 0)) as unused:
            dead = f"127.0.0.1:{unused.getsockname()[1]}"
        done = shells.run(f"{self.server.connect_string},{dead}", "status")
        self.assertEqual(done.code, 3, done)
        self.assertIn("down: Connection refused", done.output)

    def test_bench_measures_and_cleans_up(self):
        rows = self.must("bench", "-n", "200", "-c", "10", options=("-o", "json")).json[0]
        self.assertEqual([row["operation"] for row in rows], ["create", "set", "get", "delete"])
        self.assertTrue(all(row["count"] == "200" for row in rows), rows)
        self.assertEqual(self.must("ls", "/").lines, ["zookeeper"])


class Encrypted(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(os.path.join(self.scratch, "certificates"))
        key = self.authority.issue("server")
        self.port = harness.free_port()
        self.node({"secureClientPort": self.port, "secureClientPortAddress": harness.LOOPBACK,
                   "ssl.keyStore.location": key + ".pem", "ssl.trustStore.location": self.authority.certificate}).start()
        self.client = self.authority.issue("client") + ".pem"

    def ls(self, *options, limit_ms=10000):
        return shells.run(f"localhost:{self.port}", "ls", "/", options=("--connect-timeout", str(limit_ms), *options))

    def test_files_of_the_command_line(self):
        done = self.ls("--tls-ca", self.authority.certificate, "--tls-certificate", self.client, "--tls-key", self.client)
        self.assertEqual((done.code, done.lines), (0, ["zookeeper"]), done)

    def test_the_properties_of_zookeepers_clients(self):
        file = os.path.join(self.scratch, "client.properties")
        with open(file, "w", encoding="utf-8") as properties:
            properties.write(f"zookeeper.client.secure=true\n"
                             f"zookeeper.ssl.keyStore.location={self.client}\n"
                             f"zookeeper.ssl.trustStore.location={self.authority.certificate}\n")
        done = self.ls("-client-configuration", file)
        self.assertEqual((done.code, done.lines), (0, ["zookeeper"]), done)

    def test_a_server_that_nobody_vouches_for_is_refused(self):
        other = Authority(os.path.join(self.scratch, "others"), "other").certificate
        done = self.ls("--tls-ca", other, "--tls-certificate", self.client, "--tls-key", self.client, limit_ms=2000)
        self.assertEqual(done.code, 3, done)
        self.assertIn("certificate verify failed", done.errors)

    def test_files_that_cannot_be_used_are_named(self):
        done = self.ls("--tls-ca", "/no/such/file.pem")
        self.assertEqual(done.code, 2, done)
        self.assertIn("/no/such/file.pem", done.errors)


class Reconfiguration(harness.TestCase):
    SUPER_DIGEST = "super:" + base64.b64encode(hashlib.sha1(b"super:secret").digest()).decode()

    def test_members_are_shown_and_changed(self):
        ensemble = Ensemble(self, {"reconfigEnabled": "true",
                                   "DigestAuthenticationProvider.superDigest": self.SUPER_DIGEST})
        ensemble.start()
        ensemble.await_all_serve()
        one = ensemble.nodes[0]
        rows = shells.run(ensemble.addresses(), "status", options=("-o", "json"))
        self.assertEqual(rows.code, 0, rows)
        self.assertEqual(sorted(row["mode"] for row in rows.json[0]), ["follower", "follower", "leader"])

        self.assertEqual(shells.run(one, "config").output.count("server."), 3)
        version, addresses = shells.run(one, "config", "-c").output.split()
        self.assertEqual(len(addresses.split(",")), 3)

        refused = shells.run(one, "reconfig", "-remove", "3")
        self.assertEqual(refused.code, 6, refused)
        leaving = str(1 + ensemble.index(ensemble.followers()[0]))
        as_super = ("--auth", "digest:super:secret")
        stale = shells.run(one, "reconfig", "-v", "7", "-remove", leaving, options=as_super)
        self.assertEqual(stale.code, 5, stale)
        two = ("-remove", "1", "-remove", "2")
        self.assertEqual(shells.run(ensemble.leader(), "reconfig", *two, options=as_super).code, 1)  # too few stay
        done = shells.run(ensemble.leader(), "reconfig", "-v", version, "-remove", leaving, options=as_super)
        self.assertEqual(done.code, 0, done)
        self.assertTrue(done.output.startswith("Committed new configuration:\n"), done)
        self.assertEqual(done.output.count("server."), 2)


if __name__ == "__main__":
    harness.main()
