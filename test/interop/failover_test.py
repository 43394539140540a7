#!/usr/bin/python3
"""Other people's clients that know all three servers, while one after the other is killed: failover_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved, or the word `zookeeper` to check this test against the real server. Whatever the client
does when its connection is lost, its session has to be the same afterwards.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from kazoo.client import KazooClient, KazooState, KeeperState
from kazoo.exceptions import NotReadOnlyCallError
from kazoo.retry import KazooRetry

from curator_test import class_path
from servers import LOOPBACK, ZK_SCRIPTS, free_ports, is_zookeeper_installed, make_server
from wire import Connection

PROGRAM, SCRATCH = None, None
WAIT_S = 60.0
POLL_S = 0.02
SESSION_TIMEOUT_S = 40.0
SOURCES = os.path.dirname(os.path.abspath(__file__))
JVM = ("-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def await_that(condition, what):
    deadline = time.monotonic() + WAIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(POLL_S)


def word(server, text):
    probe = Connection(server.address, WAIT_S)
    probe.send(text)
    answer = probe.receive_text() or b""
    probe.close()
    return answer.decode()


class Ensemble:
    def __init__(self, settings=None, program=None):
        ports = free_ports(9)
        lines = {f"server.{number}": f"{LOOPBACK}:{ports[number - 1]}:{ports[number + 2]}" for number in (1, 2, 3)}
        self.servers = [make_server(program or PROGRAM, SCRATCH,
                                    dict(lines, initLimit=10, syncLimit=5, **(settings or {})), port)
                        for port in ports[6:]]
        for number, server in enumerate(self.servers, 1):
            os.makedirs(server.data_directory)
            with open(os.path.join(server.data_directory, "myid"), "w", encoding="ascii") as file:
                file.write(str(number))

    def start(self):
        for server in self.servers:
            if not server.is_running():
                server.launch()
        for server in self.servers:
            await_that(lambda: "Mode: " in word(server, b"srvr"), "it serves")
        return self

    def kill(self):
        for server in self.servers:
            server.kill()

    def leader(self):
        return await_that(
            lambda: next((server for server in self.servers if "Mode: leader" in word(server, b"srvr")), None), "one leads")

    @property
    def connect_string(self):
        return ",".join(server.connect_string for server in self.servers)

    def kill_each(self, between):
        """The leader first; `between` is called while each of them is away, and when all are back."""
        leader = self.leader()
        for server in [leader] + [each for each in self.servers if each is not leader]:
            server.kill()
            between()
            self.start()
        between()


class Commanded:
    """A program that makes a change for each line, and answers with its session."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.sessions, self.connects = set(), 0

    def change(self):
        watchdog = threading.Timer(WAIT_S, self.process.kill)
        watchdog.start()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        watchdog.cancel()
        if answer[:1] != ["ok"]:
            self.process.kill()
            raise AssertionError(f"{answer}, exit {self.process.wait()}: {self.process.stderr.read()[-3000:]}")
        self.sessions.add(answer[1])
        self.connects = int(answer[2])

    def finish(self):
        self.process.stdin.close()
        code = self.process.wait(WAIT_S)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        return code


class WithEnsemble(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.ensemble = Ensemble(self.settings)
        self.addCleanup(self.ensemble.kill)
        self.ensemble.start()


class Failover(WithEnsemble):

    def keeps_its_session(self, *command):
        client = Commanded(*command)
        self.addCleanup(client.process.kill)
        client.change()
        self.ensemble.kill_each(client.change)
        self.assertEqual(len(client.sessions), 1, client.sessions)
        self.assertGreater(client.connects, 1, "its server was killed, too")
        self.assertEqual(client.finish(), 0)

    def test_the_c_library(self):
        if not os.path.exists("/usr/include/zookeeper/zookeeper.h"):
            self.skipTest("libzookeeper-mt-dev is not installed")
        program = os.path.join(tempfile.mkdtemp(dir=SCRATCH), "failover")
        subprocess.run(["cc", "-DTHREADED", "-o", program, os.path.join(SOURCES, "c", "failover.c"), "-lzookeeper_mt"],
                       check=True)
        self.keeps_its_session(program, self.ensemble.connect_string, "/c")

    def test_curator(self):
        jars = class_path()
        if jars is None:
            self.skipTest("libcurator-recipes-java or javac is not installed")
        classes = tempfile.mkdtemp(dir=SCRATCH)
        subprocess.run(["javac", "-cp", jars, "-d", classes, os.path.join(SOURCES, "curator", "Failover.java")], check=True)
        self.keeps_its_session("java", *JVM, "-cp", f"{classes}:{jars}", "Failover", self.ensemble.connect_string, "/java")

    def test_kazoo(self):
        client = KazooClient(self.ensemble.connect_string, timeout=SESSION_TIMEOUT_S,
                             connection_retry=KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5))
        states = []
        client.add_listener(states.append)
        client.start(WAIT_S)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        session = client.client_id[0]
        client.create("/mine", b"x", ephemeral=True)
        watched = []
        client.get("/mine", watch=watched.append)
        retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5)
        changes = []

        def change():
            changes.append(retry(client.set, "/mine", b"%d" % len(changes)))
        self.ensemble.kill_each(change)
        self.assertEqual(client.client_id[0], session)
        self.assertEqual(retry(client.get, "/mine")[1].ephemeralOwner, session)
        self.assertNotIn(KazooState.LOST, states)
        self.assertIn(KazooState.SUSPENDED, states, "its server was killed, too")
        await_that(lambda: watched, "the watch has fired")
        self.assertEqual(len(watched), 1)


@unittest.skipUnless(is_zookeeper_installed(), "zookeeper is not installed")
class Minority(unittest.TestCase):
    maxDiff = None
    """The last of three servers, and a last ZooKeeper of three: both say the same of themselves."""

    words = (b"ruok", b"isro", b"srvr", b"stat", b"mntr", b"conf", b"cons", b"dump", b"dirs", b"wchs", b"wchc", b"wchp", b"srst",
             b"crst", b"hash", b"gtmk")

    def what_is_left(self, program):
        ensemble = Ensemble(program=program)
        self.addCleanup(ensemble.kill)
        ensemble.start()
        last = ensemble.servers[0]
        for server in ensemble.servers[1:]:
            server.kill()
        await_that(lambda: "Mode: " not in word(last, b"srvr"), "it has noticed")
        # Without the end of the line, which ZooKeeper forgets behind `hash`.
        shown = {text: word(last, text).rstrip("\n") for text in self.words}
        for name, fields in (("new", {}), ("reader", {"read_only": True}), ("resumed", {"session_id": 0x100000000000001})):
            client = Connection(last.address, WAIT_S)
            client.send_handshake(timeout_ms=10000, **fields)
            shown[name] = client.receive().kind
            client.close()
        ensemble.kill()
        return shown

    def test_it_shows_the_same_as_a_zookeeper_without_a_quorum(self):
        self.assertEqual(self.what_is_left(PROGRAM), self.what_is_left("zookeeper"))


class Shell:
    """zkCli.sh, its commands typed one by one."""

    def __init__(self, *options):
        environment = dict(os.environ, CLIENT_JVMFLAGS=" ".join(JVM))
        self.process = subprocess.Popen([os.path.join(ZK_SCRIPTS, "zkCli.sh"), *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        self.lines, self.condition = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.condition:
                self.lines.append(line)
                self.condition.notify_all()

    def ask(self, command, pattern, timeout_s=3.0):
        """The match in what it says, to this command or, if it does not come, to the same again."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            start = len(self.lines)
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            with self.condition:
                self.condition.wait_for(lambda: re.search(pattern, "".join(self.lines[start:])), timeout_s)
                found = re.search(pattern, "".join(self.lines[start:]))
            if found:
                return found
        raise AssertionError(f"{command}: nothing matches {pattern} in\n" + "".join(self.lines[-60:]))

    def close(self):
        self.process.stdin.close()
        self.process.wait(WAIT_S)
        self.process.stdout.close()


@unittest.skipUnless(is_zookeeper_installed(), "zookeeper is not installed")
class JavaShell(WithEnsemble):
    settings = {"readonlymode.enabled": "true", "localSessionsEnabled": "true", "tickTime": 2000}

    def shell(self, *options):
        made = Shell(*options)
        self.addCleanup(made.process.kill)
        self.addCleanup(made.close)
        return made

    def test_its_session_survives(self):
        shell = self.shell("-timeout", "40000", "-server", self.ensemble.connect_string)
        shell.ask("create -e /shell x", r"Created /shell|Node already exists: /shell")
        owner = shell.ask("stat /shell", r"ephemeralOwner = (0x[0-9a-f]+)").group(1)
        self.ensemble.kill_each(lambda: shell.ask("stat /shell", f"ephemeralOwner = {owner}"))

    def test_it_reads_where_nothing_can_be_written(self):
        writer = self.shell("-server", self.ensemble.connect_string)
        writer.ask("create /readable content", r"Created /readable|Node already exists: /readable")
        last = self.ensemble.servers[0]
        for server in self.ensemble.servers[1:]:
            server.kill()
        await_that(lambda: word(last, b"isro") == "ro", "it serves readers")
        reader = self.shell("-r", "-server", last.connect_string)
        reader.ask("get /readable", r"(?m)^content$")
        reader.ask("create /more x", r"Not a read-only call: /more")
        self.ensemble.start()
        reader.ask("create /more x", r"Created /more|Node already exists: /more")


class ReadOnlyKazoo(WithEnsemble):
    settings = {"readonlymode.enabled": "true", "localSessionsEnabled": "true", "tickTime": 2000}

    def test_it_reads_where_nothing_can_be_written(self):
        last = self.ensemble.servers[0]
        client = KazooClient(last.connect_string, timeout=SESSION_TIMEOUT_S, read_only=True,
                             connection_retry=KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5))
        for server in self.ensemble.servers[1:]:
            server.kill()
        await_that(lambda: word(last, b"isro") == "ro", "it serves readers")
        client.start(WAIT_S)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        self.assertEqual(client.client_state, KeeperState.CONNECTED_RO)
        self.assertIn("zookeeper", client.get_children("/"))
        with self.assertRaises(NotReadOnlyCallError):
            client.create("/more", b"")
        self.ensemble.start()
        await_that(lambda: client.client_state == KeeperState.CONNECTED, "it has moved to a server that takes writes")
        client.create("/more", b"")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM, SCRATCH = sys.argv[1:3]
    os.makedirs(SCRATCH, exist_ok=True)
    del sys.argv[1:3]
    logging.disable(logging.CRITICAL)
    unittest.main(verbosity=2)
