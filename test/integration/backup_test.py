#!/usr/bin/python3
"""Backups of running servers, and servers that go on from them: backup_test.py CONCLAVED"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import harness
import shells
from certificates import Authority
from ensembles import Ensemble, Writer, names
from harness import LOOPBACK, await_that, free_port, main

EPHEMERAL, SEQUENTIAL = 1, 2
TOKEN = "0123456789abcdef0123456789abcdef"


def conclaved(*arguments):
    done = subprocess.run([harness.PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def digest_lines(node):
    """What `hash` tells: digests by zxid."""
    lines = harness.four_letter_word(node, b"hash").splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def tree_of(session, path="/"):
    """Data and stat of every node but those that servers keep for themselves."""
    found, waiting = {}, [path]
    while waiting:
        here = waiting.pop()
        data = session.must("getData", path=here)
        found[here] = (data["data"], data["stat"])
        waiting += [here.rstrip("/") + "/" + name for name in session.must("getChildren", path=here)["children"]
                    if (here, name) != ("/", "zookeeper")]
    return found


class BackupTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.token_file = os.path.join(self.scratch, "token")
        with open(self.token_file, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        self.backup = os.path.join(self.scratch, "backup")

    def settings(self, **more):
        return dict({"4lw.commands.whitelist": "*", "admin.enableServer": "true", "admin.serverPort": free_port(),
                     "admin.tokenFile": self.token_file}, **more)

    def server(self, **more):
        return self.node(self.settings(**more)).start()

    def admin(self, node):
        return f"{LOOPBACK}:{node.settings['admin.serverPort']}"

    def take(self, node, *options, expect=0):
        code, text = conclaved("backup", "--admin", self.admin(node), "--token-file", self.token_file, *options, self.backup)
        self.assertEqual(code, expect, text)
        return text

    def restored(self, *options, settings=None):
        """A server that goes on from the backup, not started."""
        node = self.node(self.settings(**(settings or {})))
        code, text = conclaved("restore", self.backup, node.data_directory, *options)
        self.assertEqual(code, 0, text)
        return node, text

    def manifest(self):
        with open(os.path.join(self.backup, "backup.json"), encoding="utf-8") as file:
            return json.load(file)

    def ask(self, node, target, method="GET", authorization=f"Bearer {TOKEN}"):
        connection = http.client.HTTPConnection(LOOPBACK, node.settings["admin.serverPort"], timeout=harness.WAIT_S)
        connection.request(method, target, headers={"Authorization": authorization} if authorization else {})
        response = connection.getresponse()
        answer = response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
        connection.close()
        return answer


class OfOneServer(BackupTest):

    def test_a_backup_taken_under_load_has_the_digest_of_its_zxid(self):
        node = self.server(checkpointIntervalMs=100)
        self.session(node).must("create", path="/written")
        writers = [Writer(self.session(node), prefix=f"/written/{number}-", size=500) for number in range(3)]
        writers[0].await_more(300)
        self.take(node)
        for _ in range(3):
            writers[0].await_more(100)
            self.assertIn("verified", self.take(node))
        for writer in writers:
            writer.stop()
            self.assertIsNone(writer.failure)
        self.take(node)
        self.assertIn("nothing new", self.take(node))
        self.assertEqual(len(self.manifest()["series"]), 1)
        self.assertGreaterEqual(len(self.manifest()["series"][0]["logs"]), 4)
        self.assertEqual(conclaved("backup", "--verify", self.backup)[0], 0)
        self.assertEqual(os.stat(os.path.join(self.backup, "backup.json")).st_mode & 0o077, 0)

        expected = tree_of(self.session(node))
        node.terminate()
        live = json.loads(conclaved("doctor", "--json", node.data_directory)[1])["checkpoint"]
        other, text = self.restored()
        kept = json.loads(conclaved("doctor", "--json", other.data_directory)[1])
        # Behind the backup came the closing of sessions; so the trees are compared node by node, and the digest with
        # that of what was restored.
        self.assertIn(kept["checkpoint"]["digest"], text)
        self.assertTrue(kept["usable"], kept)
        self.assertGreater(kept["checkpoint"]["epoch"], live["epoch"] + 1000)
        other.start()
        self.assertEqual(tree_of(self.session(other)), expected)

    def test_the_digest_is_that_of_the_server_while_nobody_writes(self):
        node = self.server()
        session = self.session(node)
        for number in range(400):
            session.must("create", path="/n-", data=b"%d" % number, flags=SEQUENTIAL)
        self.take(node)
        taken = self.manifest()["series"][0]["snapshot"]
        node.kill()
        node.start()
        node.terminate()
        report = json.loads(conclaved("doctor", "--json", node.data_directory)[1])["checkpoint"]
        self.assertEqual(report["digest"], taken["digest"])
        other, text = self.restored()
        self.assertIn(taken["digest"], text)
        self.assertEqual(json.loads(conclaved("doctor", "--json", other.data_directory)[1])["checkpoint"]["digest"],
                         taken["digest"])

    def test_restore_to_a_zxid_and_to_a_time(self):
        node = self.server()
        session = self.session(node)
        session.must("create", path="/a", data=b"before")
        self.take(node)
        second = session.must("setData", path="/a", data=b"second")["stat"]
        await_that(lambda: time.time() * 1000 >= second["mtime"] + 2, "what follows has a later time")
        self.session(node).must("setData", path="/a", data=b"third")
        self.take(node)
        at_zxid, _ = self.restored("--to-zxid", hex(second["mzxid"]))
        at_time, _ = self.restored("--to-time", str(second["mtime"]))
        newest, _ = self.restored()
        for restored, data in ((at_zxid, b"second"), (at_time, b"second"), (newest, b"third")):
            restored.start()
            found = self.session(restored).must("getData", path="/a")
            self.assertEqual(found["data"], data)
            restored.terminate()
        code, text = conclaved("restore", self.backup, os.path.join(self.scratch, "early"), "--to-zxid", "0x1")
        self.assertEqual(code, 1)
        self.assert_says(text, "behind the target")
        self.assertFalse(os.path.exists(os.path.join(self.scratch, "early", "conclave")))

    def test_no_client_sees_zxids_go_back(self):
        node = self.server()
        self.session(node).must("create", path="/a")
        self.take(node)
        session = self.session(node)
        for number in range(50):
            seen = session.must("create", path=f"/lost-{number}")["zxid"]
        for _ in range(3): # an epoch each
            node.terminate()
            node.start()
        last = self.session(node).must("create", path="/newest")["zxid"]
        node.terminate()
        other, _ = self.restored()
        other.start()
        reply = self.session(other).must("create", path="/after")
        self.assertGreater(reply["zxid"], max(last, seen))
        client = self.connect(other)
        client.send_handshake(timeout_ms=10000, last_zxid=last) # as a client that comes from the lost server
        self.assertNotEqual(client.receive().fields["sessionId"], 0)

    def test_each_restore_goes_on_behind_the_one_before(self):
        node = self.server()
        session = self.session(node)
        session.must("create", path="/a")
        self.take(node)
        early = session.must("create", path="/b")["zxid"]
        session.must("create", path="/c")
        self.take(node)
        node.terminate()
        newest, text = self.restored()
        self.assertIn("every server that is restored with this one", text)
        newest.start()
        seen = self.session(newest).must("create", path="/after")["zxid"]
        newest.terminate()
        # That was the wrong moment.
        second, _ = self.restored("--to-zxid", hex(early))
        second.start()
        client = self.connect(second)
        client.send_handshake(timeout_ms=10000, last_zxid=seen)
        self.assertNotEqual(client.receive().fields["sessionId"], 0)
        self.assertGreater(self.session(second).must("create", path="/c")["zxid"], seen)
        # The same moment again, into the same place.
        second.terminate()
        kept = json.loads(conclaved("doctor", "--json", second.data_directory)[1])["checkpoint"]["epoch"]
        shutil.rmtree(second.own_directory)
        code, text = conclaved("restore", self.backup, second.data_directory, "--to-zxid", hex(early))
        self.assertEqual(code, 0, text)
        self.assertGreater(json.loads(conclaved("doctor", "--json", second.data_directory)[1])["checkpoint"]["epoch"], kept)

    def test_a_place_that_clients_have_seen_is_refused(self):
        node = self.server()
        self.session(node).must("create", path="/a")
        self.take(node)
        node.terminate()
        into = os.path.join(self.scratch, "into")
        self.assertEqual(conclaved("restore", self.backup, into, "--epochs", "0")[0], 2)
        self.restored("--epochs", "1000")
        code, text = conclaved("restore", self.backup, into, "--epochs", "1001")
        self.assertEqual(code, 0, text)
        code, text = conclaved("restore", self.backup, os.path.join(self.scratch, "other"), "--epochs", "1000")
        self.assertEqual(code, 1, text)
        self.assert_says(text, "more than 1001")

    def test_a_record_that_cannot_be_kept_takes_a_word_of_the_operator(self):
        node = self.server()
        self.session(node).must("create", path="/a")
        self.take(node)
        node.terminate()
        os.mkdir(os.path.join(self.backup, "restores.lock"))
        into = os.path.join(self.scratch, "into")
        code, text = conclaved("restore", self.backup, into)
        self.assertEqual(code, 1, text)
        self.assert_says(text, "say --epochs")
        self.assertFalse(os.path.exists(os.path.join(into, "conclave")))
        code, text = conclaved("restore", self.backup, into, "--epochs", "5000")
        self.assertEqual(code, 0, text)
        self.assert_says(text, "does not remember this restore")

    def test_a_target_behind_the_end_is_told(self):
        node = self.server()
        last = self.session(node).must("create", path="/a")["zxid"]
        self.take(node)
        into = os.path.join(self.scratch, "into")
        code, text = conclaved("restore", self.backup, into, "--to-zxid", hex(last + 100))
        self.assertEqual(code, 1, text)
        self.assert_says(text, "ends at zxid")
        self.assertFalse(os.path.exists(os.path.join(into, "conclave")))
        _, text = self.restored("--to-time", str(int(time.time() * 1000) + 3600_000))
        self.assert_says(text, "ends at zxid .* before the target")
        _, text = self.restored()
        self.assertNotIn("before the target", text)

    def test_a_lost_manifest_costs_nothing_else(self):
        node = self.server()
        self.session(node).must("create", path="/a")
        self.take(node)
        manifest = os.path.join(self.backup, "backup.json")
        os.rename(manifest, manifest + ".aside")
        before = set(os.listdir(self.backup))
        self.assert_says(self.take(node, expect=1), "no backup.json")
        self.assertEqual(set(os.listdir(self.backup)), before)
        os.rename(manifest + ".aside", manifest)
        self.assertIn("nothing new", self.take(node))

    def test_a_server_that_falls_silent_is_not_waited_for_forever(self):
        for answer in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nCONC"):
            with socket.create_server((LOOPBACK, 0)) as listener:
                def serve(listener=listener, answer=answer):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(1000)
                        connection.sendall(answer)
                        connection.recv(1000) # until the other side gives up
                silent = threading.Thread(target=serve)
                silent.start()
                code, text = conclaved("backup", "--admin", f"{LOOPBACK}:{listener.getsockname()[1]}", "--timeout", 1,
                                       self.backup)
                silent.join()
            self.assertEqual(code, 1, text)
            self.assert_says(text, "gave no whole answer")

    def test_sessions_go_on_or_expire(self):
        node = self.server()
        owner, silent = self.session(node), self.session(node, timeout_ms=4000)
        owner.must("create", path="/mine", flags=EPHEMERAL)
        silent.must("create", path="/silent", flags=EPHEMERAL)
        self.take(node)
        node.kill()
        other, _ = self.restored()
        other.start()
        resumed = self.session(other, resume=owner)
        resumed.must("exists", path="/mine")
        await_that(lambda: resumed.call("exists", path="/silent")["err"] != 0, "the silent session expires")
        resumed.must("exists", path="/mine")

    def test_a_log_that_is_gone_makes_the_next_backup_whole(self):
        node = self.server(logRetentionInKb=0, preAllocSize=64, checkpointIntervalMs=200)
        session = self.session(node)
        self.take(node)
        number = 0

        def is_whole_again():
            nonlocal number
            for number in range(number, number + 300):
                session.must("create", path=f"/n-{number}", data=b"x" * 20000)
            number += 1
            return "does not reach back" in self.take(node)
        await_that(is_whole_again, "the log is purged")
        self.assertEqual(len(self.manifest()["series"]), 2)
        other, _ = self.restored()
        other.start()
        self.assertEqual(len(self.session(other).must("getChildren", path="/")["children"]), number + 1)

    def test_damage_in_a_backup_is_found(self):
        node = self.server()
        session = self.session(node)
        session.must("create", path="/a")
        self.take(node)
        session.must("create", path="/b")
        self.take(node)
        series = self.manifest()["series"][0]
        for name in (series["snapshot"]["file"], series["logs"][0]["file"]):
            path = os.path.join(self.backup, name)
            copy = path + ".copy"
            shutil.copy(path, copy)
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                octet = file.read(1)[0]
                file.seek(os.path.getsize(path) // 2)
                file.write(bytes([octet ^ 1]))
            code, text = conclaved("backup", "--verify", self.backup)
            self.assertEqual(code, 1, text)
            self.assertIn(name, text)
            into = os.path.join(self.scratch, "into")
            code, text = conclaved("restore", self.backup, into)
            self.assertEqual(code, 1, text)
            self.assertFalse(os.path.exists(os.path.join(into, "conclave")), "nothing half restored is left")
            shutil.move(copy, path)
        self.assertEqual(conclaved("backup", "--verify", self.backup)[0], 0)

    def test_backups_of_two_ensembles_do_not_mix(self):
        one, other = self.server(), self.server()
        self.session(one).must("create", path="/a")
        self.session(other).must("create", path="/b")
        self.take(one)
        text = self.take(other, "--full", expect=1)
        self.assert_says(text, "another ensemble")
        text = self.take(other, expect=1)
        self.assert_says(text, "another ensemble|status 409")

    def test_who_may_take_it(self):
        node = self.server()
        session = self.session(node)
        for target in ("/v1/backup", "/v1/backup/log?from=0x0", "/commands/snapshot?streaming=true"):
            self.assertEqual(self.ask(node, target, authorization=None)[0], 401, target)
            self.assertEqual(self.ask(node, target, authorization="digest root:secret")[0], 403, target)
            self.assertEqual(self.ask(node, target)[0], 200, target)
        session.must("auth", scheme="digest", auth=b"root:secret")
        session.must("setACL", path="/", acl=[(31, "auth", "")])
        self.assertEqual(self.ask(node, "/v1/backup", authorization="digest root:secret")[0], 200)
        self.assertEqual(self.ask(node, "/v1/backup", authorization="digest eve:secret")[0], 403)
        self.assertEqual(self.ask(node, "/v1/backup/log?from=zero")[0], 400)
        for target in ("/commands/restore", "/v1/restore"):
            status, _, body = self.ask(node, target, method="POST")
            self.assertEqual(status, 409)
            self.assertIn("conclaved restore --subtree", json.loads(body)["detail"])
            self.assertEqual(self.ask(node, target, method="POST", authorization=None)[0], 401)

    def test_a_reader_that_stops_reading_holds_nothing_up(self):
        node = self.server()
        session = self.session(node)
        for number in range(100):
            session.must("create", path=f"/n-{number}", data=b"x" * 100000)
        slow = []
        for _ in range(2):
            connection = http.client.HTTPConnection(LOOPBACK, node.settings["admin.serverPort"], timeout=harness.WAIT_S)
            connection.request("GET", "/v1/backup", headers={"Authorization": f"Bearer {TOKEN}"})
            slow.append((connection, connection.getresponse()))
        status, fields, _ = self.ask(node, "/v1/backup")
        self.assertEqual((status, fields["retry-after"]), (503, "10"))
        session.must("create", path="/meanwhile")
        self.assertEqual(self.ask(node, "/livez")[0], 200)
        for connection, response in slow:
            self.assertGreater(len(response.read()), 100 * 100000)
            connection.close()
        await_that(lambda: self.ask(node, "/v1/backup")[0] == 200, "there is room again")
        node.terminate()

    def test_a_server_that_stops_ends_a_backup_visibly(self):
        node = self.server()
        session = self.session(node)
        for number in range(300):
            session.must("create", path=f"/n-{number}", data=b"x" * 100000)
        connection = http.client.HTTPConnection(LOOPBACK, node.settings["admin.serverPort"], timeout=harness.WAIT_S)
        connection.request("GET", "/v1/backup", headers={"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        response.read(1000)
        self.assertEqual(node.terminate(), 0)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            response.read()
        connection.close()

    def test_a_snapshot_for_zookeeper_is_one(self):
        node = self.server()
        session = self.session(node)
        for number in range(50):
            session.must("create", path=f"/n-{number}", data=b"%d" % number)
            session.must("create", path=f"/n-{number}/child", data=None)
        session.must("create", path="/guarded", acl=[(1, "world", "anyone")])
        session.must("create", path="/mine", flags=EPHEMERAL)
        status, fields, content = self.ask(node, "/commands/snapshot?streaming=true")
        self.assertEqual(status, 200)
        self.assertEqual(content[:4], b"ZKSN")
        expected = tree_of(session)
        folder = os.path.join(self.scratch, "zookeeper", "version-2")
        os.makedirs(folder)
        with open(os.path.join(folder, "snapshot." + fields["last_zxid"][2:]), "wb") as file:
            file.write(content)
        other = self.node(self.settings())
        code, text = conclaved("import", os.path.dirname(folder), other.data_directory)
        self.assertEqual(code, 0, text)
        other.start()
        self.assertEqual(tree_of(self.session(other)), expected)
        status, fields, body = self.ask(node, "/commands/snapshot")
        self.assertEqual((status, json.loads(body)), (200, {"command": "snapshot", "error": None}))
        self.assertIn("snapshot_size", fields)


class OfAnEnsemble(BackupTest):

    def test_an_ensemble_goes_on_from_a_backup(self):
        first = Ensemble(self, self.settings(checkpointIntervalMs=200, **{"admin.serverPort": 0}))
        for node in first.nodes:
            node.settings["admin.serverPort"] = free_port()
        first.start()
        session = self.session(first.leader())
        session.must("create", path="/written")
        writer = Writer(self.session(first.leader()), size=100)
        writer.await_more(200)
        self.take(first.followers()[0])
        writer.await_more(200)
        self.take(first.leader())
        writer.stop()
        self.take(first.leader())
        expected = tree_of(self.session(first.leader()))
        seen = first.zxid(first.leader())
        first.kill()

        second = Ensemble(self, self.settings(**{"admin.serverPort": 0}))
        for node in second.nodes:
            node.settings["admin.serverPort"] = free_port()
            code, text = conclaved("restore", self.backup, node.data_directory)
            self.assertEqual(code, 0, text)
        second.start()
        for node in second.nodes:
            self.assertEqual(names(self.session(node), "/written"), set(writer.acknowledged))
        self.assertEqual(tree_of(self.session(second.leader())), expected)
        reply = self.session(second.leader()).must("create", path="/after")
        self.assertGreater(reply["zxid"], seen)
        session = self.session(second.leader())
        for number in range(200):
            session.must("create", path=f"/more-{number}")
        common = await_that(lambda: set.intersection(*(set(digest_lines(node)) for node in second.nodes)), "digests")
        for point in common:
            self.assertEqual(len({digest_lines(node)[point] for node in second.nodes}), 1, point)
        for node in second.nodes:
            self.assertNotIn("quarantine", node.log())

    def test_a_server_that_was_not_restored_follows_what_was(self):
        first = Ensemble(self, self.settings(**{"admin.serverPort": 0}))
        for node in first.nodes:
            node.settings["admin.serverPort"] = free_port()
        first.start()
        session = self.session(first.leader())
        session.must("create", path="/kept")
        self.take(first.leader())
        session.must("create", path="/taken-back")
        for node in first.nodes:
            self.session(node).must("sync", path="/")
        first.kill()
        for node in first.nodes[:2]:
            shutil.rmtree(node.own_directory)
            code, text = conclaved("restore", self.backup, node.data_directory)
            self.assertEqual(code, 0, text)
        for node in first.nodes:
            node.launch()
        for node in first.nodes:
            node.await_serving()
        for node in first.nodes:
            self.assertEqual(names(self.session(node), "/"), {"zookeeper", "kept"})


class OfASubtree(BackupTest):
    """Out of a backup into servers that run, by ordinary writes."""

    def extract(self, path, *options, expect=0):
        file = os.path.join(self.scratch, "subtree.json")
        code, text = conclaved("restore", self.backup, "--subtree", path, "--to-file", file, *options)
        self.assertEqual(code, expect, text)
        return file, text

    def must(self, node, *words, expect=0):
        done = shells.run(node, *words)
        self.assertEqual(done.code, expect, done)
        return done.output + done.errors

    def test_it_comes_back_as_it_was(self):
        node = self.server(extendedTypesEnabled="true")
        session = self.session(node)
        crwa = [(23, "world", "anyone")]
        for path, fields in (("/app", {}), ("/app/a", {"data": b"first"}), ("/app/a/deep", {"data": bytes(range(256))}),
                             ("/app/b", {"data": None}), ("/app/c", {"acl": crwa}), ("/application", {})):
            session.must("create", path=path, **fields)
        session.must("createContainer", path="/app/container", flags=4)
        session.must("create", path="/app/container/member")
        session.must("createTTL", path="/app/passing", flags=5, ttl=3600000)
        session.must("create", path="/app/mine", flags=EPHEMERAL)
        self.take(node)
        session.must("setData", path="/app/a", data=b"second")
        session.must("delete", path="/app/b")
        session.must("create", path="/app/late")
        session.must("create", path="/app/late/below")
        session.must("create", path="/app/late/living", flags=EPHEMERAL)
        session.must("create", path="/app/surplus")
        session.must("setData", path="/application", data=b"untouched")

        file, text = self.extract("/app")
        self.assertIn("8 nodes as of zxid", text)
        self.assertIn("without 1 ephemeral node", text)
        with open(file, encoding="utf-8") as content:
            modes = {each["path"]: each["mode"] for each in json.load(content)["nodes"]}
        self.assertEqual((modes["container"], modes["passing"], modes["a"]), ("container", "ttl", "persistent"))

        before = tree_of(session, "/app")
        self.assertIn("/app is there already: nothing was written", self.must(node, "import", "/app", file, expect=5))
        self.assertIn("8 nodes would be imported to /app, 2 deleted", self.must(node, "import", "-n", "-r", "/app", file))
        self.assertEqual(tree_of(session, "/app"), before)

        told = self.must(node, "import", "-r", "/app", file)
        self.assertIn("imported 8 nodes to /app, 2 deleted", told)
        self.assertIn("kept 3 nodes", told)     # two ephemerals, and what one of them is below
        found = tree_of(session, "/app")
        self.assertEqual({path: data for path, (data, _) in found.items()}, {
            "/app": b"", "/app/a": b"first", "/app/a/deep": bytes(range(256)), "/app/b": None, "/app/c": b"",
            "/app/container": b"", "/app/container/member": b"", "/app/passing": b"", "/app/mine": b"", "/app/late": b"",
            "/app/late/living": b""})
        self.assertEqual(session.must("getACL", path="/app/c")["acl"], [list(crwa[0])])
        self.assertEqual(session.must("getData", path="/application")["data"], b"untouched")

    def test_what_was_deleted_comes_back_elsewhere_and_as_of_a_moment(self):
        node = self.server()
        session = self.session(node)
        session.must("create", path="/app", data=b"1")
        first = session.must("setData", path="/app", data=b"2")["stat"]["mzxid"]
        session.must("setData", path="/app", data=b"3")
        self.take(node)
        session.must("create", path="/app/more")
        self.take(node)
        session.must("delete", path="/app/more")
        session.must("delete", path="/app")
        file, _ = self.extract("/app")
        self.must(node, "import", "/app", file)
        self.assertEqual(session.must("getChildren", path="/app")["children"], ["more"])
        self.must(node, "import", "/copy", file)
        self.assertEqual(session.must("getData", path="/copy")["data"], b"3")
        _, text = self.extract("/app", "--to-zxid", hex(first), expect=1)
        self.assertIn("behind the target", text)
        _, text = self.extract("/none", expect=1)
        self.assertIn("the backup holds no node /none", text)

    def test_a_pipe_will_do(self):
        node = self.server()
        self.session(node).must("create", path="/app", data=b"x")
        self.take(node)
        self.session(node).must("delete", path="/app")
        command = [harness.PROGRAM, "restore", self.backup, "--subtree", "/", "--to-file", "-"]
        text = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        done = shells.run(node, "import", "/", "-", stdin=text)
        self.assertEqual(done.output, "imported 1 nodes to /\n", done)
        self.assertEqual(shells.run(node, "import", "/", "-", stdin=text).code, 5)
        self.assertEqual(self.session(node).must("getData", path="/app")["data"], b"x")

    def test_what_makes_no_sense_is_refused(self):
        self.take(self.server())
        for words in (["--subtree", "/app"], ["--to-file", "x"], [], ["--subtree", "/app", "--to-file", "x", "directory"]):
            code, text = conclaved("restore", self.backup, *words)
            self.assertEqual(code, 2, text)
        self.assertEqual(self.extract("app/", expect=1)[1], '"app/" is no path of a node\n')


class OverTls(BackupTest):

    def test_a_backup_comes_over_https(self):
        authority = Authority(os.path.join(self.scratch, "keys"))
        other = Authority(os.path.join(self.scratch, "other-keys"))
        own = authority.issue("server")
        node = self.server(**{
            "admin.forceHttps": "true", "admin.needClientAuth": "true", "ssl.quorum.keyStore.location": own + ".pem",
            "ssl.quorum.trustStore.location": authority.certificate})
        self.session(node).must("create", path="/a")
        client = authority.issue("client")
        keys = ("--certificate", client + ".pem", "--key", client + ".pem")

        def take(address, *options):
            return conclaved("backup", "--admin", address, "--token-file", self.token_file, *options, self.backup)

        address = "https://" + self.admin(node)
        for refused, options in ((address, keys),                                                 # not of the system's
                                 (address, ("--ca", other.certificate, *keys)),                   # of another authority
                                 (address, ("--ca", authority.certificate)),                      # no certificate shown
                                 (address, ("--ca", os.path.join(self.scratch, "none"), *keys)),  # no such file
                                 (self.admin(node), ())):                                         # no TLS
            code, text = take(refused, *options)
            self.assertEqual(code, 1, text)
        code, text = take(address, "--ca", authority.certificate, *keys)
        self.assertEqual(code, 0, text)
        self.assertIn("verified", text)

    def test_a_certificate_for_another_host_is_refused(self):
        authority = Authority(os.path.join(self.scratch, "keys"))
        own = authority.issue("server", alternative_names="DNS:elsewhere.example")
        node = self.server(**{"admin.forceHttps": "true", "ssl.quorum.keyStore.location": own + ".pem"})
        code, text = conclaved("backup", "--admin", "https://" + self.admin(node), "--token-file", self.token_file,
                               "--ca", authority.certificate, self.backup)
        self.assertEqual(code, 1, text)
        self.assertIn("certificate", text)


if __name__ == "__main__":
    main()
