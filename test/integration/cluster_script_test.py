#!/usr/bin/python3
"""scripts/cluster.sh, as a newcomer uses it: cluster_script_test.py CONCLAVED"""

import os
import random
import socket
import subprocess

import harness
from harness import await_that, main

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "scripts", "cluster.sh")
PEER_PORTS_BEHIND = 707     # the script's


def are_free(ports):
    try:
        for port in ports:
            socket.create_server((harness.LOOPBACK, port)).close()
        return True
    except OSError:
        return False


def free_base(count):
    """A client port with which every port of that many servers is free."""
    while True:
        base = random.randrange(20000, 31000)
        peers = [base + PEER_PORTS_BEHIND + number for number in range(2, 2 * count + 2)]
        if are_free([base + number for number in range(count)] + peers):
            return base


class ClusterScript(harness.TestCase):

    def begin(self, count):
        self.environment = dict(os.environ, CONCLAVE_BINARY=harness.PROGRAM, CONCLAVE_CLIENT_PORT=str(free_base(count)),
                                CONCLAVE_CLUSTER_DIR=os.path.join(self.scratch, "cluster"))
        self.addCleanup(self.call, "stop")
        self.call("start", str(count))

    def call(self, *arguments):
        done = subprocess.run([SCRIPT, *arguments], env=self.environment, capture_output=True, text=True, check=False,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def modes(self):
        return [line.split("  ")[2] for line in self.call("status").splitlines()]

    def await_modes(self, *expected):
        await_that(lambda: sorted(self.modes()) == sorted(expected), expected)

    def leader(self):
        return str(self.modes().index("leader") + 1)

    def test_three_servers(self):
        self.begin(3)
        self.await_modes("leader", "follower", "follower")
        self.call("kill", self.leader())
        self.await_modes("leader", "follower", "down")
        self.call("start")
        self.await_modes("leader", "follower", "follower")
        paused = self.leader()
        self.call("pause", paused)
        self.await_modes("leader", "follower", "paused")
        self.call("resume", paused)
        self.await_modes("leader", "follower", "follower")
        self.call("restart", self.leader())
        self.await_modes("leader", "follower", "follower")
        self.call("stop")
        self.assertEqual(self.modes(), ["down"] * 3)

    def test_five_servers(self):
        self.begin(5)
        self.await_modes("leader", *["follower"] * 4)
        self.call("kill", self.leader())
        await_that(lambda: "leader" in self.modes(), "the next one leads")
        self.call("kill", self.leader())
        self.await_modes("leader", "follower", "follower", "down", "down")
        self.call("stop")
        self.assertEqual(self.modes(), ["down"] * 5)


if __name__ == "__main__":
    main()
