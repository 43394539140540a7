#!/usr/bin/python3
"""Strangers at the port where servers meet: hostile_peer_test.py CONCLAVED

docs/formats/peer-transport.md says what belongs there. Whatever else comes costs its sender the connection, and nobody
else anything: a writer goes on all the time, no leader changes, memory and descriptors come back.
"""

import os
import random
import socket
import struct
import time

import harness
from ensembles import Ensemble, Writer
from harness import await_that, main

HELLO_MAGIC = b"CONCPEER"
MEMORY_SLACK_KIB = 16 * 1024
HANDSHAKES_MAX = 64
COMPLAINTS_MAX, COMPLAINT_INTERVAL_S = 256, 10.0    # different ones, each logged once per interval


def crc_table():
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
        yield number


CRC32C = tuple(crc_table())


def crc32c(data):
    value = 0xFFFFFFFF
    for octet in data:
        value = CRC32C[(value ^ octet) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def frame(payload):
    return struct.pack(">II", len(payload) + 4, crc32c(payload)) + payload


def hello(sender, addressee, cluster=bytes(16), storage=b"s" * 16, boot=1):
    return frame(b"\x01" + HELLO_MAGIC + struct.pack(">HHII", 1, 1, sender, addressee) + cluster + storage +
                 struct.pack(">QQ", boot, 0))


READY = frame(b"\x02")
OPEN = frame(b"\x03" + struct.pack(">Q", 7))


class HostilePeers(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self).start()
        self.leader = self.ensemble.leader()
        self.number = self.ensemble.index(self.leader) + 1
        self.port = self.ensemble.peer_ports[self.number - 1][0]
        session = self.session(self.ensemble.followers()[0])
        session.must("create", path="/written", data=b"")
        self.writer = Writer(session)
        self.addCleanup(self.writer.stop)
        self.writer.await_more(20)
        self.descriptors_before = self.leader.descriptor_count()
        self.memory_before = self.leader.resident_kib()
        self.lines_before = self.leader.log().count("\n")
        self.started = time.monotonic()

    def tearDown(self):
        """Nobody else has noticed."""
        self.writer.await_more(20)
        self.writer.stop()
        self.assertIsNone(self.writer.failure)
        self.assertEqual(self.ensemble.mode(self.leader), "leader")
        await_that(lambda: self.leader.descriptor_count() <= self.descriptors_before, "its connections are closed")
        if not harness.is_instrumented():
            self.assertLess(self.leader.resident_kib() - self.memory_before, MEMORY_SLACK_KIB)
        intervals = 2 + (time.monotonic() - self.started) / COMPLAINT_INTERVAL_S
        self.assertLess(self.leader.log().count("\n") - self.lines_before, intervals * COMPLAINTS_MAX,
                        "log lines are limited by rate")
        super().tearDown()

    def dial(self, data=b""):
        made = socket.create_connection((harness.LOOPBACK, self.port), harness.WAIT_S)
        self.addCleanup(made.close)
        if data:
            made.sendall(data)
        return made

    def assert_closed(self, connection):
        """Whatever it says before; the server ends it."""
        connection.settimeout(harness.WAIT_S)
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
        connection.close()

    def test_what_is_no_frame_ends_the_connection(self):
        octets = random.Random(harness.seed())
        texts = [b"\0" * 100, b"\xff" * 100, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"ruok", b"\x16\x03\x01\x02\x00\x01\x00",
                 struct.pack(">I", 0x7FFFFFFF), struct.pack(">I", 0), struct.pack(">I", 3) + b"abc",
                 struct.pack(">II", 0x00FFFFFF, 1) + b"x" * 1000, frame(b"x")[:-1] + b"y"]
        texts += [octets.randbytes(octets.randrange(8, 200)) for _ in range(100)]
        for text in texts:
            connection = self.dial()
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            self.assert_closed(connection)

    def test_frames_out_of_turn_end_the_connection(self):
        number = self.number
        stranger = hello(200, number)
        for text in (READY, OPEN, frame(b"\x04"), frame(b"\x09"), frame(b"\x01" + HELLO_MAGIC), stranger + stranger,
                     hello(number, number), hello(200, 199), hello(0, number), hello(1000, number),
                     hello(200, number, cluster=b"c" * 16), stranger + OPEN):
            connection = self.dial(text)
            connection.shutdown(socket.SHUT_WR)
            self.assert_closed(connection)

    def test_what_a_stranger_says_on_a_link_ends_it(self):
        octets = random.Random(harness.seed())
        for _ in range(100):
            # The greater id opens the link; then anything.
            connection = self.dial(hello(200, self.number) + OPEN)
            connection.sendall(frame(octets.randbytes(octets.randrange(1, 300))))
            connection.shutdown(socket.SHUT_WR)
            self.assert_closed(connection)

    def test_a_stranger_that_is_silent_for_ever_is_bounded(self):
        silent = [self.dial() for _ in range(4 * HANDSHAKES_MAX)]
        await_that(lambda: self.leader.descriptor_count() <= self.descriptors_before + HANDSHAKES_MAX,
                   "the oldest are given up")
        for connection in silent:
            self.assert_closed(connection)

    def test_a_hello_that_trickles_is_given_up(self):
        slow = [self.dial() for _ in range(20)]
        text = hello(200, self.number)
        started = time.monotonic()
        sent = 0
        while slow and sent < len(text):
            for connection in list(slow):
                try:
                    connection.sendall(text[sent:sent + 1])
                except OSError:
                    slow.remove(connection)
            sent += 1
            time.sleep(0.1)     # as slow as this client means to be
        self.assertLess(sent, len(text), "it was given up before it had said everything")
        self.assertLess(time.monotonic() - started, harness.WAIT_S)

    def test_thousands_of_quick_connections_leave_nothing_behind(self):
        count = int(os.environ.get("CONCLAVE_QUICK_CONNECTS", "10000"))
        kinds = (b"", b"x", READY, hello(200, self.number, cluster=b"c" * 16), b"\xff" * 8, hello(201, self.number)[:30])
        for number in range(count):
            made = socket.socket()
            made.bind((f"127.0.0.{2 + number % 100}", 0))
            made.connect((harness.LOOPBACK, self.port))
            try:
                made.send(kinds[number % len(kinds)])
            except OSError:
                pass    # it was faster
            if number % 3 == 0:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.close()


if __name__ == "__main__":
    main()
