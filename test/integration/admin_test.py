#!/usr/bin/python3
"""The admin endpoint of a running server: admin_test.py CONCLAVED

What tools of operators see: commands, health, metrics (read by a real Prometheus where there is one), the API, and what
hostile peers get. Details of HTTP and of authorization are unit tests (test/unit/admin).
"""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

import harness
from event_streams import Stream
from harness import LOOPBACK, TestCase, await_that, four_letter_word, free_port

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.fields = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class WithEndpoint(TestCase):

    settings = {}

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.server = self.node({"4lw.commands.whitelist": "*", "admin.enableServer": "true",
                                 "admin.serverPort": self.port, **self.settings})
        self.start(self.server)

    def start(self, node):
        node.start()

    def ask(self, target, method="GET", body=None, headers=None, port=None):
        connection = http.client.HTTPConnection(LOOPBACK, port or self.port, timeout=harness.WAIT_S)
        try:
            connection.request(method, target, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, target, **options):
        """The JSON of an answer that must succeed."""
        answer = self.ask(target, **options)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json


class Commands(WithEndpoint):

    def test_they_tell_what_four_letter_words_tell(self):
        session = self.session(self.server)
        session.must("create", path="/e", flags=1, data=b"x")
        session.must("getData", path="/e", watch=True)
        told = self.get("/commands/srvr")
        self.assertEqual(told["command"], "server_stats")
        self.assertIsNone(told["error"])
        self.assertEqual(told["node_count"], 6)
        self.assertEqual(told["server_stats"]["server_state"], "standalone")
        mine = [each for each in self.get("/commands/cons")["connections"]
                if each["session_id"] == session.session_id]
        self.assertEqual(len(mine), 1)
        self.assertEqual(mine[0]["last_operation"], "GETD")
        self.assertEqual(self.get("/commands/dump")["session_id_to_ephemeral_paths"], {str(session.session_id): ["/e"]})
        self.assertEqual(self.get("/commands/wchp")["path_to_session_ids"], {"/e": [session.session_id]})
        self.assertEqual(self.get("/commands/wchs")["num_total_watches"], 1)
        monitor = self.get("/commands/monitor")
        words = harness.metrics(self.server)
        self.assertEqual({"zk_" + key for key in monitor} - {"zk_command", "zk_error"}, set(words))

    def test_resets_are_those_of_the_words(self):
        session = self.session(self.server)
        for _ in range(20):
            session.must("ping")
        self.assertEqual(self.get("/commands/stat_reset"), {"command": "stat_reset", "error": None})
        self.assertIn("Received: 0\n", four_letter_word(self.server, b"srvr"))

    def test_the_configuration_shows_no_secret(self):
        for target in ("/v1/configuration", "/commands/initial_configuration", "/commands/system_properties"):
            self.assertNotIn("hunter2", self.ask(target).body.decode())


class Secrets(WithEndpoint):

    settings = {"DigestAuthenticationProvider.superDigest": "super:hunter2hunter2"}

    def test_they_are_masked(self):
        for target in ("/v1/configuration", "/commands/initial_configuration", "/commands/system_properties"):
            body = self.ask(target).body.decode()
            self.assertIn("superDigest", body)
            self.assertNotIn("hunter2", body)


class Nodes(WithEndpoint):

    def test_a_large_family_is_read_in_pages(self):
        session = self.session(self.server)
        session.must("create", path="/many")
        names = [f"n{number:05}" for number in range(2500)]
        for name in names:
            session.start("create", path=f"/many/{name}", data=name.encode())
        for _ in names:
            session.reply()
        seen, after = [], None
        while True:
            page = self.get("/v1/children/many?limit=400&data" + (f"&after={after}" if after else ""))
            seen += [child["name"] for child in page["children"]]
            for child in page["children"]:
                self.assertEqual(child["data"]["value"], child["name"])
            after = page["next_after"]
            if after is None:
                break
        self.assertEqual(seen, names)

    def test_what_a_client_writes_is_read_at_once(self):
        session = self.session(self.server)
        session.must("create", path="/a b/".rstrip("/"), data=b"\xff\x00")
        node = self.get("/v1/znodes/a%20b")
        self.assertEqual(node["data"], {"encoding": "base64", "value": "/wA="})
        session.must("setData", path="/a b", data=b"text", version=0)
        node = self.get("/v1/znodes/a%20b")
        self.assertEqual((node["data"]["value"], node["stat"]["version"]), ("text", 1))
        session.must("delete", path="/a b", version=-1)
        self.assertEqual(self.ask("/v1/znodes/a%20b").status, 404)

    def test_sessions_and_what_they_own(self):
        session, other = self.session(self.server), self.session(self.server)
        session.must("create", path="/mine", flags=1)
        session.call("exists", path="/missing", watch=True)
        listed = self.get("/v1/sessions")["sessions"]
        self.assertEqual({each["session_id"] for each in listed}, {hex(session.session_id), hex(other.session_id)})
        detail = self.get(f"/v1/sessions/{session.session_id:#x}")
        self.assertEqual(detail["ephemerals"], ["/mine"])
        self.assertEqual(detail["watches"], [{"path": "/missing", "kind": "data"}])
        self.assertEqual(detail["connection"]["address"], f"127.0.0.1:{session.socket.getsockname()[1]}")
        first = self.get("/v1/sessions?limit=1")
        rest = self.get(f"/v1/sessions?limit=1&after={first['next_after']}")
        self.assertIsNone(rest["next_after"])
        self.assertEqual([each["session_id"] for each in first["sessions"] + rest["sessions"]],
                         sorted(each["session_id"] for each in listed))
        session.must("closeSession")
        self.assertEqual(self.ask(f"/v1/sessions/{session.session_id:#x}").status, 404)


class Description(WithEndpoint):
    """Every path of the OpenAPI file, asked, answers as its schema says."""

    def check(self, value, schema, where):
        schema = self.api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        if "oneOf" in schema:
            fits = []
            for each in schema["oneOf"]:
                try:
                    self.check(value, each, where)
                    fits.append(each)
                except AssertionError:
                    pass
            self.assertEqual(len(fits), 1, where)
        for each in schema.get("allOf", []):
            self.check(value, each, where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
                 "null": type(None)}
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], where)
        if "pattern" in schema:
            self.assertRegex(value, schema["pattern"], where)
        for name in schema.get("required", []):
            self.assertIn(name, value, where)
        for name, each in schema.get("properties", {}).items():
            if name in value:
                self.check(value[name], each, f"{where}.{name}")
        if "additionalProperties" in schema:
            for name, each in value.items():
                self.check(each, schema["additionalProperties"], f"{where}.{name}")
        if "items" in schema:
            for index, each in enumerate(value):
                self.check(each, schema["items"], f"{where}[{index}]")

    def test_answers_are_as_described(self):
        session = self.session(self.server)
        session.must("create", path="/n", flags=1, data=b"x")
        session.must("getData", path="/n", watch=True)
        session.must("create", path="/l-", flags=3)
        ended = self.session(self.server)
        ended.must("closeSession")
        self.api = self.get("/v1/openapi.json")
        asked = 0
        for path, methods in self.api["paths"].items():
            target = path.replace("{path}", "n").replace("{id}", f"{session.session_id:#x}")
            if path.startswith("/v1/why/session/"):
                target = f"/v1/why/session/{ended.session_id:#x}"
            if "get" in methods and path.startswith("/v1/children"):
                target = "/v1/children/?stat&data"
            content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
            if "application/json" in content:
                with self.subTest(target):
                    self.check(self.get(target), content["application/json"]["schema"], target)
                    asked += 1
        self.assertGreater(asked, 10)


class Operators(WithEndpoint):

    token = "token-of-sixteen-and-more"

    def start(self, node):
        path = os.path.join(node.directory, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.token + "\n")
        node.settings["admin.tokenFile"] = path
        node.start()

    def test_the_log_level_is_set_by_the_token_alone(self):
        level = json.dumps({"level": "debug"})
        self.assertEqual(self.ask("/v1/log-level", "PUT", level).status, 401)
        user = {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}
        self.assertEqual(self.ask("/v1/log-level", "PUT", level, user).status, 403)
        operator = {"Authorization": "Bearer " + self.token}
        self.assertEqual(self.ask("/v1/log-level", "PUT", "{}", operator).status, 400)
        answer = self.ask("/v1/log-level", "PUT", level, operator)
        self.assertEqual((answer.status, answer.json), (200, {"level": "debug"}))
        self.assertEqual(self.get("/v1/log-level"), {"level": "debug"})

    def test_the_token_reads_what_no_acl_opens(self):
        session = self.session(self.server)
        session.must("create", path="/closed", data=b"x", acl=[(31, "ip", "10.255.255.255")])
        self.assertEqual(self.ask("/v1/znodes/closed").status, 403)
        answer = self.ask("/v1/znodes/closed", headers={"Authorization": "Bearer " + self.token})
        self.assertEqual(answer.status, 200)


class Changes(WithEndpoint):

    settings = {"admin.enableWrites": "true", "extendedTypesEnabled": "true"}
    user = {"Authorization": "Basic " + base64.b64encode(b"bob:password").decode()}

    def change(self, target, method, body=b"", headers=None):
        return self.ask(target, method, body, self.user if headers is None else headers)

    def test_nodes_are_created_set_and_deleted_like_any_others(self):
        session = self.session(self.server)
        answer = self.change("/v1/znodes/a%20b", "POST", b"one")
        self.assertEqual((answer.status, answer.json["path"], answer.fields["location"]),
                         (201, "/a b", "/v1/znodes/a%20b"))
        self.assertEqual(session.must("getData", path="/a b")["data"], b"one")
        answer = self.change("/v1/znodes/a%20b?version=0", "PUT", b"two")
        self.assertEqual((answer.status, answer.json["stat"]["version"]), (200, 1))
        self.assertEqual(self.change("/v1/znodes/a%20b?version=0", "PUT", b"three").status, 412)
        self.assertEqual(self.change("/v1/znodes/a%20b", "POST").status, 409)
        self.assertEqual(self.change("/v1/znodes/missing/x", "POST").status, 404)
        self.assertEqual(self.change("/v1/znodes/a%20b?version=1", "DELETE").status, 204)
        self.assertNotEqual(session.call("exists", path="/a b")["err"], 0)

    def test_the_kinds_of_nodes(self):
        first = self.change("/v1/znodes/q-?mode=persistent_sequential", "POST").json["path"]
        self.assertEqual(first, "/q-0000000000")
        self.assertEqual(self.change("/v1/znodes/c?mode=container", "POST").status, 201)
        self.assertEqual(self.change("/v1/znodes/t?ttl_ms=60000", "POST").status, 201)
        self.assertEqual(self.change("/v1/znodes/e?mode=ephemeral", "POST").status, 400)

    def test_acls_hold_and_can_be_set(self):
        session = self.session(self.server)
        session.must("create", path="/closed", acl=[(1, "world", "anyone")])
        self.assertEqual(self.change("/v1/znodes/closed", "PUT", b"x").status, 403)
        self.assertEqual(self.change("/v1/znodes/open", "POST").status, 201)
        name = self.get("/v1/acls/open")["acl"]
        self.assertEqual(name, [{"scheme": "world", "id": "anyone", "permissions": "cdrwa"}])
        acl = json.dumps({"acl": [{"scheme": "auth", "id": "", "permissions": "cdrwa"}]})
        self.assertEqual(self.change("/v1/acls/open", "PUT", acl).status, 200)
        self.assertEqual(self.ask("/v1/znodes/open").status, 403)
        self.assertEqual(self.ask("/v1/znodes/open", headers=self.user).status, 200)
        self.assertEqual(self.change("/v1/acls/open", "PUT", "{}").status, 400)

    def test_several_changes_are_one(self):
        operations = [{"op": "create", "path": "/m", "data": {"encoding": "base64", "value": "/wA="}},
                      {"op": "create", "path": "/m/n"}, {"op": "set", "path": "/m", "data": {"value": "x"}, "version": 0},
                      {"op": "check", "path": "/m", "version": 1}, {"op": "delete", "path": "/m/n"}]
        answer = self.change("/v1/multi", "POST", json.dumps({"operations": operations}))
        self.assertEqual((answer.status, answer.json["succeeded"]), (200, True), answer.body)
        self.assertEqual(answer.json["results"][0]["path"], "/m")
        answer = self.change("/v1/multi", "POST", json.dumps(
            {"operations": [{"op": "set", "path": "/m"}, {"op": "delete", "path": "/missing"}]}))
        self.assertEqual((answer.status, [each["error"] for each in answer.json["results"]]), (409, ["Ok", "NoNode"]))
        for malformed in ("", "{}", '{"operations": []}', '{"operations": [{"op": "create"}]}',
                          '{"operations": [{"op": "x", "path": "/a"}]}', '{"operations": [7]}', "[" * 10000):
            self.assertEqual(self.change("/v1/multi", "POST", malformed).status, 400, malformed[:50])

    def test_a_change_is_no_larger_than_clients_may_make_it(self):
        limit = 1048575     # jute.maxbuffer
        self.assertEqual(self.change("/v1/znodes/large", "POST", b"x" * (limit - 10)).status, 413)
        self.assertEqual(self.change("/v1/znodes/large", "POST", b"x" * (limit - 500)).status, 201)
        half = {"op": "create", "data": {"value": "x" * (limit // 2)}}
        both = json.dumps({"operations": [dict(half, path="/h1"), dict(half, path="/h2")]})
        self.assertEqual(self.change("/v1/multi", "POST", both).status, 413)
        self.assertEqual(self.ask("/v1/znodes/h1").status, 404)

    def test_a_version_that_is_none_is_refused(self):
        self.assertEqual(self.change("/v1/znodes/v", "POST").status, 201)
        for version in (4294967296, -4294967296, -2, 2147483648, 0.5, "0", True):
            operations = [{"op": "set", "path": "/v", "data": {"value": "y"}, "version": version}]
            answer = self.change("/v1/multi", "POST", json.dumps({"operations": operations}))
            self.assertEqual(answer.status, 400, version)
        self.assertEqual(self.get("/v1/znodes/v")["stat"]["version"], 0)

    def test_it_takes_a_proof(self):
        for target, method in (("/v1/znodes/x", "POST"), ("/v1/znodes/x", "PUT"), ("/v1/znodes/x", "DELETE"),
                               ("/v1/acls/x", "PUT"), ("/v1/multi", "POST")):
            self.assertEqual(self.change(target, method, headers={}).status, 401)
            foreign = {**self.user, "Origin": "http://elsewhere.example"}
            self.assertEqual(self.change(target, method, headers=foreign).status, 403)
        self.assertEqual(self.change("/v1/znodes/x", "POST", b"x" * (1 << 21)).status, 413)

    def test_no_session_is_left_behind(self):
        for number in range(20):
            self.assertEqual(self.change(f"/v1/znodes/s{number}", "POST").status, 201)
        await_that(lambda: self.get("/v1/sessions")["sessions"] == [], "the sessions of changes are over")
        await_that(lambda: self.get("/commands/cons")["connections"] == [], "their connections are closed")


class ReadOnly(WithEndpoint):

    def test_changes_are_off_by_default(self):
        answer = self.ask("/v1/znodes/x", "POST", b"", Changes.user)
        self.assertEqual(answer.status, 403)
        self.assertIn("admin.enableWrites", answer.json["detail"])


class Watches(WithEndpoint):

    def stream(self, target, headers=None):
        made = Stream(self.port, target, headers)
        self.addCleanup(made.close)
        self.assertEqual(made.response.status, 200)
        return made

    def test_a_subtree_is_told_with_its_values(self):
        session = self.session(self.server)
        session.must("create", path="/app")
        stream = self.stream("/v1/watch/app?recursive&values")
        self.assertEqual(stream.next()[0], "ready")
        session.must("create", path="/app/x", data=b"1")
        session.must("setData", path="/app/x", data=b"2")
        session.must("delete", path="/app/x")
        session.must("create", path="/other")
        session.must("setData", path="/app", data=b"3")
        told = [stream.next() for _ in range(4)]
        self.assertEqual([(name, data["path"]) for name, data in told],
                         [("created", "/app/x"), ("data_changed", "/app/x"), ("deleted", "/app/x"), ("data_changed", "/app")])
        self.assertEqual(told[3][1]["data"]["value"], "3")
        zxids = [int(data["zxid"], 16) for _, data in told]
        self.assertEqual(zxids, sorted(zxids))

    def test_one_node_is_told_of_its_children(self):
        session = self.session(self.server)
        stream = self.stream("/v1/watch/late")
        self.assertEqual(stream.next()[0], "ready")
        session.must("create", path="/late")
        session.must("create", path="/late/child")
        self.assertEqual([stream.next()[0] for _ in range(2)], ["created", "children_changed"])

    def test_a_reader_that_comes_back_gets_what_it_missed(self):
        session = self.session(self.server)
        stream = self.stream("/v1/watch/?recursive&values")
        self.assertEqual(stream.next()[0], "ready")
        session.must("create", path="/seen")
        self.assertEqual(stream.next()[1]["path"], "/seen")
        stream.close()
        session.must("create", path="/missed", data=b"1")
        session.must("setData", path="/missed", data=b"2")
        session.must("create", path="/missed/short")
        session.must("delete", path="/missed/short")
        told = []
        stream = self.stream("/v1/watch/?recursive&values", {"Last-Event-ID": stream.last_id})
        while not told or told[-1][0] != "ready":
            told.append(stream.next())
        self.assertEqual([(name, data["path"]) for name, data in told],
                         [("created", "/missed"), ("data_changed", "/missed"), ("created", "/missed/short"),
                          ("deleted", "/missed/short"), ("ready", "/")])
        self.assertEqual(told[0][1]["data"]["value"], "2")      # what is there now
        self.assertNotIn("data", told[2][1])
        session.must("create", path="/later")
        self.assertEqual(stream.next()[1]["path"], "/later")

    def test_nothing_is_lost_when_the_server_is_killed(self):
        session = self.session(self.server)
        session.must("create", path="/app")
        stream = self.stream("/v1/watch/app?recursive")
        self.assertEqual(stream.next()[0], "ready")
        session.must("create", path="/app/0")
        told = [stream.next()[1]]
        for number in range(1, 4):
            # Neither these nor those below have been told of when the server dies.
            stream.close()
            for name in ("a", "b"):
                session.must("create", path=f"/app/{number}{name}")
            self.server.kill()
            self.server.start()
            stream = self.stream("/v1/watch/app?recursive", {"Last-Event-ID": stream.last_id})
            session = self.session(self.server)
            session.must("create", path=f"/app/{number}c")
            while not told[-1]["path"].endswith("c") or not told[-1]["path"].startswith(f"/app/{number}"):
                name, data = stream.next()
                if name != "ready":
                    self.assertEqual(name, "created")
                    told.append(data)
        self.assertEqual([each["path"] for each in told],
                         ["/app/0"] + [f"/app/{number}{name}" for number in range(1, 4) for name in "abc"])
        zxids = [int(each["zxid"], 16) for each in told]
        self.assertEqual(zxids, sorted(set(zxids)))

    def test_a_transaction_may_be_seen_in_parts(self):
        session = self.session(self.server)
        before = int(session.must("create", path="/m")["zxid"])
        session.must("multi", ops=[("create", {"path": f"/m/{name}"}) for name in "abc"])
        stream = self.stream(f"/v1/watch/m?recursive&last_event_id={before:#x}")
        told = [stream.next()[1]["path"] for _ in range(2)]
        self.assertEqual(told, ["/m/a", "/m/b"])
        self.assertEqual(stream.last_id, f"{before + 1:#x}.2")
        rest = self.stream("/v1/watch/m?recursive", {"Last-Event-ID": stream.last_id})
        self.assertEqual([rest.next()[1]["path"] for _ in range(2)], ["/m/c", "/m"])

    def test_what_the_log_does_not_hold_has_to_be_read_anew(self):
        session = self.session(self.server)
        last = int(session.must("create", path="/a")["zxid"])
        for text in (f"{last + (5 << 32):#x}", "nonsense"):
            stream = self.stream("/v1/watch/?recursive", {"Last-Event-ID": text})
            self.assertEqual(stream.next()[0], "reset", text)
            self.assertEqual(int(stream.last_id, 16), last + 1)     # its session
            stream.close()
            await_that(lambda: len(self.get("/v1/sessions")["sessions"]) == 1, "its session is over")
            last += 2
        self.assertEqual(self.ask("/v1/watch/?last_event_id=nonsense").status, 400)

    def test_acls_hold(self):
        session = self.session(self.server)
        session.must("create", path="/closed", acl=[(31, "ip", "10.255.255.255")])
        self.assertEqual(self.ask("/v1/watch/closed").status, 403)

    def test_its_head_alone_can_be_had(self):
        answer = self.ask("/v1/watch/", "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.fields["content-type"], "text/event-stream")
        await_that(lambda: self.get("/v1/sessions")["sessions"] == [], "its session is over")

    def test_their_session_ends_with_the_readers(self):
        streams = [self.stream("/v1/watch/?recursive") for _ in range(20)]
        for each in streams:
            each.next()
        self.assertEqual(len(self.get("/v1/sessions")["sessions"]), 1)     # for all that see the same
        for each in streams:
            each.close()
        await_that(lambda: self.get("/v1/sessions")["sessions"] == [], "the sessions of readers are over")

    def test_the_server_stops_with_readers(self):
        stream = self.stream("/v1/watch/")
        stream.next()
        self.assertEqual(self.server.terminate(), 0)


class WatchesBehindAPurgedLog(WithEndpoint):

    settings = {"logRetentionInKb": 0, "preAllocSize": 64, "checkpointIntervalMs": 200}

    def test_who_comes_back_too_late_has_to_read_anew(self):
        session = self.session(self.server)
        first = int(session.must("create", path="/n", data=b"x")["zxid"])

        def come_back():
            for _ in range(300):
                session.start("setData", path="/n", data=b"x" * 20000)
            for _ in range(300):
                session.reply()
            stream = Stream(self.port, f"/v1/watch/n?last_event_id={first:#x}")
            self.addCleanup(stream.close)
            event, _ = stream.next()
            return stream if event == "reset" else stream.close()
        stream = await_that(come_back, "the log is purged")
        session.must("delete", path="/n")
        self.assertEqual(stream.next()[0], "deleted")


class Answers(WithEndpoint):

    settings = {"slowRequestThresholdMs": 1, "admin.enableWrites": "true"}
    token = "token-of-sixteen-and-more"

    def start(self, node):
        path = os.path.join(node.directory, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.token + "\n")
        node.settings["admin.tokenFile"] = path
        node.start()

    def test_who_holds_a_lock_and_who_waits(self):
        holder, waiter = self.session(self.server), self.session(self.server)
        holder.must("create", path="/lock")
        first = holder.must("create", path="/lock/a-lock-", flags=3, data=b"host-1")["path"].rsplit("/", 1)[1]
        second = waiter.must("create", path="/lock/b-lock-", flags=3)["path"].rsplit("/", 1)[1]
        known = self.get("/v1/why/lock/lock")
        self.assertEqual([each["name"] for each in known["holders"]], [first])
        self.assertEqual([each["name"] for each in known["waiters"]], [second])
        self.assertEqual(known["holders"][0]["session_id"], hex(holder.session_id))
        self.assertEqual(known["holders"][0]["address"], f"127.0.0.1:{holder.socket.getsockname()[1]}")
        self.assertEqual(known["holders"][0]["data"]["value"], "host-1")
        self.assertIn(f"/lock is held by {first}", known["answer"])
        self.assertEqual(self.get("/v1/locks")["locks"], [
            {"path": "/lock", "holder": first, "session_id": hex(holder.session_id), "waiter_count": 1}])
        holder.must("closeSession")
        self.assertEqual([each["name"] for each in self.get("/v1/why/lock/lock")["holders"]], [second])

    def test_why_a_session_expired(self):
        session = self.session(self.server, timeout_ms=6000)
        session.must("create", path="/mine", flags=1)
        session.close()
        target = f"/v1/why/session/{session.session_id:#x}"
        answer = self.ask(target)
        self.assertEqual(answer.status, 404)
        self.assertIn("lives", answer.json["detail"])
        await_that(lambda: self.ask(target).status == 200, "it has expired")
        told = self.get(target)
        self.assertEqual((told["how"], told["timeout_ms"], told["ephemerals"]), ("expired", 6000, ["/mine"]))
        self.assertGreaterEqual(told["silent_ms"], 6000)
        self.assertIsNotNone(told["disconnected_at_ms"])
        self.assertIn("expired", told["answer"])
        self.assertIn(told, self.get("/v1/why/sessions")["sessions"])

    def test_slow_requests_are_told_with_their_stages(self):
        session = self.session(self.server)
        for number in range(200):
            session.start("create", path=f"/slow-{number}", data=b"x" * 50000)
        for _ in range(200):
            session.reply()
        known = self.get("/v1/why/slow")
        self.assertGreater(known["count"], 0)
        slow = known["requests"][0]
        self.assertRegex(slow["path"], "^/slow-")
        self.assertAlmostEqual(sum(slow["stages_ms"].values()), slow["total_ms"], delta=1)
        self.assertIn("slow request operation=create path=/slow-", self.server.log())

    def test_who_asks_most(self):
        session = self.session(self.server)
        session.must("create", path="/busy")
        for _ in range(50):
            session.must("getData", path="/busy")
        top = self.get("/v1/top")
        self.assertEqual(top["prefixes"][0]["prefix"], "/busy")
        self.assertEqual({each["operation"]: each["count"] for each in top["operations"]}["getData"], 50)
        self.assertEqual(top["connections"][0]["session_id"], hex(session.session_id))

    def test_an_operator_ends_a_session(self):
        session = self.session(self.server)
        session.must("create", path="/mine", flags=1)
        target = f"/v1/sessions/{session.session_id:#x}"
        self.assertEqual(self.ask(target, "DELETE").status, 401)
        operator = {"Authorization": "Bearer " + self.token}
        self.assertEqual(self.ask(target, "DELETE", headers=operator).status, 204)
        session.await_close()
        await_that(lambda: self.ask(target).status == 404, "it is over")
        self.assertEqual(self.ask("/v1/znodes/mine").status, 404)
        self.assertEqual(self.ask(target, "DELETE", headers=operator).status, 404)
        self.assertEqual(self.ask("/v1/sessions/x", "DELETE", headers=operator).status, 400)

    def test_quotas_are_told(self):
        session = self.session(self.server)
        session.must("create", path="/q")
        session.must("create", path="/zookeeper/quota/q")
        session.must("create", path="/zookeeper/quota/q/zookeeper_limits", data=b"count=5,bytes=1000")
        session.must("create", path="/zookeeper/quota/q/zookeeper_stats", data=b"count=1,bytes=0")
        session.must("create", path="/q/x", data=b"12345")
        self.assertEqual(self.get("/v1/znodes/q/x")["quota"],
                         {"path": "/q", "count_limit": 5, "count_used": 2, "bytes_limit": 1000, "bytes_used": 5})
        self.assertIsNone(self.get("/v1/znodes/")["quota"])


class Health(WithEndpoint):

    def test_a_serving_server_is_alive_and_ready(self):
        self.assertEqual(self.get("/livez")["status"], "ok")
        self.assertEqual(self.get("/readyz"), {"status": "ok", "reasons": [], "warnings": []})

    def test_a_taken_port_leaves_clients_served(self):
        other = self.node({"admin.enableServer": "true", "admin.serverPort": self.port}).start()
        self.session(other).must("create", path="/a")
        self.assertIn("running without the admin endpoint", other.log())

    def test_it_stops_at_once_with_readers_connected(self):
        idle = socket.create_connection((LOOPBACK, self.port), harness.WAIT_S)
        self.addCleanup(idle.close)
        self.get("/livez")
        begun = time.monotonic()
        self.assertEqual(self.server.terminate(), 0)
        self.assertLess(time.monotonic() - begun, 15)


class Lonely(TestCase):
    """A member of an ensemble whose others are gone."""

    def test_it_is_alive_and_not_ready(self):
        port = free_port()
        lines = {f"server.{number}": f"127.0.0.1:{free_port()}:{free_port()}" for number in (1, 2, 3)}
        node = self.node({"admin.enableServer": "true", "admin.serverPort": port, "initLimit": 10, "syncLimit": 5, **lines})
        os.makedirs(node.data_directory)
        with open(os.path.join(node.data_directory, "myid"), "w", encoding="ascii") as file:
            file.write("1")
        node.launch()
        def ask(target):
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=harness.WAIT_S)
            try:
                connection.request("GET", target)
                return Answer(connection.getresponse())
            except OSError:
                return None
            finally:
                connection.close()
        await_that(lambda: ask("/livez"), "the endpoint answers")
        self.assertEqual(ask("/livez").status, 200)
        ready = ask("/readyz")
        self.assertEqual((ready.status, ready.json["reasons"][0]["reason"]), (503, "not_serving"))
        self.assertEqual(ask("/commands/monitor").json["error"],
                         "This ZooKeeper instance is not currently serving requests")
        known = ask("/v1/ensemble").json
        self.assertEqual(([each["server_id"] for each in known["members"]], known["leader_id"]), ([1, 2, 3], None))
        self.assertEqual(ask("/metrics").status, 200)


class Metrics(WithEndpoint):

    settings = {"metricsProvider.className": "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"}

    def start(self, node):
        self.metrics_port = free_port()
        node.settings["metricsProvider.httpPort"] = self.metrics_port
        node.start()

    def text(self):
        return self.ask("/metrics").body.decode()

    def names(self):
        return set(re.findall(r"^([a-zA-Z_:][\w:]*)[{ ]", self.text(), re.MULTILINE))

    def test_the_port_of_zookeepers_provider_shows_them_too(self):
        self.assertEqual(self.ask("/metrics", port=self.metrics_port).status, 200)
        self.assertEqual(self.ask("/commands", port=self.metrics_port).status, 404)

    def test_the_names_that_dashboards_use_are_there(self):
        names = self.names()
        for name in ("znode_count watch_count ephemerals_count approximate_data_size num_alive_connections "
                     "outstanding_requests avg_latency max_latency uptime open_file_descriptor_count packets_received "
                     "packets_sent global_sessions looking_count fsynctime_sum fsynctime_count snapshottime_sum "
                     "snapshottime_count readlatency updatelatency commit_count proposal_count diff_count snap_count "
                     "stale_sessions_expired connection_rejected connection_drop_count unrecoverable_error_count "
                     "process_cpu_seconds_total").split():
            self.assertIn(name, names)

    @unittest.skipUnless(shutil.which("promtool"), "there is no promtool")
    def test_no_client_makes_them_unreadable(self):
        session = self.session(self.server)
        for path in (b"/\xff", ("/" + "x" * 45 + "\u00e9\u00e9").encode()):
            session.call("exists", path=path)
        text = self.ask("/metrics").body
        text.decode("utf-8")    # or Prometheus refuses all of it
        self.assertIn(b'prefix="/' + b"x" * 45 + b'"', text)

    def test_promtool_finds_fault_with_zookeepers_names_alone(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.text(), capture_output=True, text=True,
                                 timeout=60, check=False)
        self.assertIn(checked.returncode, (0, 3), checked.stderr)
        complaints = [line for line in checked.stderr.splitlines() if line.startswith(("conclave_", "process_"))]
        self.assertEqual(complaints, [])

    @unittest.skipUnless(shutil.which("promtool"), "there is no promtool")
    def test_alert_rules_are_valid(self):
        subprocess.run(["promtool", "check", "rules", os.path.join(ROOT, "conf", "prometheus-alerts.yml")], check=True,
                       capture_output=True, timeout=60)

    def test_rules_and_dashboard_ask_for_metrics_that_exist(self):
        known = self.names() | {"up", "job", "synced_followers", "quorum_size", "conclave_follower_lag_transactions",
                                "conclave_peer_up", "conclave_member_log_sync_seconds", "conclave_operations_total",
                                "conclave_member_log_sync_recent_seconds",
                                "conclave_top_prefix_requests"}
        with open(os.path.join(ROOT, "conf", "grafana-dashboard.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        with open(os.path.join(ROOT, "conf", "prometheus-alerts.yml"), encoding="utf-8") as file:
            expressions += re.findall(r"^\s+expr: (.*)$", file.read(), re.MULTILINE)
        self.assertGreater(len(expressions), 30)
        functions = {"rate", "increase", "sum", "by", "histogram_quantile", "instance", "le", "max", "topk", "server",
                     "operation", "prefix", "stage", "on", "group_left", "ignoring", "without"}
        for expression in expressions:
            bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", expression)
            for name in set(re.findall(r"[a-zA-Z_]\w*", bare)) - functions:
                if not re.fullmatch(r"e\d+", name):
                    self.assertIn(name, known, expression)

    @unittest.skipUnless(shutil.which("prometheus"), "there is no Prometheus")
    def test_a_real_prometheus_reads_them(self):
        port = free_port()
        directory = os.path.join(self.scratch, "prometheus")
        os.makedirs(directory)
        configuration = os.path.join(directory, "prometheus.yml")
        with open(configuration, "w", encoding="ascii") as file:
            file.write("global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n"
                       "scrape_configs:\n  - job_name: conclave\n    static_configs:\n"
                       f"      - targets: ['{LOOPBACK}:{self.metrics_port}']\n")
        with open(os.path.join(directory, "log"), "wb") as log:
            scraper = subprocess.Popen(
                ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address={LOOPBACK}:{port}"], stdout=log, stderr=log, cwd=directory)
        self.addCleanup(scraper.wait)
        self.addCleanup(scraper.send_signal, signal.SIGKILL)

        def value(expression):
            try:
                answer = self.ask("/api/v1/query?query=" + urllib.parse.quote(expression), port=port)
                return [each["value"][1] for each in answer.json["data"]["result"]]
            except (OSError, KeyError, ValueError, http.client.HTTPException):
                return []
        await_that(lambda: value("up") == ["1"], "Prometheus reads the metrics", 60)
        self.assertEqual(await_that(lambda: value("znode_count"), "it knows the count of nodes"), ["5"])


class Hostile(WithEndpoint):

    settings = {"admin.idleTimeout": 500, "admin.maxConnections": 8}

    def open(self):
        peer = socket.create_connection((LOOPBACK, self.port), harness.WAIT_S)
        self.addCleanup(peer.close)
        return peer

    def until_close(self, peer):
        received = b""
        while True:
            try:
                part = peer.recv(65536)
            except ConnectionError:
                return received
            if not part:
                return received
            received += part

    def test_clients_do_not_notice_what_the_endpoint_endures(self):
        session = self.session(self.server)
        attacks = [b"\0" * 5000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10000, os.urandom(3000), b"GET /" + b"a" * 100000,
                   b"POST /v1/status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                   b"GET /v1/znodes/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01"]
        for number in range(40):
            for attack in attacks:
                peer = self.open()
                try:
                    peer.sendall(attack)
                except ConnectionError:
                    pass
                if number % 2:
                    self.until_close(peer)
                peer.close()
            session.must("create", path=f"/n{number}")
        await_that(lambda: self.ask("/livez").status == 200, "the endpoint serves again")
        self.assertEqual(self.get("/commands/srvr")["node_count"], 45)

    def test_slow_requests_are_cut_off(self):
        peer = self.open()
        begun = time.monotonic()
        try:
            for octet in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 500:
                peer.sendall(bytes([octet]))
                time.sleep(0.02)
        except ConnectionError:
            pass
        self.until_close(peer)
        self.assertLess(time.monotonic() - begun, 9)

    def test_idle_connections_make_room(self):
        held = [self.open() for _ in range(8)]
        await_that(lambda: self.ask("/livez").status == 200, "idle connections were closed")
        for peer in held:
            self.assertEqual(self.until_close(peer), b"")


class Small(TestCase):

    @unittest.skipIf(os.environ.get("CONCLAVE_SKIP_MEMORY"), "asked to skip")
    def test_an_idle_server_with_the_endpoint_stays_small(self):
        if harness.is_instrumented():
            self.skipTest("its memory says nothing")
        port = free_port()
        node = self.node({"admin.enableServer": "true", "admin.serverPort": port}).start()
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=harness.WAIT_S)
        connection.request("GET", "/livez")
        Answer(connection.getresponse())
        connection.close()
        self.assertLess(node.resident_kib(), 16 * 1024, "a debug build, so more than the 12 MiB of a release")


if __name__ == "__main__":
    harness.main()
