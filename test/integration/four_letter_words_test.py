#!/usr/bin/python3
"""Four-letter words of a running server, as monitoring asks for them: four_letter_words_test.py CONCLAVED

zookeeper-protocol 11.1 and 11.2. The texts are compared with the real server's in test/interop; here they have to tell
the truth about what clients did.
"""

import re

import harness
from harness import TestCase, await_that, four_letter_word, metrics

WORDS = "conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat wchc wchp wchs".split()


def srvr(node):
    """`srvr` as a dictionary of texts."""
    return dict(line.split(": ", 1) for line in four_letter_word(node, b"srvr").splitlines())


class Whitelist(TestCase):

    def refusal(self, word):
        return f"{word} is not executed because it is not in the whitelist.\n"

    def test_only_srvr_is_answered_by_default(self):
        node = self.node()
        del node.settings["4lw.commands.whitelist"]
        node.start()
        for word in WORDS + ["stmk"]:
            with self.subTest(word):
                text = four_letter_word(node, word.encode() + (b"\0" * 8 if word == "stmk" else b""))
                if word == "srvr":
                    self.assertIn("Mode: standalone\n", text)
                else:
                    self.assertEqual(text, self.refusal(word))

    def test_all_words_are_answered_when_all_are_listed(self):
        node = self.node({"4lw.commands.whitelist": "*"}).start()
        for word in WORDS:
            with self.subTest(word):
                text = four_letter_word(node, word.encode())
                self.assertIsNotNone(text)
                self.assertNotEqual(text, self.refusal(word))

    def test_words_of_a_list_are_answered_and_srvr_always(self):
        node = self.node({"4lw.commands.whitelist": "ruok, mntr"}).start()
        self.assertEqual(four_letter_word(node, b"ruok"), "imok")
        self.assertIn("zk_version\t", four_letter_word(node, b"mntr"))
        self.assertIn("Mode: standalone\n", four_letter_word(node, b"srvr"))
        self.assertEqual(four_letter_word(node, b"cons"), self.refusal("cons"))

    def test_isro_is_answered_where_read_only_mode_is_enabled(self):
        node = self.node({"readonlymode.enabled": "true"}).start()
        self.assertEqual(four_letter_word(node, b"isro"), "rw")
        self.assertEqual(four_letter_word(node, b"stat"), self.refusal("stat"))


class WithWords(TestCase):

    def setUp(self):
        super().setUp()
        self.server = self.node({"4lw.commands.whitelist": "*", "tickTime": 2000, "nio.sessionlessCnxnTimeout": 1000})
        self.server.start()

    def ask(self, word):
        return four_letter_word(self.server, word.encode())


class OnTheWire(WithWords):

    def test_a_word_is_answered_however_it_is_sent(self):
        for name, pieces, is_half_closed in (
                ("alone", [b"ruok"], False), ("with a line end", [b"ruok\n"], False), ("like netcat", [b"ruok\n"], True),
                ("in pieces", [b"r", b"uo", b"k"], False), ("with more behind it", [b"ruok" + b"x" * 5000], False),
                ("with a carriage return", [b"ruok\r\n"], True)):
            with self.subTest(name):
                connection = self.connect(self.server)
                for piece in pieces:
                    connection.send(piece)
                if is_half_closed:
                    connection.half_close()
                self.assertEqual(connection.receive_text(), b"imok")

    def test_a_long_answer_arrives_whole_when_the_line_end_is_never_read(self):
        for _ in range(20):
            connection = self.connect(self.server)
            connection.send(b"mntr\n")
            text = connection.receive_text()
            self.assertTrue(text.startswith(b"zk_version\t") and text.endswith(b"\n"), text)

    def test_other_words_are_lengths_and_close_the_connection_without_an_answer(self):
        for word in ("lead", "RUOK", "help", "quit", "\r\n\r\n"):
            with self.subTest(word):
                connection = self.connect(self.server)
                connection.send(word.encode())
                connection.half_close()
                self.assertEqual(connection.receive_text(), b"")

    def test_a_telnet_break_is_closed_without_an_answer(self):
        connection = self.connect(self.server)
        connection.send(bytes.fromhex("fff4fffd"))
        self.assertEqual(connection.receive_text(), b"")

    def test_the_trace_mask_is_kept(self):
        self.assertEqual(self.ask("gtmk"), "306")
        connection = self.connect(self.server)
        connection.send(b"stmk" + (1 << 33 | 7).to_bytes(4 + 4, "big"))
        self.assertEqual(connection.receive_text(), str(1 << 33 | 7).encode())
        self.assertEqual(self.ask("gtmk"), str(1 << 33 | 7))


class WhatTheyTell(WithWords):

    def test_srvr_counts_what_happens(self):
        before = srvr(self.server)
        session = self.session(self.server)
        for number in range(10):
            session.must("create", path=f"/n{number}")
        after = srvr(self.server)
        self.assertEqual(int(after["Node count"]), int(before["Node count"]) + 10)
        self.assertEqual(int(after["Connections"]), int(before["Connections"]) + 1)
        self.assertEqual(int(after["Zxid"], 16), int(before["Zxid"], 16) + 11)
        self.assertGreaterEqual(int(after["Received"]), int(before["Received"]) + 11)
        self.assertGreaterEqual(int(after["Sent"]), int(before["Sent"]) + 11)
        self.assert_says(after["Latency min/avg/max"], r"^\d+/\d+\.\d+/\d+$")
        self.assertEqual(after["Mode"], "standalone")
        self.assert_says(after["Zookeeper version"], r"^\d+\.\d+\.\d+\S*, built on ")

    def test_the_node_count_of_a_fresh_server_is_five(self):
        self.assertEqual(srvr(self.server)["Node count"], "5")

    def test_srst_starts_the_counters_anew(self):
        session = self.session(self.server)
        for _ in range(20):
            session.must("ping")
        self.assertGreaterEqual(int(srvr(self.server)["Received"]), 20)
        self.assertEqual(self.ask("srst"), "Server stats reset.\n")
        self.assertLess(int(srvr(self.server)["Received"]), 20)

    def test_cons_shows_the_connection_of_a_session(self):
        session = self.session(self.server, timeout_ms=9000)
        answer = session.must("create", path="/a")
        port = session.socket.getsockname()[1]
        lines = [line for line in self.ask("cons").split("\n") if f":{port}[" in line]
        self.assertEqual(len(lines), 1)
        self.assert_says(
            lines[0],
            rf"^ /127\.0\.0\.1:{port}\[1\]\(queued=0,recved=2,sent=2,sid=0x{session.session_id:x},lop=CREA,est=\d+,to=9000,"
            rf"lcxid=0x1,lzxid=0x{answer['zxid']:x},lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)$")

    def test_cons_and_stat_list_every_connection_and_the_one_that_asks(self):
        sessions = [self.session(self.server) for _ in range(5)]
        listed = set(re.findall(r"^ /127\.0\.0\.1:(\d+)\[", self.ask("cons"), re.MULTILINE))
        self.assertLessEqual({str(session.socket.getsockname()[1]) for session in sessions}, listed)
        self.assertGreater(len(listed), 5)
        stat = self.ask("stat")
        self.assertGreaterEqual(len(re.findall(r"^ /127\.0\.0\.1:\d+\[", stat, re.MULTILINE)), 6)
        self.assertIn("Mode: standalone\n", stat)

    def test_crst_starts_the_counters_of_connections_anew(self):
        session = self.session(self.server)
        for _ in range(5):
            session.must("ping")
        self.assertIn(f"recved=6,sent=6,sid=0x{session.session_id:x}", self.ask("cons"))
        self.assertEqual(self.ask("crst"), "Connection stats reset.\n")
        self.assertIn(f"recved=0,sent=0,sid=0x{session.session_id:x}", self.ask("cons"))

    def test_dump_shows_sessions_and_their_ephemerals(self):
        session, other = self.session(self.server), self.session(self.server)
        session.must("create", path="/b", flags=1)
        session.must("create", path="/a", flags=1)
        text = self.ask("dump")
        self.assert_says(text, r"^SessionTracker dump:\nSession Sets \(\d+\)/\(2\):\n",
                         rf"\n\t0x{session.session_id:x}\n", rf"\n\t0x{other.session_id:x}\n",
                         r"\nephemeral nodes dump:\nSessions with Ephemerals \(1\):\n",
                         rf"\n0x{session.session_id:x}:\n(\t/a\n\t/b|\t/b\n\t/a)\n", r"\nConnections dump:\n",
                         rf"\tip: /127\.0\.0\.1:\d+ sessionId: 0x{session.session_id:x}\n")
        session.must("closeSession")
        self.assertIn("Sessions with Ephemerals (0):", self.ask("dump"))

    def test_watches_are_told_by_path_and_by_session(self):
        session = self.session(self.server)
        session.must("create", path="/a")
        session.must("getData", path="/a", watch=True)
        session.call("exists", path="/missing", watch=True)
        self.assertEqual(self.ask("wchs"), "1 connections watching 2 paths\nTotal watches:2\n")
        self.assert_says(self.ask("wchc"), rf"^0x{session.session_id:x}\n(\t/a\n\t/missing|\t/missing\n\t/a)\n")
        self.assert_says(self.ask("wchp"), rf"(?m)^/a\n\t0x{session.session_id:x}$",
                         rf"(?m)^/missing\n\t0x{session.session_id:x}$")
        session.close()
        await_that(lambda: self.ask("wchs") == "0 connections watching 0 paths\nTotal watches:0\n", "watches are dropped")

    def test_mntr_tells_the_state_in_numbers(self):
        session = self.session(self.server)
        session.must("create", path="/e", flags=1, data=b"x" * 1000)
        session.must("getData", path="/e", watch=True)
        told = metrics(self.server)
        expected = {"zk_server_state": "standalone", "zk_znode_count": "6", "zk_ephemerals_count": "1", "zk_watch_count": "1",
                    "zk_global_sessions": "1", "zk_outstanding_requests": "0"}
        self.assertEqual({key: told.get(key) for key in expected}, expected)
        self.assertGreaterEqual(int(told["zk_approximate_data_size"]), 1000)
        self.assertIn(int(told["zk_open_file_descriptor_count"]) - self.server.descriptor_count(), (-1, 0, 1),
                      "the connection of the word itself may be gone or not")
        self.assert_says(told["zk_version"], r"^\d+\.\d+\.\d+")

    def test_conf_shows_the_configuration(self):
        lines = dict(line.split("=", 1) for line in self.ask("conf").splitlines() if "=" in line)
        self.assertEqual(lines["clientPort"], str(self.server.port))
        self.assertEqual(lines["dataDir"], self.server.own_directory)
        self.assertEqual((lines["tickTime"], lines["minSessionTimeout"], lines["maxSessionTimeout"]),
                         ("2000", "4000", "40000"))

    def test_envi_is_one_line_for_each_fact(self):
        text = self.ask("envi")
        self.assertTrue(text.startswith("Environment:\nzookeeper.version="))
        self.assert_says(text, r"(?m)^os\.name=Linux$", r"(?m)^user\.dir=" + re.escape(self.server.directory) + "$")

    def test_dirs_tells_the_size_on_disk(self):
        sizes = dict(line.split(": ") for line in self.ask("dirs").splitlines())
        self.assertEqual(sorted(sizes), ["datadir_size", "logdir_size"])
        self.assertGreater(int(sizes["logdir_size"]), 1 << 20)

    def test_words_keep_being_answered_under_load(self):
        session = self.session(self.server)
        for number in range(2000):
            session.start("create", path=f"/n{number}")
        for _ in range(20):
            self.assertEqual(self.ask("ruok"), "imok")
        for _ in range(2000):
            session.reply()
        self.assertEqual(srvr(self.server)["Outstanding"], "0")


if __name__ == "__main__":
    harness.main()
