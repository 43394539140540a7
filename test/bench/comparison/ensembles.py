"""The three ensembles under test, three servers each on this machine: how they are configured, started and killed."""

import asyncio
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from comparison import clients, processes
from comparison.servers import CONFIGURATION, ZooKeeper, conclave_version, free_port, zookeeper_version

SIZE = 3
TREE_SIZE = 10_000
START_PATIENCE_S = 120
ATTEMPT_PATIENCE_S = 2  # a server that starts may accept a connection and never serve it


def path_of_last_node(size=TREE_SIZE, root="/bench"):
    return f"{root}/d{(size - 1) // 1000:06}/n{size - 1:09}"


class Member:
    """One server of an ensemble and its directory."""

    def __init__(self, number, directory):
        self.number = number
        self.directory = pathlib.Path(directory)
        self.client_port = free_port()
        self.peer_ports = (free_port(), free_port())
        self.command = []
        self.process = None

    def launch(self):
        with open(self.directory / "output.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def end(self, how):
        if self.process is not None:
            processes.stop(self.process.pid, how)
            self.process.wait()
            self.process = None

    def wipe(self):
        """All but the id."""
        data = self.directory / "data"
        number = (data / "myid").read_text(encoding="ascii")
        shutil.rmtree(data)
        data.mkdir()
        (data / "myid").write_text(number, encoding="ascii")

    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Ensemble:
    """Started afresh for each measurement. What differs between the systems is in the subclasses."""

    name = ""
    client = clients.ZooKeeperSession
    load_operation = "set"  # of conclave-bench
    takes_back_wiped_members = True

    def __init__(self, bench, directory):
        self.bench = bench
        self.directory = pathlib.Path(directory)
        self.members = []

    def start_fresh(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.members = [Member(number, self.directory / str(number)) for number in range(1, SIZE + 1)]
        for member in self.members:
            (member.directory / "data").mkdir(parents=True)
            self.configure(member)
        for member in self.members:
            member.launch()
        self.await_service(self.members)

    def stop(self):
        for member in self.members:
            member.end(signal.SIGKILL)

    def await_service(self, members):
        asyncio.run(self._await_service(members))

    async def _await_service(self, members):
        for member in members:
            await self.first_answer(member, lambda client: client.create("/ready"))

    async def first_answer(self, member, call):
        """The result of the first call that succeeds, each on a new connection."""
        give_up_at = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < give_up_at:
            if not member.is_running():
                raise SystemExit(f"{self.name} {member.number} has ended, see {member.directory}/output.log")
            client = None
            try:
                client = await asyncio.wait_for(self.client.open(member.client_port), ATTEMPT_PATIENCE_S)
                return await asyncio.wait_for(call(client), ATTEMPT_PATIENCE_S)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.002)
            finally:
                if client is not None:
                    client.close()
        raise SystemExit(f"{self.name} {member.number} does not serve, see {member.directory}/output.log")

    def leader(self):
        give_up_at = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < give_up_at:
            for member in self.members:
                if member.is_running() and self.leads(member):
                    return member
            time.sleep(0.05)
        raise SystemExit(f"{self.name} has no leader")

    def followers(self):
        leader = self.leader()
        return [member for member in self.members if member is not leader]

    def run(self, *arguments, members=None):
        """A run of the benchmark against some of the members; CPU time is that of all that run."""
        servers = ",".join(f"127.0.0.1:{member.client_port}" for member in members or self.members)
        pids = ",".join(str(member.process.pid) for member in self.members if member.is_running())
        return self.bench.run("--servers", servers, "--pid", pids, *arguments)

    def load_tree(self, tree):
        """Creates the znodes on which the load works."""
        self.run("--operation", "load", "--connections", "16", *tree)

    def configure(self, member):
        raise NotImplementedError

    def leads(self, member):
        try:
            with socket.create_connection((clients.LOOPBACK, member.client_port), timeout=2) as link:
                link.sendall(b"srvr")
                return b"Mode: leader" in b"".join(iter(lambda: link.recv(4096), b""))
        except OSError:
            return False

    def write_configuration(self, member):
        lines = [CONFIGURATION.format(
            data=member.directory / "data", client_port=member.client_port, admin_port=free_port())]
        lines += [f"server.{each.number}=127.0.0.1:{each.peer_ports[0]}:{each.peer_ports[1]}\n" for each in self.members]
        path = member.directory / "zoo.cfg"
        path.write_text("".join(lines), encoding="ascii")
        (member.directory / "data" / "myid").write_text(str(member.number), encoding="ascii")
        return path


class ZooKeeperEnsemble(Ensemble):
    """Debian's package; the JVM arguments are those of the comparison of single servers."""

    name = "ZooKeeper"

    def __init__(self, bench, directory):
        super().__init__(bench, directory)
        self.single = ZooKeeper(bench, directory)

    def configure(self, member):
        member.command = self.single.command_for(member.directory, self.write_configuration(member))

    @staticmethod
    def version():
        return zookeeper_version()

    def settings(self):
        return self.single.settings()


class ConclaveEnsemble(Ensemble):
    """conclaved from a build directory."""

    name = "Conclave"

    def __init__(self, bench, directory, program):
        super().__init__(bench, directory)
        self.program = pathlib.Path(program).resolve()
        if not self.program.exists():
            raise SystemExit(f"there is no {program}; build it, or give --conclaved")

    def configure(self, member):
        member.command = [str(self.program), str(self.write_configuration(member))]

    def version(self):
        return conclave_version(self.program)

    @staticmethod
    def settings():
        return "defaults"


class EtcdEnsemble(Ensemble):
    """Debian's package. The load is gRPC over HTTP/2, as etcd's own clients speak it."""

    name = "etcd"
    client = clients.EtcdGateway
    load_operation = "etcd-put"
    takes_back_wiped_members = False  # they would have to be removed and added anew
    arguments = ["--quota-backend-bytes", "8589934592"]  # the largest; the default would end a long run

    def __init__(self, bench, directory):
        super().__init__(bench, directory)
        self.program = shutil.which("etcd")
        if self.program is None:
            raise SystemExit("install Debian's package etcd-server first")

    def configure(self, member):
        names = ",".join(f"m{each.number}=http://127.0.0.1:{each.peer_ports[0]}" for each in self.members)
        client_url = f"http://127.0.0.1:{member.client_port}"
        peer_url = f"http://127.0.0.1:{member.peer_ports[0]}"
        member.command = [
            self.program, "--name", f"m{member.number}", "--data-dir", str(member.directory / "data"),
            "--listen-client-urls", client_url, "--advertise-client-urls", client_url,
            "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", names, "--initial-cluster-token", str(self.directory), *self.arguments,
        ]

    def load_tree(self, tree):
        """Keys come into being with the first write; one is asked for by name."""
        asyncio.run(self.first_answer(self.members[0], lambda client: client.create(path_of_last_node())))

    def leads(self, member):
        async def ask():
            client = await self.client.open(member.client_port)
            try:
                return await client.call("/v3/maintenance/status", {})
            finally:
                client.close()

        try:
            status = asyncio.run(asyncio.wait_for(ask(), 2))
        except (OSError, asyncio.TimeoutError):
            return False
        return status.get("leader", "0") == status["header"]["member_id"]

    def version(self):
        shown = subprocess.run([self.program, "--version"], check=True, capture_output=True, text=True)
        return shown.stdout.splitlines()[0].removeprefix("etcd Version: ")

    def settings(self):
        return " ".join(self.arguments)
