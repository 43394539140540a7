#!/usr/bin/python3
"""Clients that are broken, slow or malicious: hostile_test.py CONCLAVED

Bad input costs its sender the answer or the connection that zookeeper-protocol 1, 2, 5 and 10.5 name, one log line, and
nobody else anything: all through each test a well-behaved client reads back what it writes, and afterwards memory and
descriptors are what they were.
"""

import os
import random
import resource
import selectors
import socket
import struct
import threading

import harness
from harness import Session, TestCase, await_that, is_instrumented, metrics
from wire import OPCODES, OPEN_ACL, acl_entry, boolean, buffer, connect_request, frame, int4, ustring

FRAME_SIZE_MAX = 0xfffff
INT_MAX, INT_MIN = 2 ** 31 - 1, -2 ** 31
MARSHALLING_ERROR, UNIMPLEMENTED, BAD_ARGUMENTS, AUTH_FAILED = -5, -6, -8, -115

SESSIONLESS_TIMEOUT_MS = 1000
MEMORY_SLACK_KIB = 16 * 1024


class Bystander:
    """A client that does nothing wrong and wants its answers."""

    def __init__(self, server):
        self.session = Session(server)
        self.session.must("create", path="/bystander", data=b"0")
        self.count, self.failure, self.stopping = 0, None, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping:
                self.count += 1
                data = b"%d" % self.count
                self.session.must("setData", path="/bystander", data=data, version=self.count - 1)
                answer = self.session.must("getData", path="/bystander")
                assert answer["data"] == data and answer["stat"]["version"] == self.count, answer
        except Exception as problem:    # raised again by stop()
            self.failure = problem

    def stop(self):
        self.stopping = True
        self.thread.join()
        self.session.close()
        if self.failure:
            raise self.failure
        if self.count == 0:
            raise AssertionError("the bystander was never served")


class HostileCase(TestCase):
    """One server for all tests of a class; what each leaves behind is checked when it is over."""

    settings = {"nio.sessionlessCnxnTimeout": SESSIONLESS_TIMEOUT_MS}

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.tempfile.mkdtemp(prefix="conclave-test-")
        cls.server = harness.Node(cls.folder, cls.settings)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        harness.shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.descriptors_before = await_that(self.settled_descriptor_count, "nobody is connected")
        self.lines_before = self.server.log().count("\n")
        self.bystander = Bystander(self.server)

    def settled_descriptor_count(self):
        """The number of descriptors, once no client is connected."""
        with open("/proc/net/tcp", encoding="ascii") as file:
            established = [line.split() for line in file][1:]
        local = f"0100007F:{self.server.port:04X}"
        is_busy = any(fields[1] == local and fields[3] in ("01", "08") for fields in established)
        return None if is_busy else self.server.descriptor_count()

    def tearDown(self):
        self.doCleanups()    # closes what the test itself has opened
        self.bystander.stop()
        cleaner = Session(self.server)
        for path in ("/bystander",) + tuple("/" + name for name in cleaner.must("getChildren", path="/")["children"]):
            cleaner.call("delete", path=path)
        cleaner.must("closeSession")
        cleaner.close()
        await_that(lambda: self.server.descriptor_count() <= self.descriptors_before, "descriptors are given back")
        self.assertTrue(self.server.is_running())
        super().tearDown()

    def assert_closed_without_a_word(self, connection):
        messages = []
        while True:
            message = connection.receive()
            messages.append(message)
            if message.kind in ("closed", "silence"):
                break
        self.assertEqual([message.kind for message in messages], ["closed"], messages)

    def refused(self, data, half_close=False):
        """Sends `data` as the first octets of a connection, which must be closed without an answer."""
        connection = self.connect(self.server)
        connection.send(data)
        if half_close:
            connection.half_close()
        self.assert_closed_without_a_word(connection)

    def established(self):
        return self.session(self.server)

    def raw_request(self, session, op, record):
        """The reply to a request whose record is given as octets."""
        return session.call(op, raw=record)


class FirstBytes(HostileCase):

    def test_garbage_instead_of_a_handshake_is_closed_without_an_answer(self):
        octets = random.Random(1)
        for _ in range(50):
            # The first octet makes a length that is too large, whatever follows.
            self.refused(bytes([octets.randrange(1, 256)]) + octets.randbytes(octets.randrange(3, 2000)))

    def test_an_http_request_or_a_tls_hello_is_closed_without_an_answer(self):
        self.refused(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.refused(b"POST /commands/stat HTTP/1.0\r\n\r\n" + b"x" * 100000)
        self.refused(bytes.fromhex("1603010200010001fc0303") + b"\x55" * 500)
        self.refused(b"RUOK\n")

    def test_lengths_out_of_bounds_are_closed_without_an_answer(self):
        for length in (-1, INT_MIN, INT_MAX, FRAME_SIZE_MAX + 1, 0x7f000000):
            with self.subTest(length):
                self.refused(int4(length) + b"x" * 100)

    def test_first_frames_that_are_no_connect_request_are_closed_without_an_answer(self):
        whole = connect_request(10000)
        for size in (0, 1, 8, 20, 27):
            with self.subTest(size):
                self.refused(frame(whole[:size]))
        self.refused(frame(whole[:24] + int4(INT_MAX)))
        self.refused(frame(whole[:24] + int4(-2)))

    def test_frames_that_stop_in_the_middle_are_given_up_with_the_connection(self):
        whole = frame(connect_request(10000))
        for size in (1, 3, 4, 20, len(whole) - 1):
            with self.subTest(size):
                self.refused(whole[:size], half_close=True)

    def test_a_four_letter_word_that_stops_in_the_middle_is_closed_in_time(self):
        self.refused(b"ru")
        self.refused(b"ru", half_close=True)

    def test_a_connection_that_says_nothing_is_closed_in_time(self):
        self.refused(b"")

    def test_a_handshake_that_trickles_is_closed_in_time(self):
        connection = self.connect(self.server)
        for octet in frame(connect_request(10000)):
            connection.send(bytes([octet]))
            answer = connection.receive(0.1)
            if answer.kind != "silence":
                break
        self.assertEqual(answer.kind, "closed")

    def test_a_handshake_in_single_octets_is_understood(self):
        connection = self.connect(self.server)
        connection.awaits_handshake = True
        for octet in frame(connect_request(10000)):
            connection.send(bytes([octet]))
        self.assertEqual(connection.receive().kind, "connected")
        connection.send(connection.encode("closeSession"))
        self.assertEqual(connection.receive().kind, "reply")

    def test_a_wrong_password_is_refused_and_the_owner_is_not_disturbed(self):
        owner = self.established()
        for password in (b"", None, b"x" * 16, b"x" * 10000):
            with self.subTest(password=password and password[:4]):
                stranger = self.connect(self.server)
                stranger.send_handshake(timeout_ms=10000, session_id=owner.session_id, password=password)
                self.assertEqual(stranger.receive().fields["sessionId"], 0)
                self.assert_closed_without_a_word(stranger)
        owner.must("ping")


class Requests(HostileCase):

    def test_lengths_out_of_bounds_close_an_established_connection(self):
        for length in (-1, INT_MIN, INT_MAX, FRAME_SIZE_MAX + 1):
            with self.subTest(length):
                session = self.established()
                session.send(int4(length) + b"x" * 100)
                self.assert_closed_without_a_word(session)

    def test_a_four_letter_word_is_only_a_length_in_an_established_connection(self):
        session = self.established()
        session.send(b"ruok")
        self.assert_closed_without_a_word(session)

    def test_frames_without_room_for_a_header_close_the_connection(self):
        for size in (0, 4, 7):
            with self.subTest(size):
                session = self.established()
                session.send(frame(b"\0" * size))
                self.assert_closed_without_a_word(session)

    def test_the_largest_frame_is_accepted(self):
        session = self.established()
        path, acl = ustring("/largest"), int4(1) + acl_entry(OPEN_ACL[0]) + int4(0)
        data = b"x" * (FRAME_SIZE_MAX - 8 - len(path) - 4 - len(acl))
        self.assertEqual(self.raw_request(session, "create", path + buffer(data) + acl)["err"], 0)
        self.assertEqual(len(session.must("getData", path="/largest")["data"]), len(data))

    def test_requests_behind_a_bad_length_are_not_looked_at(self):
        session = self.established()
        session.send(session.encode("create", path="/before") + int4(-7) + session.encode("create", path="/behind"))
        session.await_close()
        self.established().must("exists", path="/before")
        self.assertEqual(self.established().call("exists", path="/behind")["err"], -101)

    def test_records_that_cannot_be_decoded_are_answered_and_the_connection_stays(self):
        session = self.established()
        path, acl = ustring("/a"), int4(1) + acl_entry(OPEN_ACL[0])
        records = [
            ("create", b""), ("create", int4(INT_MAX)), ("create", int4(-2) + b"/a"), ("create", int4(-1)),
            ("create", path + int4(-2)), ("create", path + buffer(b"") + int4(INT_MAX) + b"x" * 100),
            ("create", path + buffer(b"") + int4(1) + int4(31) + int4(INT_MIN)), ("create", path + buffer(b"") + acl),
            ("createTTL", path + buffer(b"") + acl + int4(5)), ("setData", path + int4(FRAME_SIZE_MAX)),
            ("delete", path), ("getData", path), ("exists", int4(1000) + b"/a"), ("getChildren", int4(-1)),
            ("setACL", path + int4(INT_MAX)), ("addWatch", path), ("checkWatches", path + int4(77)),
            ("removeWatches", path + int4(-1)), ("setWatches", b"\0" * 8 + int4(INT_MAX)),
            ("setWatches2", b"\0" * 8 + int4(-1) * 5), ("multi", b""), ("multi", b"\xff" * 3),
            ("multi", int4(1) + boolean(False) + int4(-1)), ("multi", int4(INT_MAX) + boolean(False) + int4(-1)),
            ("multi", int4(4) + boolean(False) + int4(-1) + path + boolean(False) + int4(-1) + boolean(True) + int4(-1)),
            ("multi", int4(1) + boolean(False) + int4(-1) + path + buffer(b"") + int4(INT_MAX)),
            ("multiRead", int4(1) + boolean(False) + int4(-1) + path + int4(-1) + boolean(True) + int4(-1)),
            ("getEphemerals", int4(INT_MAX)), ("getAllChildrenNumber", int4(-5)), ("sync", int4(7) + b"/"),
        ]
        for op, record in records:
            with self.subTest(op=op, record=record[:40]):
                answer = self.raw_request(session, op, record)
                self.assertEqual((answer["err"], answer.get("extra")), (MARSHALLING_ERROR, None))
        self.assertEqual(session.call("exists", path="/a")["err"], -101, "nothing of this was to take effect")

    def test_paths_that_are_not_valid_are_refused(self):
        session = self.established()
        session.must("create", path="/a")
        paths = [b"", b"a", b"//", b"//a", b"/a/", b"/a/.", b"/a/..", b"/.", b"/..", b"/a\0b", b"/\x01", b"/\x7f", b"/\xc2\x9f",
                 b"/\xff\xfe", b"/\xc3", b"/\xed\xa0\x80", b"/\xf0\x9f\x98\x80", b"/\xef\xbf\xbf", b"/\xc0\xaf"]
        for path in paths:
            with self.subTest(path):
                self.assertEqual(session.call("create", path=path)["err"], BAD_ARGUMENTS)
        self.assertEqual(session.call("delete", path="/")["err"], BAD_ARGUMENTS)
        self.assertEqual(session.call("create", path="/" + "n" * 500000)["err"], 0)
        self.assertEqual(session.call("delete", path="/" + "n" * 500000)["err"], 0)

    def test_a_multi_that_is_too_large_closes_the_connection_and_the_largest_is_done(self):
        session = self.established()
        one = int4(OPCODES["check"]) + boolean(False) + int4(-1) + ustring("/") + int4(-1)
        end = int4(-1) + boolean(True) + int4(-1)
        count = (FRAME_SIZE_MAX - 8 - len(end)) // len(one)
        answer = self.raw_request(session, "multi", one * count + end)
        self.assertEqual((answer["err"], len(answer["results"])), (0, count))
        session.send(session.encode("multi", raw=one * (count + 1) + end))
        self.assert_closed_without_a_word(session)

    def test_unknown_opcodes_are_answered_and_the_connection_is_closed(self):
        for opcode in (-1, 0, 10, 20, 23, 99, 108, -10, -12, 9999, INT_MAX, INT_MIN):
            with self.subTest(opcode):
                session = self.established()
                session.send(session.encode("ping", xid=5, raw=ustring("/"), opcode=opcode))
                session.pending = [(5, "ping")]
                answer = session.reply()
                self.assertEqual((answer["xid"], answer["zxid"], answer["err"]), (5, -1, UNIMPLEMENTED))
                self.assert_closed_without_a_word(session)

    def test_failed_authentication_is_answered_and_the_connection_is_closed(self):
        for scheme, auth in (("nobody", b"x"), ("world", b"anyone"), ("digest", None), (None, b"x"), ("super", b"x")):
            with self.subTest(scheme):
                session = self.established()
                answer = session.call("auth", scheme=scheme, auth=auth)
                self.assertEqual((answer["err"], answer["zxid"]), (AUTH_FAILED, 0))
                self.assert_closed_without_a_word(session)

    def test_random_bodies_of_every_opcode_never_disturb_anybody(self):
        octets = random.Random(harness.seed())
        for _ in range(300):
            session = self.connect(self.server)
            session.send_handshake(timeout_ms=10000)
            session.receive()
            for _ in range(20):
                opcode = octets.choice(list(OPCODES.values()))
                session.send(frame(int4(octets.randrange(100)) + int4(opcode) + octets.randbytes(octets.randrange(60))))
            session.half_close()
            while session.receive().kind not in ("closed", "silence"):
                pass
            self.assertTrue(session.is_closed)


class Endurance(HostileCase):
    """What costs time and memory."""

    settings = {"nio.sessionlessCnxnTimeout": SESSIONLESS_TIMEOUT_MS, "tickTime": 200, "maxSessionTimeout": 60000,
                "4lw.commands.whitelist": "*"}

    def test_a_client_that_never_reads_is_bounded_and_nobody_else_waits(self):
        good = self.established()
        good.must("create", path="/large", data=b"x" * 1000000)
        before = self.server.resident_kib()
        count_before = self.bystander.count
        rude = self.session(self.server, timeout_ms=60000)
        rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        requests = b"".join(rude.encode("getData", path="/large") for _ in range(20000))
        rude.socket.settimeout(1.0)
        sent = 0
        try:
            while sent < len(requests):
                sent += rude.socket.send(requests[sent:sent + 65536])
        except OSError:
            pass    # throttled or dropped, as it should be
        await_that(lambda: self.bystander.count > count_before + 20 or self.bystander.failure, "others are served")
        if not is_instrumented():
            self.assertLess(self.server.resident_kib() - before, 128 * 1024, "20 GB were asked for and never read")
        self.assertEqual(len(good.must("getData", path="/large")["data"]), 1000000)

    def test_a_multi_read_that_asks_for_gigabytes_is_refused(self):
        session = self.session(self.server, timeout_ms=60000)
        session.must("create", path="/large", data=b"x" * 1000000)
        before = self.server.resident_kib()
        one = int4(OPCODES["getData"]) + boolean(False) + int4(-1) + ustring("/large") + boolean(False)
        end = int4(-1) + boolean(True) + int4(-1)
        answer = self.raw_request(session, "multiRead", one * 30000 + end)
        self.assertEqual((answer["err"], answer.get("extra")), (MARSHALLING_ERROR, None))
        self.assertEqual(len(self.raw_request(session, "multiRead", one * 10 + end)["results"]), 10)
        if not is_instrumented():
            self.assertLess(self.server.resident_kib() - before, 128 * 1024, "30 GB were asked for")

    def test_reads_behind_a_write_are_answered_as_they_are_taken(self):
        session = self.session(self.server, timeout_ms=60000)
        session.must("create", path="/large", data=b"x" * 1000000)
        before = self.server.resident_kib()
        rude = [self.session(self.server, timeout_ms=60000) for _ in range(10)]
        for each in rude:
            reads = [each.encode("getData", path="/large") for _ in range(120)]
            each.send(each.encode("setData", path="/", data=b"") + b"".join(reads))
        for each in rude:
            self.assertEqual(each.receive().kind, "reply")    # of the write: the others are ready to be answered
        if not is_instrumented():
            self.assertLess(self.server.resident_kib() - before, 128 * 1024, "1.2 GB were asked for")
        session.start("setData", path="/", data=b"")
        for _ in range(100):
            session.start("getData", path="/large")
        self.assertEqual(session.reply()["err"], 0)
        for _ in range(100):
            self.assertEqual(len(session.reply()["data"]), 1000000)

    def test_identities_do_not_pile_up(self):
        session = self.established()
        before = self.server.resident_kib()
        answers = []
        while not answers or answers[-1] == 0:
            self.assertLess(len(answers), 1000)
            answers.append(session.call("auth", scheme="digest", auth=b"u" * 1000 + b"%d:p" % len(answers))["err"])
        self.assertEqual(answers[-1], AUTH_FAILED)
        self.assertGreater(len(answers), 50)
        self.assert_closed_without_a_word(session)
        self.assertLess(self.server.resident_kib() - before, MEMORY_SLACK_KIB)

    def test_more_ephemerals_than_a_record_names_go_with_their_session(self):
        watcher = self.established()
        owner = self.session(self.server, timeout_ms=400)
        for number in range(8):
            owner.must("create", path="/%d" % number + "n" * 300000, flags=1)
        watcher.must("exists", path="/7" + "n" * 300000, watch=True)
        self.assert_closed_without_a_word(owner)    # it has expired
        self.assertEqual(watcher.receive().kind, "event")
        self.assertEqual(watcher.must("getChildren", path="/")["children"], ["bystander", "zookeeper"])

    def test_a_client_that_stops_reading_for_a_while_gets_everything_when_it_goes_on(self):
        session = self.session(self.server, timeout_ms=60000)
        session.must("create", path="/large", data=b"x" * 500000)
        for _ in range(100):
            session.start("getData", path="/large")
        for _ in range(100):
            self.assertEqual(len(session.reply()["data"]), 500000)

    def test_a_client_that_does_not_read_for_long_is_dropped(self):
        session = self.session(self.server, timeout_ms=60000)
        session.must("create", path="/large", data=b"x" * 500000)
        for _ in range(100):
            session.start("getData", path="/large")
        self.server.await_log("connection dropped", 60)
        self.assert_says(self.server.log(), r'warning connection dropped peer=127\.0\.0\.1:\d+ reason="no progress')

    def test_requests_in_single_octets_are_served(self):
        session = self.established()
        for octet in session.encode("create", path="/octets") + session.encode("exists", path="/octets"):
            session.send(bytes([octet]))
        self.assertEqual((session.reply()["path"], session.reply()["err"]), ("/octets", 0))

    def test_a_request_that_trickles_does_not_keep_its_session_alive(self):
        session = self.session(self.server, timeout_ms=400)
        session.send(int4(1000))
        while True:
            session.send(b"x")
            answer = session.receive(0.05)
            if answer.kind != "silence":
                break
        self.assertEqual(answer.kind, "closed")

    def test_a_client_that_has_vanished_is_forgotten_with_its_session(self):
        session = self.session(self.server, timeout_ms=400)
        session.must("create", path="/e", flags=1)
        self.assert_closed_without_a_word(session)
        self.assertEqual(self.established().call("exists", path="/e")["err"], -101)

    def test_a_client_that_closes_its_sending_side_is_closed(self):
        session = self.established()
        session.must("ping")
        session.half_close()
        self.assert_closed_without_a_word(session)

    def test_twenty_thousand_quick_connections_leave_nothing_behind(self):
        kinds = (b"", b"ru", b"GET / HTTP/1.0\r\n\r\n", int4(-1), frame(connect_request(4000)),
                 frame(connect_request(4000))[:20])
        connect_and_close(self.server.address, 2000, kinds)    # what a first storm leaves in caches
        await_that(self.is_quiet, "all connections of the first storm are closed")
        memory_before = self.server.resident_kib()
        lines_before = self.server.log().count("\n")
        started = os.times().elapsed
        connect_and_close(self.server.address, 20000, kinds)
        await_that(self.is_quiet, "all connections of the storm are closed", 60)
        await_that(lambda: int(metrics(self.server)["zk_global_sessions"]) <= 1, "their sessions have expired", 60)
        duration_s = os.times().elapsed - started
        if not is_instrumented():
            self.assertLess(self.server.resident_kib() - memory_before, MEMORY_SLACK_KIB)
        expired = self.server.log().count("session expired")
        lines = self.server.log().count("\n") - lines_before - expired
        self.assertLess(lines, 200 + 30 * duration_s, "log lines are limited by rate")

    def is_quiet(self):
        """Only the bystander is connected."""
        return self.server.descriptor_count() <= self.descriptors_before + 1


def connect_and_close(address, count, kinds):
    """Connects that often, a few hundred at a time, sends something, and closes in different ways."""
    selector = selectors.DefaultSelector()
    opened = closed = 0
    while closed < count:
        while opened < count and opened - closed < 300:
            made = socket.socket()
            made.setblocking(False)
            made.bind((f"127.0.0.{2 + opened % 100}", 0))    # each address has its own ports to lose
            made.connect_ex(address)
            selector.register(made, selectors.EVENT_WRITE, opened)
            opened += 1
        for key, _ in selector.select(harness.WAIT_S):
            number = key.data
            try:
                key.fileobj.send(kinds[number % len(kinds)])
            except OSError:
                pass    # closed already by the server
            if number % 3 == 0:
                key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            selector.unregister(key.fileobj)
            key.fileobj.close()
            closed += 1


class ConnectionLimits(TestCase):

    def test_more_connections_than_an_address_may_have_are_closed_at_once(self):
        node = self.node({"maxClientCnxns": 3}).start()
        sessions = [self.session(node) for _ in range(3)]
        for _ in range(20):
            surplus = self.connect(node)
            self.assertEqual(surplus.receive().kind, "closed")
        elsewhere = socket.create_connection(node.address, harness.WAIT_S, source_address=("127.0.0.2", 0))
        self.addCleanup(elsewhere.close)
        elsewhere.sendall(frame(connect_request(10000)))
        self.assertEqual(len(elsewhere.recv(100)), 41)
        sessions[0].close()
        await_that(lambda: harness.connects(node), "a place that was given up can be had")
        sessions[1].must("ping")
        self.assert_says(node.log(), r'warning connection rejected peer=127\.0\.0\.1:\d+ reason="maxClientCnxns')

    def test_more_connections_than_the_server_may_have_are_closed_at_once(self):
        node = self.node({"maxCnxns": 2}).start()
        sessions = [self.session(node) for _ in range(2)]
        self.assertEqual(self.connect(node).receive().kind, "closed")
        for session in sessions:
            session.must("ping")

    def test_a_server_without_descriptors_goes_on_when_there_are_some_again(self):
        if is_instrumented():
            self.skipTest("the undefined behaviour sanitizer needs a descriptor for each of its checks")
        node = self.node().start()
        good = self.session(node)
        limit = node.descriptor_count() + 5
        resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        waiting = [socket.create_connection(node.address) for _ in range(20)]
        node.await_log("connection not accepted")
        good.must("create", path="/a")
        for each in waiting:
            each.close()
        await_that(lambda: harness.connects(node), "connections are accepted again")
        good.must("ping")


if __name__ == "__main__":
    harness.main()
