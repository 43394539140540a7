"""What the integration tests share: real processes of conclaved on loopback, and clients that wait for conditions.

The wire client and the plain server processes come from test/interop. Every test program is called as
PROGRAM_TEST.py CONCLAVED [unittest arguments]; a failing random test prints its seed, and CONCLAVE_TEST_SEED repeats it.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "interop"))

import servers  # noqa: E402
import wire  # noqa: E402
from servers import LOOPBACK, free_port  # noqa: E402,F401

WAIT_S = 30.0       # for anything that a healthy server does at once, on a machine that is busy with other tests
POLL_S = 0.01

PROGRAM = None


def await_that(condition, what, timeout_s=WAIT_S):
    """The first true value of `condition()`; the test fails with `what` if there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(POLL_S)


def is_instrumented():
    """True for a program with a sanitizer, whose memory says nothing about the program's own."""
    with open(PROGRAM, "rb") as file:
        content = file.read()
    return b"__asan_init" in content or b"__tsan_init" in content


class Node(servers.Conclave):
    """One conclaved with its data directory, which outlives its processes."""

    def __init__(self, scratch, settings=None, port=None, environment=None, user=None):
        super().__init__(PROGRAM, scratch, dict({"4lw.commands.whitelist": "srvr"}, **(settings or {})), port)
        self.environment = environment or {}
        self.user = user
        self.log_size_at_launch = 0

    def command(self, configuration):
        assignments = [f"{name}={value}" for name, value in self.environment.items()]
        as_user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if self.user else []
        return ["env", *assignments, *as_user, *super().command(configuration)]

    def launch(self):
        self.log_size_at_launch = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        super().launch()

    def await_serving(self):
        """Told by its log, so that no request disturbs what a test counts."""
        await_that(lambda: not self.is_running() or " serving role=" in self.log(), "the server serves")
        if " serving role=" not in self.log():
            raise AssertionError(f"conclaved exited with {self.process.wait()}:\n{self.log()}")
        return self

    def await_exit(self, timeout_s=WAIT_S):
        """The exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s:\n{self.log()[-3000:]}") from None

    def terminate(self, timeout_s=WAIT_S):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.await_exit(timeout_s)

    def log(self):
        """What the newest process has logged so far."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_size_at_launch)
            return file.read().decode("utf-8", "replace")

    def await_log(self, text, timeout_s=WAIT_S):
        return await_that(lambda: text in self.log(), f"a log line with: {text}", timeout_s)

    def refuses_to_start(self):
        """Starts the process, which must give up by itself; what it said. The exit code must not be success."""
        self.launch()
        code = self.await_exit()
        if code <= 0:
            raise AssertionError(f"exit code {code}:\n{self.log()}")
        return self.log()

    @property
    def own_directory(self):
        return os.path.join(self.data_directory, "conclave")

    @property
    def log_directory(self):
        return os.path.join(self.own_directory, "log")

    def status(self):
        """/proc/PID/status as a dictionary."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)

    def resident_kib(self):
        return int(self.status()["VmRSS"].split()[0])

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class NoSession(AssertionError):
    """The server has closed the connection, or the session is over."""


class Session(wire.Connection):
    """A connection with an open session. What is unexpected is an AssertionError."""

    def __init__(self, server, timeout_ms=40000, resume=None):
        super().__init__(server.address, WAIT_S)
        self.events = []
        fields = {} if resume is None else {"session_id": resume.session_id, "password": resume.password}
        self.send_handshake(timeout_ms=timeout_ms, **fields)
        answer = self.receive()
        if answer.kind != "connected" or answer.fields["sessionId"] == 0:
            self.close()
            raise NoSession(f"no session: {answer}")

    def start(self, op, **fields):
        """Sends a request without waiting for its reply."""
        self.send(self.encode(op, **fields))

    def reply(self):
        """The next reply; watch events before it are kept in `events`."""
        while True:
            message = self.receive()
            if message.kind != "event":
                break
            self.events.append(message.fields)
        if message.kind != "reply":
            raise AssertionError(f"expected a reply: {message}")
        return message.fields

    def call(self, op, **fields):
        self.start(op, **fields)
        return self.reply()

    def must(self, op, **fields):
        """The reply of a request that has to succeed."""
        answer = self.call(op, **fields)
        if answer["err"] != 0:
            raise AssertionError(f"{op} {fields}: {answer}")
        return answer

    def await_close(self, timeout_s=WAIT_S):
        """Everything that arrives until the peer closes."""
        messages = []
        deadline = time.monotonic() + timeout_s
        while True:
            message = self.receive(max(0.0, deadline - time.monotonic()))
            if message.kind == "closed":
                return messages
            if message.kind == "silence":
                raise AssertionError(f"still open after {timeout_s} s, having sent {messages}")
            messages.append(message)


def four_letter_word(server, word):
    """The text of the answer; None if the server does not close the connection."""
    probe = wire.Connection(server.address, WAIT_S)
    probe.send(word)
    text = probe.receive_text()
    probe.close()
    return None if text is None else text.decode()


def metrics(server):
    """What `mntr` tells, as a dictionary of texts."""
    return dict(line.split("\t", 1) for line in four_letter_word(server, b"mntr").splitlines())


def connects(server, resume=None):
    """Whether a session is opened (or resumed); it is left to expire."""
    try:
        Session(server, resume=resume).close()
        return True
    except AssertionError:
        return False


class TestCase(unittest.TestCase):
    """Has a scratch directory of its own, and stops every server that it made."""

    maxDiff = None

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="conclave-test-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def node(self, settings=None, **options):
        made = Node(self.scratch, settings, **options)
        self.addCleanup(made.kill)
        return made

    def session(self, server, **options):
        """A server that has no leader just then closes the connection; as any client, this one comes again."""
        made = await_that(lambda: self.try_session(server, options), "a session")
        self.addCleanup(made.close)
        return made

    @staticmethod
    def try_session(server, options):
        try:
            return Session(server, **options)
        except NoSession:
            return None

    def connect(self, server):
        made = wire.Connection(server.address, WAIT_S)
        self.addCleanup(made.close)
        return made

    def assert_says(self, text, *patterns):
        for pattern in patterns:
            if not re.search(pattern, text):
                self.fail(f"nothing matches {pattern!r} in:\n{text}")


def seed():
    """Names the random numbers of a run; printed, so that a failure can be repeated."""
    chosen = int(os.environ.get("CONCLAVE_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10 ** 6)
    print(f"CONCLAVE_TEST_SEED={chosen}", file=sys.stderr)
    return chosen


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} CONCLAVED [unittest arguments]")
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
