#!/usr/bin/python3
"""zkCli.sh, the Java shell that Debian packages, against a server: zkcli_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved, or the word `zookeeper` to check this test against the real server. Each command's
output is compared with what the protocol page (section 13) and the real server say; a second test runs the same
commands on the real server and compares the two transcripts.
"""

import os
import re
import subprocess
import sys
import unittest

from servers import ZK_SCRIPTS, ZooKeeper, make_server

PROGRAM, SCRATCH = None, None
ZKCLI = (os.path.join(ZK_SCRIPTS, "zkCli.sh"),)
TIMEOUT_S = 60
JVM = {"CLIENT_JVMFLAGS": "-Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
NOISE = ("SLF4J:", "JLine support is disabled", "Welcome to ZooKeeper!", "Connecting to ", "WATCHER::")
MARKER = "printwatches is on"


def normalised(line):
    """Zxids and times as what they are; everything else must be equal."""
    line = re.sub(r"^([cmp]Zxid) = 0x[0-9a-f]+$", r"\1 = <zxid>", line)
    return re.sub(r"^([cm]time) = \w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}$", r"\1 = <time>", line)


def stat(cversion=0, version=0, acl_version=0, length=0, children=0, owner="0x0"):
    """The stat block, in its order."""
    return [
        "cZxid = <zxid>",
        "ctime = <time>",
        "mZxid = <zxid>",
        "mtime = <time>",
        "pZxid = <zxid>",
        f"cversion = {cversion}",
        f"dataVersion = {version}",
        f"aclVersion = {acl_version}",
        f"ephemeralOwner = {owner}",
        f"dataLength = {length}",
        f"numChildren = {children}",
    ]


OPEN = ["'world,'anyone", ": cdrwa"]
QUOTA_OF_Q = "absolute path is /zookeeper/quota/q/zookeeper_limits"

# command, expected output without blank lines and watch events
SESSION = (
    ("create /a one", ["Created /a"]),
    ("create /a two", ["Node already exists: /a"]),
    ('create /a/b "two words"', ["Created /a/b"]),
    ("create -s /a/s- x", ["Created /a/s-0000000001"]),
    ("create -e /a/e x", ["Created /a/e"]),
    ("create -s -e /a/se- x", ["Created /a/se-0000000003"]),
    ("create -c /a/c", ["Created /a/c"]),
    ("create -c -s /a/c", ["-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential."]),
    ("create -t 1000 /a/t x", ["KeeperErrorCode = Unimplemented for /a/t"]),
    ("create -t 0 /a/t x", ["ttl must be positive and cannot be larger than: 1099511627775"]),
    ("create /no/x", ["Node does not exist: /no/x"]),
    ("create nope x", ["Path must start with / character"]),
    ("create /a/e/x y", ["Ephemerals cannot have children: /a/e/x"]),
    ("create /nodata", ["Created /nodata"]),
    ("get /nodata", ["null"]),
    ("ls /", ["[a, nodata, zookeeper]"]),
    ("ls -s /a", ["[b, c, e, s-0000000001, se-0000000003]"] + stat(5, length=3, children=5)),
    (
        "ls -R /",
        [
            "/",
            "/a",
            "/nodata",
            "/zookeeper",
            "/a/b",
            "/a/c",
            "/a/e",
            "/a/s-0000000001",
            "/a/se-0000000003",
            "/zookeeper/config",
            "/zookeeper/quota",
        ],
    ),
    ("get /a", ["one"]),
    ("get -s /a/b", ["two words"] + stat(length=9)),
    ("get /missing", ["Node does not exist: /missing"]),
    ("set /a changed", []),
    ("set -v 0 /a again", ["version No is not valid : /a"]),
    ("set -v 1 -s /a again", stat(5, 2, 0, 5, 5)),
    ("stat /a", stat(5, 2, 0, 5, 5)),
    ("stat /missing", ["Node does not exist: /missing"]),
    ("delete /a", ["Node not empty: /a"]),
    ("delete -v 9 /a/b", ["version No is not valid : /a/b"]),
    ("delete -v 0 /a/b", []),
    ("delete /missing", ["Node does not exist: /missing"]),
    ("getAllChildrenNumber /", ["9"]),
    ("getAllChildrenNumber /a", ["4"]),
    ("getEphemerals /a/e", ["[/a/e]"]),
    ("getAcl /a", OPEN),
    ("getAcl -s /a", OPEN + stat(6, 2, 0, 5, 4)),
    ("setAcl /a world:anyone:cdra", []),
    ("getAcl /a", ["'world,'anyone", ": cdra"]),
    ("set /a denied", ["Insufficient permission : /a"]),
    ("setAcl /a bad", ["bad does not have the form scheme:id:perm", "Acl is not valid : null"]),
    ("setAcl /a nosuch:x:r", ["Acl is not valid : /a"]),
    ("setAcl -s -v 1 /a world:anyone:cdrwa", stat(6, 2, 2, 5, 4)),
    ("whoami", ["Auth scheme: User", "ip: 127.0.0.1"]),
    ("addauth digest bob:pw", []),
    ("whoami", ["Auth scheme: User", "digest: bob", "ip: 127.0.0.1"]),
    ("create /secret s auth::cdrwa", ["Created /secret"]),
    ("getAcl /secret", ["'digest,'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=", ": cdrwa"]),
    ("create /acl x digest:u:hash=:r,ip:127.0.0.1:cdrwa", ["Created /acl"]),
    ("getAcl /acl", ["'digest,'u:hash=", ": r", "'ip,'127.0.0.1", ": cdrwa"]),
    ("setAcl -R /a world:anyone:cdrwa", []),
    ("getAcl -s /a/c", OPEN + stat(0, acl_version=1)),
    ("create /q", ["Created /q"]),
    ("create /q/1 abc", ["Created /q/1"]),
    ("setquota -n 5 /q", []),
    (
        "listquota /q",
        [
            QUOTA_OF_Q,
            "Output quota for /q count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1",
            "Output stat for /q count=2,bytes=3",
        ],
    ),
    ("setquota -N 3 /q", []),
    ("create /q/2 abcd", ["Created /q/2"]),
    (
        "listquota /q",
        [
            QUOTA_OF_Q,
            "Output quota for /q count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=3",
            "Output stat for /q count=3,bytes=7",
        ],
    ),
    ("listquota /a", ["absolute path is /zookeeper/quota/a/zookeeper_limits", "quota for /a does not exist."]),
    ("setquota -n 1 /q/1", ["/q/1 has a parent /q which has a quota"]),
    ("delquota -n /q", []),
    (
        "listquota /q",
        [
            QUOTA_OF_Q,
            "Output quota for /q count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3",
            "Output stat for /q count=3,bytes=7",
        ],
    ),
    ("delquota /q", []),
    ("listquota /q", [QUOTA_OF_Q, "quota for /q does not exist."]),
    ("addWatch /w", []),
    ("create /w v", ["Created /w"]),
    ("create /w/x y", ["Created /w/x"]),
    ("set /w/x z", []),
    ("delete /w/x", []),
    ("addWatch -m PERSISTENT /p", []),
    ("create /p", ["Created /p"]),
    ("create /p/c", ["Created /p/c"]),
    ("removewatches /p", []),
    ("set /p x", []),
    ("removewatches /p", ["KeeperErrorCode = No such watcher for /p"]),
    ("ls -w /a", ["[c, e, s-0000000001, se-0000000003]"]),
    ("create /a/new", ["Created /a/new"]),
    ("get -w /a", ["again"]),
    ("set /a fired", []),
    ("stat -w /later", ["Node does not exist: /later"]),
    ("create /later", ["Created /later"]),
    ("config", []),
    ("config -s", stat(acl_version=-1)),
    ("reconfig -remove 1", ["KeeperErrorCode = Reconfig is disabled"]),
    ("sync /a", ["Sync is OK"]),
    ("sync /nowhere", ["Sync is OK"]),
    ("deleteall -b 2 /a", []),
    ("deleteall /a", ["Node does not exist: /a"]),
    ("ls /a", ["Node does not exist: /a"]),
    ("deleteall /w", []),
    ("ls /", ["[acl, later, nodata, p, q, secret, zookeeper]"]),
    ("create", ["create [-s] [-e] [-c] [-t ttl] path [data] [acl]"]),
)

EVENTS = [
    "SyncConnected None null",
    "SyncConnected NodeCreated /w",
    "SyncConnected NodeCreated /w/x",
    "SyncConnected NodeDataChanged /w/x",
    "SyncConnected NodeDeleted /w/x",
    "SyncConnected NodeCreated /p",
    "SyncConnected NodeChildrenChanged /p",
    "SyncConnected PersistentWatchRemoved /p",
    "SyncConnected NodeChildrenChanged /a",
    "SyncConnected NodeDataChanged /a",
    "SyncConnected NodeCreated /later",
    "SyncConnected NodeDeleted /w",
]

# arguments, exit code, expected output
ONE_SHOT = (
    (("create", "/one", "shot"), 0, ["Created /one"]),
    (("get", "/one"), 0, ["shot"]),
    (("get", "-s", "/one"), 0, ["shot"] + stat(length=4)),
    (("ls", "/"), 0, ["[one, zookeeper]"]),
    (("get", "/missing"), 1, ["Node does not exist: /missing"]),
    (("-waitforconnection", "delete", "/one"), 0, []),
    (("create", "-x"), 1, None),
    (("nosuch",), 127, None),
)


class Shell:
    """A shell driven through pipes; without a terminal it prints no prompt."""

    def __init__(self, server, shell=ZKCLI):
        self.events = []
        self.process = subprocess.Popen(
            [*shell, "-server", server.connect_string],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            env=dict(os.environ, **JVM),
        )

    def output_of(self, line):
        """A line of output, or None for what belongs to logging and watches."""
        event = re.match(r"WatchedEvent state:(\w+) type:(\w+) path:(\S+)", line)
        if event and event.group(1) != "Closed":  # the shell may exit before it prints this last one
            self.events.append(" ".join(event.groups()))
        return None if event or not line.strip() or line.startswith(NOISE) else normalised(line)

    def read_until(self, marker):
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line == marker:
                return lines
            output = self.output_of(line)
            if output is not None:
                lines.append(output)
        return lines

    def run(self, command):
        """The output of a command; a second one with a known output marks its end."""
        self.process.stdin.write(f"{command}\nprintwatches\n")
        self.process.stdin.flush()
        output = self.read_until(MARKER)
        return sorted(output) if command == "whoami" else output  # identities come in no particular order

    def quit(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        rest = self.read_until(None)
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(TIMEOUT_S), rest


def run_session(server, shell=ZKCLI):
    """The transcript of SESSION: outputs in order, then the events, then how the shell ended."""
    driven = Shell(server, shell)
    outputs = [(command, driven.run(command)) for command, _ in SESSION]
    version = driven.run("version")
    history = driven.run("history")
    code, rest = driven.quit()
    return outputs, driven.events, code, rest, version, history


def run_one_shot(server, arguments, shell=ZKCLI):
    """Exit code and output of one command, both streams together."""
    result = subprocess.run(
        [*shell, "-server", server.connect_string, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        env=dict(os.environ, **JVM),
    )
    lines = [
        normalised(line)
        for line in result.stdout.splitlines()
        if line.strip() and not line.startswith(NOISE) and not line.startswith("WatchedEvent")
    ]
    return result.returncode, lines


class ZkCli(unittest.TestCase):
    maxDiff = None

    def test_a_session_gives_the_documented_output(self):
        with make_server(PROGRAM, SCRATCH) as server:
            outputs, events, code, rest, version, history = run_session(server)
        for (command, expected), (_, output) in zip(SESSION, outputs):
            with self.subTest(command):
                self.assertEqual(output, expected)
        self.assertEqual(events, EVENTS)
        self.assertEqual((code, rest), (0, []))
        self.assertTrue(version[0].startswith("ZooKeeper CLI version: 3."), version)
        self.assertTrue(all(re.match(r"\d+ - ", line) for line in history), history)

    def test_a_session_is_the_same_on_the_real_server(self):
        with make_server(PROGRAM, SCRATCH) as server, ZooKeeper(SCRATCH) as reference:
            self.assertEqual(run_session(server), run_session(reference))

    def test_single_commands_and_their_exit_codes(self):
        with make_server(PROGRAM, SCRATCH) as server:
            for arguments, expected_code, expected in ONE_SHOT:
                with self.subTest(" ".join(arguments)):
                    code, output = run_one_shot(server, arguments)
                    self.assertEqual(code, expected_code, output)
                    if expected is not None:
                        self.assertEqual(output, expected)

    def test_an_ephemeral_of_a_shell_that_quits_is_gone(self):
        with make_server(PROGRAM, SCRATCH) as server:
            shell = Shell(server)
            self.assertEqual(shell.run("create -e /e"), ["Created /e"])
            shell.quit()
            self.assertEqual(run_one_shot(server, ("ls", "/")), (0, ["[zookeeper]"]))

    def test_a_shell_survives_a_restart_of_the_server(self):
        server = make_server(PROGRAM, SCRATCH).start()
        try:
            shell = Shell(server)
            self.assertEqual(shell.run("create -e /e kept"), ["Created /e"])
            self.assertEqual(shell.run("get -w /e"), ["kept"])
            server.kill()
            server.start()
            output = []
            while output != ["kept"]:  # until the client has come back, commands fail with ConnectionLoss
                output = shell.run("get /e")
                self.assertTrue(output == ["kept"] or "ConnectionLoss" in output[-1], output)
            self.assertEqual(shell.run("set /e again"), [])
            shell.quit()
            self.assertIn("SyncConnected NodeDataChanged /e", shell.events)
        finally:
            server.stop()


def main(arguments):
    global PROGRAM, SCRATCH
    if len(arguments) < 2:
        print(__doc__)
        return 2
    PROGRAM, SCRATCH = arguments[:2]
    os.makedirs(SCRATCH, exist_ok=True)
    program = unittest.main(argv=[sys.argv[0]] + arguments[2:], exit=False, verbosity=2)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
