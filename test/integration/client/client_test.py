"""The client library and its examples against a real server: client_test.py SERVER PROGRAMS SCRATCH (programs.py)"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402
from client_certificates import make_certificates  # noqa: E402


class ClientTest(programs.ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = make_certificates(os.path.join(programs.SCRATCH, "certificates"))
        super().setUpClass()

    def environment(self):
        return dict(super().environment(), CONCLAVE_TEST_CERTIFICATES=str(self.certificates))

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
    programs.main()
