"""The client library and its examples against a real server: client_test.py SERVER PROGRAMS SCRATCH

SERVER is the path of conclaved, or the word `zookeeper` for Debian's. PROGRAMS is the folder of client-integration and
of the examples.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "interop"))
from client_certificates import make_certificates  # noqa: E402
from servers import is_zookeeper_installed, make_server  # noqa: E402

SERVER, PROGRAMS, SCRATCH = None, None, None
SKIPPED = 77
TIMEOUT_S = 400

SETTINGS = {"tickTime": 500, "extendedTypesEnabled": "true"}


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = make_certificates(os.path.join(SCRATCH, "certificates"))
        cls.server = make_server(SERVER, SCRATCH, SETTINGS)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def run_program(self, name, *arguments):
        environment = dict(
            os.environ,
            CONCLAVE_TEST_SERVERS=self.server.connect_string,
            CONCLAVE_TEST_CERTIFICATES=str(self.certificates),
        )
        done = subprocess.run(
            [os.path.join(PROGRAMS, name), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )
        self.assertEqual(done.returncode, 0, f"{name}:\n{done.stdout[-8000:]}")
        return done.stdout

    def test_the_library(self):
        self.run_program("client-integration")

    def test_hello(self):
        output = self.run_program("example-hello", self.server.connect_string, "/hello")
        self.assertEqual(output, '/hello holds "hello" in version 0\n/hello: data_changed\n')

    def test_configuration_and_blocking(self):
        self.run_program("example-hello", self.server.connect_string, "/value")
        with self.assertRaisesRegex(AssertionError, "NoNode"):
            self.run_program("example-configuration", self.server.connect_string, "/value", "1")
        with self.assertRaisesRegex(AssertionError, "NoNode"):
            self.run_program("example-blocking", self.server.connect_string, "/value", "/copy")
        output = self.run_program("example-configuration", self.server.connect_string, "/", "1")
        self.assertEqual(output, "0: \n")
        output = self.run_program("example-blocking", self.server.connect_string, "/", "/copy")
        self.assertEqual(output, "copied 0 bytes from / to /copy\n")


if __name__ == "__main__":
    SERVER, PROGRAMS, SCRATCH = sys.argv[1:4]
    if SERVER == "zookeeper" and not is_zookeeper_installed():
        print("the real ZooKeeper is not installed")
        sys.exit(SKIPPED)
    os.makedirs(SCRATCH, exist_ok=True)
    unittest.main(argv=sys.argv[:1])
