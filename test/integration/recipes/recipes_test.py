"""The recipes and their examples against a real server: recipes_test.py SERVER PROGRAMS SCRATCH

SERVER is the path of conclaved, or the word `zookeeper` for Debian's. PROGRAMS is the folder of recipes-integration and
of the examples. Beside the library's own programs stand those of kazoo and Curator on the same paths.
"""

import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "interop"))
from curator_test import class_path  # noqa: E402
from servers import is_zookeeper_installed, make_server  # noqa: E402

try:
    from kazoo.client import KazooClient
except ImportError:
    KazooClient = None

CURATOR_SOURCE = str(Path(__file__).resolve().parent / "curator" / "Turns.java")
SERVER, PROGRAMS, SCRATCH = None, None, None
SKIPPED = 77
TIMEOUT_S = 300

SETTINGS = {"tickTime": 500, "extendedTypesEnabled": "true"}


class RecipesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = make_server(SERVER, SCRATCH, SETTINGS)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def start_program(self, name, *arguments):
        process = subprocess.Popen(
            [os.path.join(PROGRAMS, name), *arguments],
            env=dict(os.environ, CONCLAVE_TEST_SERVERS=self.server.connect_string),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close()))
        return process

    def output_of(self, process):
        output, _ = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, output[-8000:])
        return output

    def run_program(self, name, *arguments):
        return self.output_of(self.start_program(name, *arguments))

    def kazoo(self):
        if KazooClient is None:
            self.skipTest("kazoo is not installed")
        client = KazooClient(hosts=self.server.connect_string)
        client.start(timeout=30)
        self.addCleanup(lambda: (client.stop(), client.close()))
        return client

    def await_contenders(self, client, path, count):
        """Until so many nodes queue there; told by a watch, not by time."""
        seen = threading.Event()

        @client.ChildrenWatch(path)
        def _(children):
            if len(children) == count:
                seen.set()
                return False
            return True
        self.assertTrue(seen.wait(60), f"{count} contenders at {path}")

    def test_the_library(self):
        self.run_program("recipes-integration")

    def test_lock_and_election(self):
        address = self.server.connect_string
        counting = [self.start_program("example-lock", address, "/example/lock", "/counted") for _ in range(4)]
        told = sorted(self.output_of(each) for each in counting)
        self.assertEqual(told, [f"/counted is {value}\n" for value in range(1, 5)])
        output = self.run_program("example-election", address, "/example/leader", "me", "2")
        self.assertEqual(output, "me leads in term 1 of 2, 0 wait\nme leads in term 2 of 2, 0 wait\n")

    def test_our_lock_waits_for_kazoo(self):
        client = self.kazoo()
        lock = client.Lock("/kazoo/ours-waits", "kazoo")
        self.assertTrue(lock.acquire(timeout=30))
        waiting = self.start_program("example-lock", self.server.connect_string, "/kazoo/ours-waits", "/kazoo-value")
        self.await_contenders(client, "/kazoo/ours-waits", 2)
        self.assertIsNone(waiting.poll())
        self.assertIsNone(client.exists("/kazoo-value"))
        lock.release()
        self.assertEqual(self.output_of(waiting), "/kazoo-value is 1\n")

    def test_kazoo_and_we_exclude_each_other(self):
        """Both count in one node without looking at its version: a step is lost unless they take turns."""
        client = self.kazoo()
        client.create("/shared-value", b"0")
        ours = self.start_program("recipes-turns", self.server.connect_string, "/kazoo/shared", "/shared-value", "30",
                                  "kazoo")
        for _ in range(30):
            with client.Lock("/kazoo/shared", "kazoo"):
                value = int(client.get("/shared-value")[0])
                client.set("/shared-value", str(value + 1).encode())
        self.output_of(ours)
        self.assertEqual(client.get("/shared-value")[0], b"60")

    def test_curator_and_we_exclude_each_other(self):
        jars = class_path()
        if jars is None:
            self.skipTest("Curator or a Java compiler is not installed")
        client = self.kazoo()
        client.create("/curator-value", b"0")
        classes = os.path.join(SCRATCH, "classes")
        os.makedirs(classes, exist_ok=True)
        subprocess.run(["javac", "-cp", jars, "-d", classes, CURATOR_SOURCE], check=True, timeout=TIMEOUT_S)
        address = self.server.connect_string
        ours = [self.start_program("recipes-turns", address, "/curator/lock", "/curator-value", "30", "curator")
                for _ in range(2)]
        subprocess.run(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{jars}",
                        "Turns", address, "/curator/lock", "/curator-value", "30"], check=True, timeout=TIMEOUT_S)
        for each in ours:
            self.output_of(each)
        self.assertEqual(client.get("/curator-value")[0], b"90")

    def test_kazoo_sees_our_candidates(self):
        client = self.kazoo()
        ours = self.start_program("recipes-turns", self.server.connect_string, "/kazoo/election", "/election-value", "1",
                                  "kazoo", "--hold")
        self.await_contenders_of(client, "/kazoo/election", ["recipes-turns"])
        followed = threading.Event()
        thread = threading.Thread(target=client.Election("/kazoo/election", "kazoo").run, args=(followed.set,))
        thread.start()
        self.await_contenders_of(client, "/kazoo/election", ["recipes-turns", "kazoo"])
        self.assertFalse(followed.is_set())
        ours.terminate()
        self.assertTrue(followed.wait(60))
        thread.join()
        self.output_of(ours)

    def await_contenders_of(self, client, path, names):
        client.ensure_path(path)
        self.await_contenders(client, path, len(names))
        self.assertEqual(client.Election(path).contenders(), names)


if __name__ == "__main__":
    SERVER, PROGRAMS, SCRATCH = sys.argv[1:4]
    if SERVER == "zookeeper" and not is_zookeeper_installed():
        print("the real ZooKeeper is not installed")
        sys.exit(SKIPPED)
    os.makedirs(SCRATCH, exist_ok=True)
    unittest.main(argv=sys.argv[:1])
