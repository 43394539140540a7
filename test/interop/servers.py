"""Starts and stops the two servers that the interop tests talk to: the real ZooKeeper, and conclaved.

Both read the same zoo.cfg. Each server has its own directory and a free port of 127.0.0.1, is watched by nothing but
its own process object, and dies with the thread that started it (so start servers on the main thread).
"""

import ctypes
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from wire import Connection

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0

LOGGING_JARS = ("/usr/share/java/slf4j-log4j12.jar", "/usr/share/java/log4j-1.2.jar")
ZK_SCRIPTS = "/usr/share/zookeeper/bin"
LOG4J = """log4j.rootLogger=WARN, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{1} %m%n
"""

# ZooKeeper honours these only as Java properties of exactly this name.
PLAIN_PROPERTIES = (
    "jute.maxbuffer",
    "readonlymode.enabled",
    "znode.container.checkIntervalMs",
    "znode.container.maxPerMinute",
    "znode.container.maxNeverUsedIntervalMs",
)


def free_port():
    return free_ports(1)[0]


def free_ports(count):
    """All different, and none that an outgoing connection may be given before the server listens."""
    lowest, behind_highest = 10_000, 32_000
    found = []
    while len(found) < count:
        port = random.SystemRandom().randrange(lowest, behind_highest)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def java_class_path(configuration_dir):
    """The class path of Debian's own scripts, with our logging configuration instead of theirs."""
    with open(os.path.join(ZK_SCRIPTS, "zkEnv.sh"), encoding="utf-8") as script:
        declared = re.search(r'^CLASSPATH="?([^"\n]*)"?', script.read(), re.MULTILINE).group(1)
    jars = [entry for entry in declared.split(":") if entry.endswith(".jar")] + list(LOGGING_JARS)
    return ":".join([configuration_dir] + jars)


def is_zookeeper_installed():
    return os.path.exists(os.path.join(ZK_SCRIPTS, "zkEnv.sh")) and shutil.which("java") is not None


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Server:
    """A server process. `settings` are zoo.cfg keys; they are laid over defaults that suit a test."""

    name = ""

    def __init__(self, scratch, settings=None, port=None):
        self.directory = tempfile.mkdtemp(prefix=self.name + "-", dir=scratch)
        self.data_directory = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.port = port or free_port()
        self.settings = {
            "dataDir": self.data_directory,
            "clientPort": self.port,
            "clientPortAddress": LOOPBACK,
            "tickTime": 2000,
            "maxClientCnxns": 0,
            "admin.enableServer": "false",
            "4lw.commands.whitelist": "*",
            "snapCount": 1000000,
        }
        self.settings.update(settings or {})
        self.process = None

    @property
    def address(self):
        return (LOOPBACK, self.port)

    @property
    def connect_string(self):
        return f"{LOOPBACK}:{self.port}"

    def command(self, configuration):
        raise NotImplementedError

    def launch(self):
        """Starts the process without waiting for it to serve."""
        os.makedirs(self.data_directory, exist_ok=True)
        configuration = os.path.join(self.directory, "zoo.cfg")
        with open(configuration, "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in self.settings.items())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(configuration),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                preexec_fn=_die_with_parent,
            )

    def await_serving(self):
        """Returns once the resume of a session that never was is refused: that takes a serving server and leaves
        no trace in it."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} exited with {self.process.returncode}:\n{self.log_tail()}")
            probe = Connection(self.address, timeout_s=2.0)
            probe.send_handshake(timeout_ms=1000, session_id=1)
            answer = probe.receive()
            probe.close()
            if answer.kind == "connected":
                return self
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not serve after {START_TIMEOUT_S} s:\n{self.log_tail()}")

    def start(self):
        self.launch()
        return self.await_serving()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, as a power cut would leave the process; the data directory stays."""
        if self.is_running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self):
        """Asks politely, then insists; the data directory stays."""
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process:
            self.process.wait()

    def log_tail(self, size=3000):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()[-size:]
        except OSError:
            return ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class ZooKeeper(Server):
    """Apache ZooKeeper as Debian packages it."""

    name = "zookeeper"

    def command(self, configuration):
        with open(os.path.join(self.directory, "log4j.properties"), "w", encoding="utf-8") as file:
            file.write(LOG4J)
        properties = [f"-D{key}={self.settings[key]}" for key in PLAIN_PROPERTIES if key in self.settings]
        return [
            "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.net.preferIPv4Stack=true",
            "-Dzookeeper.forceSync=no",
            "-Dzookeeper.preAllocSize=64",
            *properties,
            "-cp",
            java_class_path(self.directory),
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            configuration,
        ]


class Conclave(Server):
    """The server under test; the path of its program comes from the command line."""

    name = "conclave"

    def __init__(self, binary, scratch, settings=None, port=None):
        super().__init__(scratch, settings, port)
        self.binary = os.path.abspath(binary)

    def command(self, configuration):
        return [self.binary, configuration]


def make_server(program, scratch, settings=None, port=None):
    """A server for a test of clients: `program` is the path of conclaved, or the word zookeeper."""
    return ZooKeeper(scratch, settings, port) if program == "zookeeper" else Conclave(program, scratch, settings, port)
