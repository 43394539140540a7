#!/usr/bin/python3
"""The command conclave in place of zkCli.sh: shell_test.py CONCLAVE SERVER SCRATCH

CONCLAVE is the path of the command; SERVER that of conclaved, or the word `zookeeper` for the real one. The commands
and what they must print are those of zkcli_test.py, so both shells are held to the same text; two tests run the real
zkCli.sh beside it and compare.
"""

import os
import re
import subprocess
import sys
import unittest

from servers import is_zookeeper_installed, make_server
from zkcli_test import EVENTS, JVM, ONE_SHOT, SESSION, TIMEOUT_S, ZKCLI, Shell, normalised, run_one_shot, run_session

CONCLAVE, SERVER, SCRATCH = None, None, None
SKIPPED = 77

SCRIPT = """create /a one
create -e /a/e two
ls /
ls -s /a
get -s /a
set -s /a three
stat /a/e
getAcl -s /a
get /missing
nosuch
ls
get -w /a
set /a four
setquota -n 5 /a
listquota /a
delquota /a
getAllChildrenNumber /
getEphemerals /a
ls -R /
sync /a
printwatches off
get -w /a
set /a five
printwatches
get /a watch
delete /a 7
create -s -c /a/x
create /relative/../path
getAcl nowhere
setAcl /a world:anyone:r
history
redo 2
redo 400
addauth digest bob:secret
whoami
deleteall /a
create /q 0123456789
addWatch -m persistent /q
addWatch -m nosuch /q
setquota -n 0 /q
setquota -n many /q
setquota -n 3000000000 /q
setquota -n 1 /zookeeper/quotas
create /q/one 1
setquota -b=1 /q
setquota -n 1 /q
listquota /q
set -v=0 /q x
get /q
create /q/closed
create /q/closed/below
setAcl /q/closed world:anyone:cda
ls -R /q
setAcl -R /q world:anyone:cda
getAcl /q/one
setAcl -R /q/closed world:anyone:cdrwa
close
ls /
quit
"""

QUIT_AFTER_A_MISTAKE = "get /missing\nquit\n"


def exact():
    return (CONCLAVE, "--zkcli")


def run_script(shell, script):
    """What a shell prints on stdout for a script on its stdin, on a new server, and its exit code."""
    with make_server(SERVER, SCRATCH) as server:
        done = subprocess.run(
            [*shell, "-server", server.connect_string],
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=TIMEOUT_S,
            env=dict(os.environ, **JVM),
        )
        return comparable(done.stdout, server), done.returncode


def comparable(text, server):
    """Lines in which two runs may differ only if the shells do. ZooKeeper 3.9 adds the zxid to events, which 3.8 did
    not; identities come in no particular order."""
    lines = []
    for line in text.replace(server.connect_string, "SERVER").splitlines():
        line = re.sub(r"^(WatchedEvent .*) zxid: -?\d+$", r"\1", normalised(line))
        line = re.sub(r"^(ephemeralOwner) = 0x[0-9a-f]{5,}$", r"\1 = <session>", line)
        if not line.startswith("SLF4J:"):
            lines.append(line)
    return lines


class ExactMode(unittest.TestCase):
    maxDiff = None

    def test_a_session_gives_the_text_of_zkcli(self):
        with make_server(SERVER, SCRATCH) as server:
            outputs, events, code, rest, version, history = run_session(server, exact())
        for (command, expected), (_, output) in zip(SESSION, outputs):
            with self.subTest(command):
                self.assertEqual(output, expected)
        self.assertEqual(events, EVENTS)
        self.assertEqual((code, rest), (0, []))
        self.assertTrue(version[0].startswith("ZooKeeper CLI version: 3.9"), version)
        self.assertTrue(all(re.match(r"\d+ - ", line) for line in history), history)

    def test_a_script_gives_the_same_output_as_with_zkcli(self):
        if not is_zookeeper_installed():
            self.skipTest("zkCli.sh is not installed")
        ours = run_script(exact(), SCRIPT)
        theirs = run_script(ZKCLI, SCRIPT)
        self.assertEqual(ours, theirs)

    def test_quit_ends_with_what_the_command_before_it_gave(self):
        self.assertEqual(run_script(exact(), QUIT_AFTER_A_MISTAKE)[1], 1)
        self.assertEqual(run_script(exact(), "get /missing\nls /\nquit\n")[1], 0)
        if is_zookeeper_installed():
            self.assertEqual(run_script(ZKCLI, QUIT_AFTER_A_MISTAKE)[1], 1)

    def test_options_of_later_versions_are_passed_over(self):
        with make_server(SERVER, SCRATCH) as server:
            for shell in (exact(), ZKCLI) if is_zookeeper_installed() else (exact(),):
                done = subprocess.run([*shell, "-later", "-server", server.connect_string, "ls", "/"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=TIMEOUT_S,
                                      env=dict(os.environ, **JVM))
                self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "[zookeeper]"))

    def test_single_commands_and_their_exit_codes(self):
        with make_server(SERVER, SCRATCH) as server:
            for arguments, expected_code, expected in ONE_SHOT:
                with self.subTest(" ".join(arguments)):
                    code, output = run_one_shot(server, arguments, exact())
                    self.assertEqual(code, expected_code, output)
                    if expected is not None:
                        self.assertEqual(output, expected)

    def test_an_ephemeral_of_a_shell_that_quits_is_gone(self):
        with make_server(SERVER, SCRATCH) as server:
            shell = Shell(server, exact())
            self.assertEqual(shell.run("create -e /e"), ["Created /e"])
            shell.quit()
            self.assertEqual(run_one_shot(server, ("ls", "/"), exact()), (0, ["[zookeeper]"]))

    def test_a_shell_survives_a_restart_of_the_server(self):
        server = make_server(SERVER, SCRATCH).start()
        try:
            shell = Shell(server, exact())
            self.assertEqual(shell.run("create -e /e kept"), ["Created /e"])
            self.assertEqual(shell.run("get -w /e"), ["kept"])
            server.kill()
            server.start()
            self.assertEqual(shell.run("get /e"), ["kept"])
            self.assertEqual(shell.run("set /e again"), [])
            shell.quit()
            self.assertIn("Disconnected None null", shell.events)
            self.assertIn("SyncConnected NodeDataChanged /e", shell.events)
        finally:
            server.stop()


if __name__ == "__main__":
    CONCLAVE, SERVER, SCRATCH = sys.argv[1:4]
    if SERVER == "zookeeper" and not is_zookeeper_installed():
        print("the real ZooKeeper is not installed")
        sys.exit(SKIPPED)
    os.makedirs(SCRATCH, exist_ok=True)
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
