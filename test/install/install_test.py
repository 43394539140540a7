"""What `cmake --install` leaves can be used: install_test.py CMAKE BUILD_FOLDER COMPILER SCRATCH"""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

CMAKE, BUILD, COMPILER, SCRATCH = None, None, None, None
CONSUMER = Path(__file__).resolve().parent / "consumer"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
    return done.stdout


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        cls.prefix = SCRATCH / "prefix"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix, "--component", "client")

    def expect_refusal(self, program):
        self.assertEqual(run(program), "Connection refused\n")

    def test_find_package(self):
        build = SCRATCH / "find-package"
        run(CMAKE, "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={COMPILER}")
        run(CMAKE, "--build", build)
        self.expect_refusal(build / "consumer")
        self.assertEqual(run(build / "tested_consumer"), "held\nlost\n")

    def test_the_shell(self):
        if not (Path(BUILD) / "bin" / "conclave").exists():
            self.skipTest("the shell was not built")
        run(CMAKE, "--install", BUILD, "--prefix", self.prefix, "--component", "shell")
        self.assertRegex(run(self.prefix / "bin" / "conclave", "--version"), r"^conclave \d+\.\d+\.\d+\n$")

    def test_the_server_and_what_operators_start_from(self):
        run(CMAKE, "--install", BUILD, "--prefix", self.prefix, "--component", "server")
        server = self.prefix / "bin" / "conclaved"
        self.assertRegex(run(server, "--version"), r"^conclaved \d+\.\d+\.\d+")
        sample = self.prefix / "share" / "conclave" / "conclave.cfg"
        self.assertIn("dataDir", run(server, "--check", sample))
        unit = (self.prefix / "lib" / "systemd" / "system" / "conclave.service").read_text()
        self.assertIn("ExecStart=conclaved /etc/conclave/conclave.cfg\n", unit)

    def test_the_shell_finds_the_server_for_maintenance(self):
        if not (Path(BUILD) / "bin" / "conclave").exists():
            self.skipTest("the shell was not built")
        for component in ("server", "shell"):
            run(CMAKE, "--install", BUILD, "--prefix", self.prefix, "--component", component)
        asked = subprocess.run([self.prefix / "bin" / "conclave", "doctor", "--help"], stdout=subprocess.PIPE, text=True,
                               check=True, env={"PATH": "/nowhere"})
        self.assertIn("conclaved doctor", asked.stdout)

    def test_pkg_config(self):
        if shutil.which("pkg-config") is None:
            self.skipTest("there is no pkg-config")
        pc_file = next(self.prefix.rglob("conclave-client.pc"))
        flags = run("pkg-config", "--cflags", "--libs", "--static", "conclave-client",
                    env={"PKG_CONFIG_PATH": str(pc_file.parent), "PATH": "/usr/bin:/bin"}).split()
        program = SCRATCH / "pkg-config-consumer"
        run(COMPILER, CONSUMER / "main.cpp", "-o", program, *flags)
        self.expect_refusal(program)


if __name__ == "__main__":
    CMAKE, BUILD, COMPILER, SCRATCH = sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])
    unittest.main(argv=sys.argv[:1])
