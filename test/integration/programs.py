"""Tests of programs that use a server: one server for each class of tests, and programs that are started beside it.

A test program is called as PROGRAM_TEST.py SERVER PROGRAMS SCRATCH: SERVER is the path of conclaved, or the word
`zookeeper` for Debian's; PROGRAMS is the folder of the programs that are started; SCRATCH one for whatever they write.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))
from servers import is_zookeeper_installed, make_server  # noqa: E402

SKIPPED = 77  # what ctest takes for it
TIMEOUT_S = 400
SETTINGS = {"tickTime": 500, "extendedTypesEnabled": "true"}

SERVER, PROGRAMS, SCRATCH = None, None, None


def program_path(name):
    return os.path.join(PROGRAMS, name)


class ProgramTest(unittest.TestCase):
    """Has `server`, and ends what it has started."""

    @classmethod
    def setUpClass(cls):
        cls.server = make_server(SERVER, SCRATCH, SETTINGS)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def environment(self):
        return dict(os.environ, CONCLAVE_TEST_SERVERS=self.server.connect_string)

    def start_program(self, name, *arguments):
        process = subprocess.Popen(
            [program_path(name), *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close()))
        return process

    def output_of(self, process):
        output, _ = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, f"{process.args}:\n{output[-8000:]}")
        return output

    def run_program(self, name, *arguments):
        return self.output_of(self.start_program(name, *arguments))


def main():
    global SERVER, PROGRAMS, SCRATCH
    SERVER, PROGRAMS, SCRATCH = sys.argv[1:4]
    if SERVER == "zookeeper" and not is_zookeeper_installed():
        print("the real ZooKeeper is not installed")
        sys.exit(SKIPPED)
    os.makedirs(SCRATCH, exist_ok=True)
    unittest.main(module="__main__", argv=sys.argv[:1] + sys.argv[4:])
