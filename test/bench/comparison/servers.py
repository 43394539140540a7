"""The two servers under test: how each is configured and started."""

import pathlib
import shutil
import socket
import subprocess

from comparison import processes

# The same file for ZooKeeper and Conclave. What it does not name has its default: forceSync, snapCount, preAllocSize. The listeners are on
# loopback, and one address may open any number of connections because the benchmark has a single one.
CONFIGURATION = """\
tickTime=2000
initLimit=10
syncLimit=5
dataDir={data}
clientPort={client_port}
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.serverAddress=127.0.0.1
admin.serverPort={admin_port}
"""

DEBIAN_ENVIRONMENT = "/usr/share/zookeeper/bin/zkEnv.sh"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def zookeeper_version():
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "zookeeper"], check=True, capture_output=True, text=True
    )
    return shown.stdout.strip()


def conclave_version(program):
    shown = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    lines = shown.stdout.splitlines()
    return lines[0] if shown.returncode == 0 and lines else "unknown version"


class Server:
    """One server with a directory of its own. `bench` is what starts it, because it also takes the time."""

    name = ""

    def __init__(self, bench, directory):
        self.bench = bench
        self.directory = pathlib.Path(directory)
        self.pid = None
        self.port = None

    def start_fresh(self):
        """Starts on an empty data directory. Returns the figures of the start."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        (self.directory / "data").mkdir(parents=True)
        self.port = free_port()
        self.configuration.write_text(
            CONFIGURATION.format(
                data=self.directory / "data", client_port=self.port, admin_port=free_port()
            ),
            encoding="ascii",
        )
        return self._start(["--read-path", "/"])

    def kill_and_restart(self, read_path):
        """kill -9, then a start that ends with the data of `read_path`. Returns the figures of the start."""
        return self._start(["--kill-pid", str(self.pid), "--read-path", read_path])

    def stop(self):
        if self.pid is not None:
            processes.stop(self.pid)
            self.pid = None

    def run(self, *arguments):
        """A run of the benchmark against this server."""
        return self.bench.run("--servers", f"127.0.0.1:{self.port}", "--pid", str(self.pid), *arguments)

    def _start(self, arguments):
        figures = self.bench.run(
            "--servers", f"127.0.0.1:{self.port}", "--operation", "start", "--keep",
            "--server-log", str(self.directory / "output.log"), *arguments, "--", *self.command(),
        )
        self.pid = int(figures["pid"])
        return figures

    @property
    def configuration(self):
        return self.directory / "zoo.cfg"

    def command(self):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def settings(self):
        raise NotImplementedError


class ZooKeeper(Server):
    """Debian's package, with the arguments of its zkServer.sh (JMX included) and a heap of 1 GB, which is what upstream's
    zkServer.sh gives; Debian's leaves the choice to the JVM, a quarter of the memory of the machine."""

    name = "ZooKeeper"
    jvm_arguments = [
        "-XX:+HeapDumpOnOutOfMemoryError",
        "-XX:OnOutOfMemoryError=kill -9 %p",
        "-Xmx1g",
        "-Dcom.sun.management.jmxremote",
        "-Dcom.sun.management.jmxremote.local.only=true",
    ]

    def __init__(self, bench, directory):
        super().__init__(bench, directory)
        if not pathlib.Path(DEBIAN_ENVIRONMENT).exists():
            raise SystemExit("compare.py: install Debian's package zookeeper first")
        script = f'. {DEBIAN_ENVIRONMENT}; printf "%s\\n" "$JAVA" "$CLASSPATH" "$ZOOMAIN"'
        shown = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
        self.java, self.class_path, self.main_class = shown.stdout.splitlines()

    def command(self):
        return self.command_for(self.directory, self.configuration)

    def command_for(self, directory, configuration):
        return [
            self.java,
            f"-Dzookeeper.log.dir={directory}",
            "-Dzookeeper.log.file=zookeeper.log",
            *self.jvm_arguments,
            "-cp", self.class_path,
            self.main_class, str(configuration),
        ]

    def version(self):
        return zookeeper_version()

    def settings(self):
        shown = subprocess.run([self.java, "-version"], check=True, capture_output=True, text=True)
        return f"{shown.stderr.splitlines()[0]}, {' '.join(self.jvm_arguments)}"


class Conclave(Server):
    """conclaved from a build directory."""

    name = "Conclave"

    def __init__(self, bench, directory, program):
        super().__init__(bench, directory)
        self.program = pathlib.Path(program).resolve()
        if not self.program.exists():
            raise SystemExit(f"compare.py: there is no {program}; build it, or give --conclaved")

    def command(self):
        return [str(self.program), str(self.configuration)]

    def version(self):
        return conclave_version(self.program)

    def settings(self):
        return "defaults"
