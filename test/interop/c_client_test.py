#!/usr/bin/python3
"""cli_mt, the program of the C client that Debian packages (zookeeper-bin): c_client_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved, or the word `zookeeper` to check this test against the real server. Commands are
typed into a pseudo terminal, so that the client prints line by line; its answers come asynchronously, so each command
names the line that ends its answer.
"""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
import unittest

from servers import make_server

PROGRAM, SCRATCH = None, None
CLIENT = "/usr/lib/zookeeper/bin/cli_mt"
TIMEOUT_S = 20.0


def normalised(line):
    """Times, zxids and session ids as what they are."""
    line = re.sub(r"([cm]time) ?= ?\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}", r"\1 = <time>", line)
    line = re.sub(r"([cm]zxid)=[0-9a-f]+", r"\1=<zxid>", line)
    line = re.sub(r"ephemeralOwner = [0-9a-f]{2,}", "ephemeralOwner = <session>", line)
    return re.sub(r"^time = -?\d+ msec$", "", line)


def stat(version=0, aversion="0", owner="0"):
    return [
        "ctime = <time>",
        "czxid=<zxid>",
        "mtime = <time>",
        "mzxid=<zxid>",
        f"version={version}\taversion={aversion}",
        f"ephemeralOwner = {owner}",
    ]


def created(path, mode=0):
    return [f"Creating [{path}] node (mode: {mode})", f"[{path}]: rc = 0", f"name = {path}"]


LAST_OF_STAT = r"ephemeralOwner = "

# command, the line that ends its answer, its answer (children in any order)
SESSION = (
    ("create /a", r"name = /a$", created("/a")),
    ("create /a", r"\[/a\]: rc = -110", ["Creating [/a] node (mode: 0)", "[/a]: rc = -110"]),
    ("create +s /s-", r"name = /s-", ["Creating [/s-] node (mode: 2)", "[/s-]: rc = 0", "name = /s-0000000001"]),
    ("create +e /e", r"name = /e", created("/e", 1)),
    ("create2 /b", LAST_OF_STAT, created("/b") + stat()),
    ("create +c /c", r"name = /c", created("/c", 4)),
    ("create /c/x", r"name = /c/x", created("/c/x")),
    ("create /no/x", r"rc = -101", ["Creating [/no/x] node (mode: 0)", "[/no/x]: rc = -101"]),
    ("create /e/x", r"rc = -108", ["Creating [/e/x] node (mode: 0)", "[/e/x]: rc = -108"]),
    ("set /a hello", LAST_OF_STAT, ["/a: rc = 0 Stat:"] + stat(1)),
    ("get /a", LAST_OF_STAT, ["/a: rc = 0", "value_len = 5", "hello", "Stat:"] + stat(1)),
    ("get /no", r"^null", ["/no: rc = -101", "null", "Stat:"]),
    ("exists /no", r"Error -101 for /no", ["Error -101 for /no"]),
    ("get /e", LAST_OF_STAT, ["/e: rc = 0", "value_len = 3", "new", "Stat:"] + stat(0, owner="<session>")),
    ("ls /c", r"\tx", ["/c: rc = 0", "x"]),
    ("ls2 /c", LAST_OF_STAT, ["/c: rc = 0", "x"] + stat()),
    ("delete /c", r"/c: rc = -111", ["/c: rc = -111"]),
    ("delete /c/x", r"/c/x: rc = 0", ["Watcher CHILD_EVENT state = CONNECTED_STATE for path /c", "/c/x: rc = 0"]),
    ("delete /no", r"/no: rc = -101", ["/no: rc = -101"]),
    ("sync /a", r"name = /a$", ["[/a]: rc = 0", "name = /a"]),
    ("acreate /later", r"name = /later", created("/later")),
    ("aget /a", LAST_OF_STAT, ["/a: rc = 0", "value_len = 5", "hello", "Stat:"] + stat(1)),
    ("config", LAST_OF_STAT, ["/zookeeper/config: rc = 0", "value_len = 0", "Stat:"] + stat(0, "ffffffff")),
    ("wexists /w", r"Error -101 for /w", ["Error -101 for /w"]),
    (
        "create /w",
        r"name = /w",
        [
            "Creating [/w] node (mode: 0)",
            "Watcher CREATED_EVENT state = CONNECTED_STATE for path /w",
            "[/w]: rc = 0",
            "name = /w",
        ],
    ),
    ("delete /w", r"/w: rc = 0", ["/w: rc = 0"]),
)


class Client:
    """cli_mt on a pseudo terminal without echo."""

    def __init__(self, server, *arguments):
        self.terminal, inner = pty.openpty()
        attributes = termios.tcgetattr(inner)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(inner, termios.TCSANOW, attributes)
        self.process = subprocess.Popen(
            [CLIENT, "-h", server.connect_string, *arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=dict(os.environ, TZ="UTC"),
        )
        os.close(inner)
        self.buffer = ""

    def read_until(self, pattern):
        """The lines up to one that matches `pattern`, or to the end of the program when it is None."""
        lines, deadline = [], time.monotonic() + TIMEOUT_S
        while True:
            while "\n" in self.buffer:
                line, self.buffer = self.buffer.split("\n", 1)
                line = normalised(line.rstrip("\r"))
                if line.strip():
                    lines.append(line.strip())
                if pattern and re.search(pattern, line):
                    return lines
            ready = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"no line that matches {pattern!r}, only {lines}")
            try:
                data = os.read(self.terminal, 65536)
            except OSError:  # the other side of the terminal is closed
                data = b""
            if not data:
                if pattern is None:
                    return lines
                raise AssertionError(f"cli_mt ended before a line that matches {pattern!r}: {lines}")
            self.buffer += data.decode("utf-8", "replace")

    def run(self, command, pattern):
        os.write(self.terminal, command.encode() + b"\n")
        return self.read_until(pattern)

    def quit(self):
        os.write(self.terminal, b"quit\n")
        self.read_until(None)
        os.close(self.terminal)
        return self.process.wait(TIMEOUT_S)


class CClient(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = make_server(PROGRAM, SCRATCH).start()

        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.process.kill()
            client.process.wait()
        self.server.stop()

    def connect(self):
        client = Client(self.server)
        self.clients.append(client)
        client.read_until(r"Got a new session id")
        return client

    def test_a_session_gives_the_expected_answers(self):
        client = self.connect()
        for command, pattern, expected in SESSION:
            with self.subTest(command):
                # The last lines of an answer may lag behind the one that ends it, but never reach the next command's.
                self.assertEqual(sorted(client.run(command, pattern)), sorted(expected))
        self.assertEqual(client.quit(), 0)

    def test_authentication(self):
        client = self.connect()
        os.write(client.terminal, b"addauth digest bob:pw\n")  # says nothing when it is accepted
        client.run("create /a", r"name = /a$")
        self.assertEqual(client.run("get /a", LAST_OF_STAT)[0], "/a: rc = 0")
        self.assertEqual(client.quit(), 0)

    def test_a_refused_authentication_ends_the_client(self):
        client = self.connect()
        lines = client.run("addauth nosuch bob:pw", r"Shutting down")
        self.assertIn("Watcher SESSION_EVENT state = AUTH_FAILED_STATE", lines)
        os.write(client.terminal, b"\n")  # it looks for the end only after a line
        client.process.wait(TIMEOUT_S)

    def test_a_batch_command(self):
        client = self.connect()
        client.run("create /a", r"name = /a$")
        batch = Client(self.server, "-c", "ls /")
        self.assertIn("a", batch.read_until(r"\ta$"))
        batch.process.wait(TIMEOUT_S)
        client.quit()

    def test_ephemerals_go_when_the_client_quits(self):
        client, other = self.connect(), self.connect()
        client.run("create +e /e", r"name = /e")
        self.assertEqual(other.run("get /e", LAST_OF_STAT)[-6:], stat(0, owner="<session>"))
        client.quit()
        self.assertEqual(
            other.read_until(r"DELETED_EVENT"), ["Watcher DELETED_EVENT state = CONNECTED_STATE for path /e"]
        )
        other.quit()

    def test_session_ephemerals_and_watches_survive_a_restart_of_the_server(self):
        client = self.connect()
        client.run("create +e /e", r"name = /e")
        client.run("create /a", r"name = /a")
        client.run("get /a", LAST_OF_STAT)
        self.server.kill()
        client.read_until(r"state = CONNECTING_STATE")
        self.server.start()
        client.read_until(r"state = CONNECTED_STATE")
        self.assertEqual(client.run("get /e", LAST_OF_STAT)[-6:], stat(0, owner="<session>"))
        other = self.connect()
        other.run("set /a changed", LAST_OF_STAT)
        client.read_until(r"CHANGED_EVENT state = CONNECTED_STATE for path /a")
        other.quit()
        client.quit()


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
