#!/usr/bin/python3
"""`conclaved import` on directories that a real ZooKeeper has written: import_test.py CONCLAVED

Afterwards both servers show the same tree: every node's data, stat and ACL; clients go on with the sessions they had.
"""

import http.client
import os
import re
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))

import harness  # noqa: E402
import servers  # noqa: E402
from ensembles import Ensemble  # noqa: E402
from harness import LOOPBACK, Session, await_that, free_port, main  # noqa: E402
from servers import ZooKeeper  # noqa: E402

EPHEMERAL, SEQUENTIAL, EPHEMERAL_SEQUENTIAL = 1, 2, 3
SNAPPY = "/usr/share/java/snappy-java.jar"

BOB = (31, "digest", "bob:8D4xvzHjLKIYz1BlcLd6NFsxL3s=")
SETTINGS = {"snapCount": 40, "extendedTypesEnabled": "true", "znode.container.checkIntervalMs": 3600000}


class CompressingZooKeeper(ZooKeeper):

    def __init__(self, scratch, method=None, settings=None):
        super().__init__(scratch, dict(SETTINGS, **(settings or {})))
        self.method = method

    def command(self, configuration):
        arguments = super().command(configuration)
        if self.method:
            arguments.insert(1, f"-Dzookeeper.snapshot.compression.method={self.method}")
            arguments[arguments.index("-cp") + 1] += ":" + SNAPPY
        return arguments


def tree_of(session, path="/"):
    """Every node below `path`, itself included: data, stat and ACL."""
    found, waiting = {}, [path]
    while waiting:
        here = waiting.pop()
        data = session.must("getData", path=here)
        acl = session.must("getACL", path=here)
        children = session.must("getChildren2", path=here)
        found[here] = {"data": data["data"], "acl": acl["acl"], "children": children["children"], "stat": data["stat"]}
        waiting += [here.rstrip("/") + "/" + name for name in children["children"]]
    return found


def conclaved(*arguments):
    done = subprocess.run([harness.PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def write_everything(session):
    """Every kind of node and of change."""
    session.must("create", path="/app", data=b"1")
    for version in range(5):
        session.must("setData", path="/app", data=b"%d" % version)
    for number in range(60):
        session.must("create", path="/app/item-", data=b"x" * number, flags=SEQUENTIAL)
    for number in range(0, 60, 3):
        session.must("delete", path=f"/app/item-{number:010}")
    session.must("create", path="/app/null", data=None)
    session.must("create", path="/app/" + "n" * 600, data=b"long name")
    session.must("create", path="/app/ünïcode", data=b"")
    session.must("create", path="/guarded", data=b"", acl=[BOB, (1, "world", "anyone"), (4, "ip", "10.0.0.0/8")])
    session.must("create", path="/changed", data=b"")
    session.must("setACL", path="/changed", acl=[(1, "world", "anyone")])
    session.must("createContainer", path="/container", data=b"c")
    session.must("create", path="/container/child", data=b"")
    session.must("createTTL", path="/ttl", data=b"t", ttl=3600000)
    session.must("create", path="/mine", data=b"m", flags=EPHEMERAL)
    session.must("create", path="/app/mine-", data=b"", flags=EPHEMERAL_SEQUENTIAL)
    session.must("multi", ops=[("create", {"path": "/multi", "data": b"m"}), ("setData", {"path": "/multi", "data": b"n"}),
                               ("check", {"path": "/multi"}), ("create", {"path": "/multi/a"}),
                               ("delete", {"path": "/multi/a"})])
    session.call("multi", ops=[("create", {"path": "/never"}), ("delete", {"path": "/missing"})])
    session.call("delete", path="/missing")
    session.must("create", path="/zookeeper/quota/app", data=b"")
    session.must("create", path="/zookeeper/quota/app/zookeeper_limits", data=b"count=1000,bytes=100000")
    session.must("create", path="/zookeeper/quota/app/zookeeper_stats", data=b"count=0,bytes=0")
    session.must("create", path="/app/counted", data=b"12345")


class ImportTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        if not servers.is_zookeeper_installed():
            self.skipTest("there is no ZooKeeper here")

    def zookeeper(self, method=None, settings=None):
        made = CompressingZooKeeper(self.scratch, method, settings)
        self.addCleanup(made.kill)
        return made.start()

    def imported(self, zookeeper, expect=0):
        """A Conclave server, not started, with the data of a ZooKeeper server."""
        node = self.node({"extendedTypesEnabled": "true", "znode.container.checkIntervalMs": 3600000})
        code, text = conclaved("import", zookeeper.data_directory, node.data_directory)
        self.assertEqual(code, expect, text)
        return node, text

    def assert_same_tree(self, zookeeper, conclave):
        expected, found = tree_of(self.session(zookeeper)), tree_of(self.session(conclave))
        for path in sorted(set(expected) | set(found)):
            self.assertEqual(found.get(path), expected.get(path), path)

    def test_everything_is_the_same_after_a_kill(self):
        zookeeper = self.zookeeper()
        owner = self.session(zookeeper)
        write_everything(owner)
        gone = self.session(zookeeper)
        gone.must("create", path="/gone", data=b"", flags=EPHEMERAL)
        gone.call("closeSession")
        zookeeper.kill()
        node, text = self.imported(zookeeper)
        self.assert_says(text, "the tree has the digest that ZooKeeper wrote down", r"[0-9]+ transactions behind it")
        zookeeper.start()
        node.start()
        self.assert_same_tree(zookeeper, node)
        self.assertEqual(conclaved("doctor", node.data_directory)[0], 0)

    def test_a_client_goes_on_with_its_session_and_its_nodes(self):
        zookeeper = self.zookeeper()
        owner, silent = self.session(zookeeper), self.session(zookeeper, timeout_ms=4000)
        owner.must("create", path="/mine", data=b"", flags=EPHEMERAL)
        silent.must("create", path="/silent", data=b"", flags=EPHEMERAL)
        zookeeper.kill()
        node, _ = self.imported(zookeeper)
        node.start()
        resumed = self.session(node, resume=owner)
        self.assertEqual(resumed.session_id, owner.session_id)
        self.assertEqual(resumed.must("exists", path="/mine")["stat"]["ephemeralOwner"], owner.session_id)
        again = self.session(node, resume=resumed) # with the password that it has now
        await_that(lambda: again.call("exists", path="/silent")["err"] != 0, "the silent session expires")
        again.must("exists", path="/mine")
        again.must("create", path="/new", data=b"")

    def test_sequential_names_go_on_and_zxids_never_go_back(self):
        zookeeper = self.zookeeper()
        session = self.session(zookeeper)
        session.must("create", path="/queue", data=b"")
        names = [session.must("create", path="/queue/n-", flags=SEQUENTIAL)["path"] for _ in range(7)]
        session.must("delete", path=names[-1])
        before = session.must("exists", path="/queue")["stat"]["pzxid"]
        zookeeper.stop()
        node, _ = self.imported(zookeeper)
        node.start()
        reply = self.session(node).must("create", path="/queue/n-", flags=SEQUENTIAL)
        self.assertEqual(reply["path"], "/queue/n-0000000007")
        self.assertGreater(reply["zxid"], before)

    def test_snapshots_that_were_taken_while_clients_wrote(self):
        zookeeper = self.zookeeper(settings={"snapCount": 60})
        stop = threading.Event()

        def churn(number):
            session = Session(zookeeper)
            count = 0
            while not stop.is_set() and count < 1500:
                count += 1
                session.call("create", path=f"/churn-{number}", data=b"%d" % count)
                session.call("create", path=f"/churn-{number}/s-", flags=EPHEMERAL_SEQUENTIAL)
                session.call("setData", path=f"/churn-{number}", data=b"%d" % count)
                if count % 7 == 0:
                    for name in session.must("getChildren", path=f"/churn-{number}")["children"]:
                        session.call("delete", path=f"/churn-{number}/{name}")
                    session.call("delete", path=f"/churn-{number}")
        threads = [threading.Thread(target=churn, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        folder = os.path.join(zookeeper.data_directory, "version-2")
        await_that(lambda: sum(name.startswith("snapshot.") for name in os.listdir(folder)) >= 8, "snapshots are taken")
        stop.set()
        for thread in threads:
            thread.join()
        zookeeper.kill()
        node, text = self.imported(zookeeper)
        self.assert_says(text, "the tree has the digest")
        zookeeper.start()
        node.start()
        self.assert_same_tree(zookeeper, node)

    def test_compressed_snapshots(self):
        for method in ("gz", "snappy"):
            with self.subTest(method=method):
                zookeeper = self.zookeeper(method)
                session = self.session(zookeeper)
                write_everything(session)
                folder = os.path.join(zookeeper.data_directory, "version-2")
                await_that(lambda: any(name.endswith("." + method) for name in os.listdir(folder)), "a snapshot")
                zookeeper.stop()
                node, text = self.imported(zookeeper)
                self.assert_says(text, re.escape("." + method))
                zookeeper.start()
                node.start()
                self.assert_same_tree(zookeeper, node)

    def test_an_ensemble_goes_on_where_zookeeper_stood(self):
        zookeeper = self.zookeeper()
        session = self.session(zookeeper)
        write_everything(session)
        zookeeper.stop()
        ensemble = Ensemble(self)
        for node in ensemble.nodes:
            code, text = conclaved("import", zookeeper.data_directory, node.data_directory)
            self.assertEqual(code, 0, text)
        ensemble.start()
        resumed = self.session(ensemble.nodes[0], resume=session)
        resumed.must("create", path="/new", data=b"from here on")
        for node in ensemble.nodes:
            other = self.session(node)
            other.must("sync", path="/")
            self.assertEqual(other.must("getData", path="/new")["data"], b"from here on")
            self.assertEqual(other.must("getData", path="/app/null")["data"], None)

    def test_zookeeper_starts_with_a_snapshot_of_ours(self):
        token = os.path.join(self.scratch, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write("0123456789abcdef\n")
        node = self.node({"extendedTypesEnabled": "true", "znode.container.checkIntervalMs": 3600000,
                          "admin.enableServer": "true", "admin.serverPort": free_port(), "admin.tokenFile": token}).start()
        session = self.session(node)
        write_everything(session)
        connection = http.client.HTTPConnection(LOOPBACK, node.settings["admin.serverPort"], timeout=harness.WAIT_S)
        connection.request("GET", "/commands/snapshot?streaming=true", headers={"Authorization": "Bearer 0123456789abcdef"})
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        zookeeper = CompressingZooKeeper(self.scratch)
        self.addCleanup(zookeeper.kill)
        folder = os.path.join(zookeeper.data_directory, "version-2")
        os.makedirs(folder)
        with open(os.path.join(folder, "snapshot." + response.getheader("last_zxid")[2:]), "wb") as file:
            file.write(response.read())
        connection.close()
        zookeeper.start()
        self.assert_same_tree(zookeeper, node)

    def test_damage_is_passed_over_or_named(self):
        zookeeper = self.zookeeper()
        write_everything(self.session(zookeeper))
        zookeeper.kill()
        folder = os.path.join(zookeeper.data_directory, "version-2")
        by_zxid = lambda name: int(name.split(".")[1], 16)  # noqa: E731
        snapshots = sorted((name for name in os.listdir(folder) if name.startswith("snapshot.")), key=by_zxid)
        logs = sorted((name for name in os.listdir(folder) if name.startswith("log.")), key=by_zxid)
        self.assertGreater(len(snapshots), 1)
        with open(os.path.join(folder, snapshots[-1]), "r+b") as file:
            file.truncate(os.path.getsize(file.name) // 2)
        node, text = self.imported(zookeeper)
        self.assert_says(text, f"passed over .*{snapshots[-1]}", "the tree has the digest")
        with self.subTest("a log in between is missing"):
            moved = os.path.join(self.scratch, "moved")
            shutil.move(os.path.join(folder, logs[-2]), moved)
            _, text = self.imported(zookeeper, expect=1)
            self.assert_says(text, "are missing")
            shutil.move(moved, os.path.join(folder, logs[-2]))
        with self.subTest("a transaction is rotten"):
            with open(os.path.join(folder, logs[-1]), "r+b") as file:
                file.seek(60)
                octet = file.read(1)[0]
                file.seek(60)
                file.write(bytes([octet ^ 1]))
            node, text = self.imported(zookeeper, expect=1)
            self.assert_says(text, "fails its checksum", re.escape(logs[-1]))
            self.assertFalse(os.path.exists(node.own_directory))

    def test_it_does_not_touch_data_that_are_there(self):
        zookeeper = self.zookeeper()
        self.session(zookeeper).must("create", path="/a", data=b"")
        zookeeper.stop()
        node = self.node().start()
        self.session(node).must("create", path="/own", data=b"")
        node.terminate()
        code, text = conclaved("import", zookeeper.data_directory, node.data_directory)
        self.assertEqual(code, 1)
        self.assert_says(text, "holds data of a server already")
        node.start()
        self.session(node).must("exists", path="/own")

    def test_what_is_no_zookeeper_directory(self):
        empty = os.path.join(self.scratch, "empty")
        os.mkdir(empty)
        code, text = conclaved("import", empty, os.path.join(self.scratch, "into"))
        self.assertEqual(code, 1)
        self.assert_says(text, "no snapshot of ZooKeeper")


if __name__ == "__main__":
    main()
