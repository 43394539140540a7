#!/usr/bin/python3
"""The commands of the admin endpoint beside those of a real ZooKeeper's AdminServer: admin_server_test.py CONCLAVED SCRATCH

Both servers do the same for a client; then every command is asked of both, under its name and its aliases, and the answers
must have the same keys, with values of the same type. Exit code 77 (skipped) without the jars that the real one needs.
"""

import http.client
import json
import os
import sys
import unittest

import servers
from servers import LOOPBACK, Conclave, ZooKeeper, free_port
from wire import Connection

JARS = [f"/usr/share/java/{name}.jar" for name in (
    "jetty9-server", "jetty9-servlet", "jetty9-http", "jetty9-io", "jetty9-util", "jetty9-util-ajax", "jetty9-security",
    "jackson-core", "jackson-databind", "jackson-annotations", "servlet-api")]

# What only a Java machine has, or what the two name by themselves: the keys differ.
OPEN = {"system_properties", "monitor"}

# After so many transactions at latest, both have a digest to show.
DIGEST_INTERVAL = 128

COMMANDS = ("configuration conf config connections cons dirs dump environment env envi get_trace_mask gtmk hash "
            "initial_configuration icfg is_read_only isro last_snapshot lsnp leader lead monitor mntr observers obsr ruok "
            "server_stats srvr stats stat system_properties sysp voting_view watches wchc watches_by_path wchp "
            "watch_summary wchs zabstate set_trace_mask stmk set_trace_mask?traceMask=7 stmk?traceMask=x stat_reset srst "
            "connection_stat_reset crst observer_connection_stat_reset orst bogus RUOK ruok/x").split()


class AdminZooKeeper(ZooKeeper):
    """With its AdminServer on the class path."""

    def command(self, configuration):
        arguments = super().command(configuration)
        at = arguments.index("-cp") + 1
        arguments[at] += ":" + ":".join(JARS)
        return arguments


def ask(server, target, method="GET"):
    connection = http.client.HTTPConnection(LOOPBACK, server.settings["admin.serverPort"], timeout=30)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read()
    finally:
        connection.close()


def shape(value):
    """Keys and types. Keys that are numbers or paths (sessions, times) count as one."""
    if isinstance(value, dict):
        return {("#" if key.isdigit() or key.startswith("/") else key): shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


class SameKeys(unittest.TestCase):

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.pair = []
        for made in (AdminZooKeeper(SCRATCH, cls.settings()), Conclave(CONCLAVED, SCRATCH, cls.settings())):
            cls.pair.append(made.start())
            cls.addClassCleanup(made.stop)
        cls.clients = [cls.use(server) for server in cls.pair]

    @staticmethod
    def settings():
        return {"admin.enableServer": "true", "admin.serverAddress": LOOPBACK, "admin.serverPort": free_port()}

    @classmethod
    def use(cls, server):
        client = Connection(server.address, 30)
        cls.addClassCleanup(client.close)
        client.send_handshake(timeout_ms=30000)
        assert client.receive().fields["sessionId"] != 0
        for op, fields in (("create", {"path": "/a", "data": b"x"}), ("create", {"path": "/e", "flags": 1}),
                           ("getData", {"path": "/a", "watch": True})):
            client.send(client.encode(op, **fields))
            assert client.receive().fields["err"] == 0
        for _ in range(DIGEST_INTERVAL):
            client.send(client.encode("setData", path="/e", data=b"x", version=-1))
            assert client.receive().fields["err"] == 0
        return client

    def test_each_command_answers_with_the_same_keys(self):
        for name in COMMANDS:
            with self.subTest(name):
                answers = [ask(server, "/commands/" + name) for server in self.pair]
                self.assertEqual(answers[1][:2], answers[0][:2])
                real, own = (json.loads(answer[2]) for answer in answers)
                self.assertEqual(own["command"], real["command"])
                self.assertEqual(own["error"], real["error"])
                if real["command"] not in OPEN:
                    self.assertEqual(shape(own), shape(real))

    def test_the_page_lists_the_same_commands(self):
        real, own = (ask(server, "/commands")[2] for server in self.pair)
        self.assertEqual(own, real)

    def test_what_monitor_tells_has_the_types_of_the_real_one(self):
        real, own = (json.loads(ask(server, "/commands/monitor")[2]) for server in self.pair)
        shared = set(real) & set(own)
        self.assertGreater(len(shared), 80)
        self.assertEqual({key: type(own[key]) for key in shared}, {key: type(real[key]) for key in shared})

    def test_head_is_answered_alike(self):
        self.assertEqual(*[ask(server, "/commands/ruok", "HEAD")[::2] for server in self.pair])


if __name__ == "__main__":
    CONCLAVED, SCRATCH = sys.argv.pop(1), sys.argv.pop(1)
    os.makedirs(SCRATCH, exist_ok=True)
    if not servers.is_zookeeper_installed() or not all(os.path.exists(jar) for jar in JARS):
        print("skipped: there is no ZooKeeper, or not what its AdminServer needs")
        sys.exit(77)
    unittest.main(verbosity=2)
