#!/usr/bin/python3
"""The admin endpoints of an ensemble: admin_ensemble_test.py CONCLAVED

Answers that need several servers: why there is no leader, whose disk is slow, what only a leader can do.
"""

import http.client
import json
import os
import unittest

import harness
from ensembles import Ensemble
from event_streams import Stream
from harness import LOOPBACK, TestCase, await_that, free_port

TOKEN = "token-of-sixteen-and-more"
OPERATOR = {"Authorization": "Bearer " + TOKEN}


def ask(port, target, method="GET", body=None, headers=None):
    """Status and JSON; the endpoint must be there."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=harness.WAIT_S)
    try:
        connection.request(method, target, json.dumps(body) if body is not None else None, headers or {})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None
    finally:
        connection.close()


class WithEnsemble(TestCase):

    def setUp(self):
        super().setUp()
        token = os.path.join(self.scratch, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        self.ensemble = Ensemble(self, {"admin.enableServer": "true", "admin.tokenFile": token, "reconfigEnabled": "true"})
        for node in self.ensemble.nodes:
            node.settings["admin.serverPort"] = node.admin_port = free_port()
        self.ensemble.start()

    def id_of(self, node):
        return self.ensemble.nodes.index(node) + 1


class Watches(WithEnsemble):

    def stream(self, node, headers=None):
        made = Stream(node.admin_port, "/v1/watch/app?recursive", headers)
        self.addCleanup(made.close)
        return made

    def await_stream(self, node, headers=None):
        """With 503 there is no leader to open a session."""
        def served():
            made = self.stream(node, headers)
            return made if made.response.status != 503 else made.close()
        made = await_that(served, "streams are served")
        self.assertEqual(made.response.status, 200)
        return made

    def test_a_browser_is_not_sent_away_for_good(self):
        left, *others = self.ensemble.nodes
        for node in others:
            node.kill()
        await_that(lambda: self.stream(left).response.status == 503, "it has noticed")
        stream = self.stream(left, {"Accept": "text/event-stream"})
        self.assertEqual((stream.response.status, stream.next()[0]), (200, "end"))
        self.assertEqual(stream.response.read(), b"")

    def test_a_reader_goes_on_at_another_server(self):
        self.session(self.ensemble.leader()).must("create", path="/app")
        told, here, stream = [], self.ensemble.leader(), None
        for number in range(6):
            stream = self.await_stream(here, {"Last-Event-ID": stream.last_id} if stream else None)
            if number == 0:
                self.assertEqual(stream.next()[0], "ready")
            # What one server tells, another may not have applied yet.
            writer = self.session(self.ensemble.leader())
            for name in "abc":
                writer.must("create", path=f"/app/{number}{name}")
            while not told or told[-1] != f"/app/{number}b":
                event, data = stream.next()
                if event != "ready":
                    self.assertEqual(event, "created")
                    told.append(data["path"])
            stream.close()
            if number == 2:
                here.kill()
            here = next(node for node in self.ensemble.nodes if node is not here and node.process.poll() is None)
        self.assertEqual(told, [f"/app/{number}{name}" for number in range(6) for name in "abc"][:-1])


class WhyNoLeader(WithEnsemble):

    def test_who_cannot_be_reached_is_named(self):
        leader = self.ensemble.leader()
        left = self.ensemble.followers()[0]
        status, known = ask(left.admin_port, "/v1/why/no-leader")
        self.assertEqual((status, known["leader_id"]), (200, self.id_of(leader)))
        self.assertGreaterEqual(len(known["elections"]), 1)
        for node in self.ensemble.nodes:
            if node is not left:
                node.kill()
        def without_leader():
            _, told = ask(left.admin_port, "/v1/why/no-leader")
            return told if told["leader_id"] is None and not told["reaches_quorum"] else None
        known = await_that(without_leader, "it says that there is no leader")
        self.assertIn("does not reach a quorum", known["reasons"][0])
        others = {self.id_of(node) for node in self.ensemble.nodes if node is not left}
        await_that(lambda: {number for number in others for reason in ask(left.admin_port, "/v1/why/no-leader")[1]["reasons"]
                            if f"server {number} " in reason and "cannot be reached" in reason} == others,
                   "both others are named")
        for node in self.ensemble.nodes:
            if node is not left:
                node.launch()

        def with_leader_again():
            _, told = ask(left.admin_port, "/v1/why/no-leader")
            return told if told["leader_id"] is not None and len(told["elections"]) >= 2 else None
        known = await_that(with_leader_again, "there is a leader again, and a second election to tell of")
        self.assertGreater(known["elections"][0]["took_ms"], 0)


class WhoseDisk(WithEnsemble):

    def test_every_server_tells_of_all(self):
        self.session(self.ensemble.leader()).must("create", path="/a")
        for node in self.ensemble.nodes:
            known = await_that(lambda: (lambda told: told if len(told["servers"]) == 3 else None)(
                ask(node.admin_port, "/v1/why/disk")[1]), "all three have told")
            self.assertEqual([each["server_id"] for each in known["servers"]], [1, 2, 3])
            self.assertIn("the slowest disk is that of server", known["answer"])
            for each in known["servers"]:
                self.assertGreater(each["sync_count"], 0)
                self.assertLessEqual(each["p50_ms"], each["max_ms"])


class Stages(WithEnsemble):

    def test_a_follower_and_a_leader_count_the_stages_of_their_writes(self):
        for node in (self.ensemble.leader(), self.ensemble.followers()[0]):
            session = self.session(node)
            for number in range(20):
                session.must("create", path=f"/n{self.id_of(node)}-{number}")
            latency = ask(node.admin_port, "/v1/status")[1]["latency"]
            for stage in ("decode", "queue", "prepare", "log", "replicate", "apply", "reply", "commit"):
                self.assertGreaterEqual(latency[stage]["count"], 20, stage)
            self.assertGreater(latency["replicate"]["sum_ms"] + latency["log"]["sum_ms"], 0)


class Leaders(WithEnsemble):

    def test_leadership_is_handed_over(self):
        leader, follower = self.ensemble.leader(), self.ensemble.followers()[0]
        body = {"server_id": self.id_of(follower)}
        self.assertEqual(ask(leader.admin_port, "/v1/leadership", "POST", body)[0], 401)
        status, told = ask(follower.admin_port, "/v1/leadership", "POST", body, OPERATOR)
        self.assertEqual(status, 409)
        self.assertIn(f"server {self.id_of(leader)}", told["detail"])
        self.assertEqual(ask(leader.admin_port, "/v1/leadership", "POST", {"server_id": 77}, OPERATOR)[0], 409)
        self.assertEqual(ask(leader.admin_port, "/v1/leadership", "POST", {"server_id": "x"}, OPERATOR)[0], 400)
        session = self.session(follower)
        self.assertEqual(ask(leader.admin_port, "/v1/leadership", "POST", body, OPERATOR)[0], 202)
        await_that(lambda: ask(leader.admin_port, "/v1/ensemble")[1]["leader_id"] == self.id_of(follower), "it leads")
        session.must("create", path="/still-connected")

    def test_sessions_are_ended_by_the_leader_alone(self):
        leader, follower = self.ensemble.leader(), self.ensemble.followers()[0]
        session = self.session(follower)
        target = f"/v1/sessions/{session.session_id:#x}"
        self.assertEqual(ask(follower.admin_port, target, "DELETE", headers=OPERATOR)[0], 409)
        self.assertEqual(ask(leader.admin_port, target, "DELETE", headers=OPERATOR)[0], 204)
        session.await_close()

    def test_members_are_changed(self):
        leader = self.ensemble.leader()
        self.assertEqual(ask(leader.admin_port, "/v1/reconfiguration", "POST", {"leaving": "3"})[0], 401)
        self.assertEqual(ask(leader.admin_port, "/v1/reconfiguration", "POST", {"left": "3"}, OPERATOR)[0], 400)
        gone = self.id_of(self.ensemble.followers()[0])
        status, told = ask(leader.admin_port, "/v1/reconfiguration", "POST", {"leaving": str(gone)}, OPERATOR)
        self.assertEqual(status, 200, told)
        self.assertNotIn(f"server.{gone}=", told["members"])
        members = ask(leader.admin_port, "/v1/ensemble")[1]["members"]
        self.assertEqual(len(members), 2)
        status, told = ask(leader.admin_port, "/v1/reconfiguration", "POST", {"leaving": "1", "version": "0x1"}, OPERATOR)
        self.assertEqual(status, 412, told)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()
