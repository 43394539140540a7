#!/usr/bin/python3
"""What a server shows that cannot serve, or not everybody: minority_test.py CONCLAVED

Without a quorum, in read-only mode (zookeeper-protocol 2.5, 11.1), and as a leader that is to be left alone.
"""

import harness
from ensembles import Ensemble
from harness import Session, await_that, connects, four_letter_word, main, metrics

NOT_READ_ONLY = -119
NOT_SERVING = "This ZooKeeper instance is not currently serving requests\n"
ALWAYS_ANSWERED = {"ruok": "imok", "isro": "null", "gtmk": "306"}
OTHER_WORDS = ("srvr", "stat", "mntr", "conf", "cons", "dump", "dirs", "wchs", "wchc", "wchp", "srst", "crst", "hash")


def word(node, text):
    return four_letter_word(node, text.encode())


class WithoutQuorum(harness.TestCase):
    settings = {"4lw.commands.whitelist": "*"}

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, self.settings).start()
        self.last = self.ensemble.followers()[0]
        self.others = [node for node in self.ensemble.nodes if node is not self.last]
        self.client = self.session(self.last)
        self.client.must("create", path="/written", data=b"x")

    def lose_quorum(self):
        for node in self.others:
            node.kill()
        await_that(lambda: word(self.last, "isro") != "rw", "it has noticed")

    def handshake(self, **fields):
        """The answer of the last server."""
        connection = self.connect(self.last)
        connection.send_handshake(timeout_ms=10000, **fields)
        return connection, connection.receive()


class Minority(WithoutQuorum):

    def test_four_letter_words_say_so(self):
        self.lose_quorum()
        for text, answer in ALWAYS_ANSWERED.items():
            self.assertEqual(word(self.last, text), answer, text)
        for text in OTHER_WORDS:
            self.assertEqual(word(self.last, text), NOT_SERVING, text)
        self.assertTrue(word(self.last, "envi").startswith("Environment:\n"))

    def test_new_connections_are_closed_without_a_word(self):
        self.lose_quorum()
        for fields in ({}, {"read_only": True}, {"session_id": self.client.session_id, "password": self.client.password}):
            self.assertEqual(self.handshake(**fields)[1].kind, "closed")

    def test_connections_are_kept_for_a_moment_and_then_closed(self):
        self.lose_quorum()
        self.client.start("create", path="/in-flight", data=b"")
        self.assertEqual(self.client.await_close(), [], "nobody can have agreed")
        self.ensemble.start()
        again = self.session(self.last, resume=self.client)
        again.must("sync", path="/")
        self.assertEqual(again.must("getData", path="/written")["data"], b"x")


class ReadOnly(WithoutQuorum):
    settings = {"readonlymode.enabled": "true", "tickTime": 1000, "4lw.commands.whitelist": "*"}

    def lose_quorum(self):
        super().lose_quorum()
        await_that(lambda: word(self.last, "isro") == "ro", "it serves readers")

    def reader(self):
        connection, answer = self.handshake(read_only=True)
        self.assertEqual((answer.kind, answer.fields.get("readOnly")), ("connected", True))
        self.assertNotEqual(answer.fields["sessionId"], 0)
        return connection

    @staticmethod
    def call(connection, op, **fields):
        connection.send(connection.encode(op, **fields))
        return connection.receive().fields

    def test_words_tell_of_the_mode(self):
        self.lose_quorum()
        self.assertIn("\nREAD-ONLY mode; serving only read-only clients\n", word(self.last, "srvr"))
        self.assertEqual(self.ensemble.mode(self.last), "read-only")
        self.assertEqual(metrics(self.last)["zk_server_state"], "read-only")

    def test_who_asks_for_it_reads_and_cannot_write(self):
        self.lose_quorum()
        reader = self.reader()
        answer = self.call(reader, "getData", path="/written", watch=True)
        self.assertEqual((answer["err"], answer["data"]), (0, b"x"))
        self.assertEqual(self.call(reader, "create", path="/a", data=b"")["err"], NOT_READ_ONLY)
        self.assertEqual(self.call(reader, "setData", path="/written", data=b"", version=-1)["err"], NOT_READ_ONLY)
        self.assertEqual(self.call(reader, "sync", path="/")["err"], NOT_READ_ONLY)
        self.assertEqual(self.call(reader, "multi", ops=[("check", {"path": "/", "version": -1})])["err"], NOT_READ_ONLY)
        self.assertEqual(self.call(reader, "ping")["err"], 0)
        self.assertEqual(self.call(reader, "closeSession")["err"], 0)
        self.assertEqual(reader.receive().kind, "closed")

    def test_who_does_not_ask_for_it_is_closed_and_so_is_a_session_of_the_ensemble(self):
        self.lose_quorum()
        self.assertEqual(self.handshake()[1].kind, "closed")
        self.assertEqual(self.handshake(read_only=None)[1].kind, "closed")
        known = {"session_id": self.client.session_id, "password": self.client.password}
        self.assertEqual(self.handshake(read_only=True, **known)[1].kind, "closed")
        _, refusal = self.handshake(read_only=True, session_id=0x7700000000000001, password=b"x" * 16)
        self.assertEqual((refusal.fields["sessionId"], refusal.fields["readOnly"]), (0, True))

    def test_readers_are_sent_away_when_there_is_a_quorum_again(self):
        self.lose_quorum()
        reader = self.reader()
        local = {"session_id": reader.session_id, "password": reader.password}
        self.ensemble.start()
        await_that(lambda: reader.receive(0.0).kind == "closed", "it is closed")
        await_that(lambda: word(self.last, "isro") == "rw", "it serves everybody")
        _, refusal = self.handshake(read_only=True, **local)
        self.assertEqual((refusal.fields["sessionId"], refusal.fields["readOnly"]), (0, False))
        connection, answer = self.handshake(read_only=True)
        self.assertEqual(answer.fields["readOnly"], False)
        self.assertEqual(self.call(connection, "create", path="/again", data=b"")["err"], 0)
        self.session(self.last, resume=self.client).must("sync", path="/")


class LeaderLeftAlone(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, {"leaderServes": "no", "4lw.commands.whitelist": "*"}).start()
        self.leader = await_that(
            lambda: next((node for node in self.ensemble.nodes if self.ensemble.mode(node) == ""), None), "one leads")
        self.followers = [node for node in self.ensemble.nodes if node is not self.leader]

    def test_clients_are_served_by_the_others(self):
        self.assertFalse(connects(self.leader))
        self.assertEqual(word(self.leader, "srvr"), NOT_SERVING)
        self.assertEqual(word(self.leader, "ruok"), "imok")
        for number, node in enumerate(self.followers):
            self.assertEqual(self.ensemble.mode(node), "follower")
            self.session(node).must("create", path=f"/{number}", data=b"")

    def test_connections_of_a_follower_that_becomes_leader_are_closed_and_go_elsewhere(self):
        sessions = [self.session(node) for node in self.followers]
        self.leader.kill()
        closed = await_that(lambda: [session for session in sessions if session.receive(0.0).kind == "closed"],
                            "who leads now closes its connections")
        self.assertEqual(len(closed), 1)
        new_leader = self.followers[sessions.index(closed[0])]
        staying = next(node for node in self.followers if node is not new_leader)
        moved = Session(staying, resume=closed[0])
        self.addCleanup(moved.close)
        moved.must("create", path="/moved", data=b"")


class WaitingForHistory(harness.TestCase):

    def test_a_client_that_has_seen_more_is_refused_but_not_at_once(self):
        """Real servers are never that far apart for long; this client claims what nobody has."""
        ensemble = Ensemble(self).start()
        follower = ensemble.followers()[0]
        ahead = self.connect(follower)
        ahead.send_handshake(timeout_ms=10000, last_zxid=0x7F00000000)
        self.assertEqual(ahead.receive(0.3).kind, "silence")
        self.assertEqual(ahead.receive().kind, "closed")
        follower.await_log("client refused because it has seen a newer state")


if __name__ == "__main__":
    main()
