#!/usr/bin/python3
"""scripts/cluster.sh, as a newcomer uses it: cluster_script_test.py CONCLAVED"""

import os
import random
import socket
import subprocess

import harness
from harness import await_that, main

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "scripts")
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

    def prepare(self, count):
        """The script's own folder is where it is called, and the cluster's is named as seen from there."""
        self.client_port = free_base(count)
        folder = os.path.relpath(os.path.join(self.scratch, "cluster"), FOLDER)
        self.environment = dict(os.environ, CONCLAVE_BINARY=harness.PROGRAM, CONCLAVE_CLIENT_PORT=str(self.client_port),
                                CONCLAVE_CLUSTER_DIR=folder)
        self.addCleanup(self.call, "stop")

    def begin(self, count):
        self.prepare(count)
        self.call("start", str(count))

    def run_script(self, *arguments):
        return subprocess.run(["./cluster.sh", *arguments], cwd=FOLDER, env=self.environment, capture_output=True,
                              text=True, check=False, timeout=120)

    def call(self, *arguments):
        done = self.run_script(*arguments)
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

    def test_a_port_that_another_program_has_is_named(self):
        self.prepare(1)
        with socket.create_server((harness.LOOPBACK, self.client_port)):
            done = self.run_script("start", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"another program listens on port {self.client_port}", done.stderr)
        self.call("start", "1")
        self.assertEqual(self.modes(), ["standalone"])

    def test_a_number_that_belongs_to_another_process_by_now_is_left_alone(self):
        self.begin(1)
        self.call("stop")
        with open(os.path.join(self.scratch, "cluster", "1", "pid"), "w", encoding="ascii") as file:
            file.write(str(os.getpid()))
        self.call("stop")
        self.assertEqual(self.modes(), ["down"])


if __name__ == "__main__":
    main()
