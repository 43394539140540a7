"""Several real servers as one service, for tests that need them."""

import os
import re
import signal
import subprocess
import threading

from faults_test import FaultyDisk
from harness import LOOPBACK, await_that, four_letter_word
from networks import Network
from servers import free_ports

SHIMS = os.path.dirname(os.path.abspath(__file__))


def compiled(source, scratch):
    """A shim from its C source beside this file, to be preloaded."""
    library = os.path.join(scratch, os.path.splitext(source)[0] + ".so")
    if not os.path.exists(library):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, os.path.join(SHIMS, source)], check=True)
    return library


class Ensemble:
    """Servers that name each other, observers last; the id of a server is its place in `nodes`, from 1.

    `settings` go to all of them, `options` (of `TestCase.node`) too. With `is_divisible` what they say to each other goes
    through `network`, which can hold it up.
    """

    def __init__(self, test, settings=None, count=3, observers=0, is_divisible=False, **options):
        voters, count = count, count + observers
        ports = free_ports(3 * count)
        self.peer_ports = list(zip(ports[:count], ports[count:2 * count]))
        lines = {f"server.{index + 1}": f"{LOOPBACK}:{quorum}:{election}:{'participant' if index < voters else 'observer'}"
                 for index, (quorum, election) in enumerate(self.peer_ports)}
        self.nodes = [test.node(dict(lines, **(settings or {})), port=port, **options) for port in ports[2 * count:]]
        self.network = None
        self.is_founded = False
        if is_divisible:
            self.divide(test)
        for index, node in enumerate(self.nodes):
            write_id(node, index + 1)
            if index >= voters:
                node.settings["peerType"] = "observer"

    def divide(self, test):
        self.network = Network([quorum for quorum, _ in self.peer_ports])
        test.addCleanup(self.network.close)
        library = compiled("redirect_connections.c", test.scratch)
        for index, node in enumerate(self.nodes):
            pairs = [f"{port}:{self.network.port(index, other)}"
                     for other, (port, _) in enumerate(self.peer_ports) if other != index]
            preload(node, {"LD_PRELOAD": library, "CONCLAVE_REDIRECTED_PORTS": ",".join(pairs)})

    def have_faulty_disks(self):
        """From the next start on: one `FaultyDisk` for each server, in their order."""
        disks = [FaultyDisk(node.directory) for node in self.nodes]
        for node, disk in zip(self.nodes, disks):
            preload(node, disk.environment)
        return disks

    def start(self):
        for node in self.nodes:
            if not node.is_running():
                node.launch()
        try:
            for node in self.nodes:
                node.await_serving()
            if len(self.nodes) > 1 and not self.is_founded:
                await_that(self.all_vote, "the storage of every voter is known")
                self.is_founded = True
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.last_words()}") from None
        return self

    def all_vote(self):
        """A founding counts those that took part; the votes of the others count a moment later."""
        told = [re.findall(r" unseen=([0-9]+)", node.log()) for node in self.nodes]
        return any(each and each[-1] == "0" for each in told)

    def last_words(self):
        """What the servers logged last, for a failure."""
        return "\n".join(f"--- server {number}\n{node.log()[-1500:]}" for number, node in enumerate(self.nodes, 1))

    def kill(self):
        for node in self.nodes:
            if node.is_running():
                node.process.kill()
        for node in self.nodes:
            node.kill()

    @staticmethod
    def mode(node):
        """As `srvr` tells it; empty while it does not serve."""
        text = four_letter_word(node, b"srvr") or ""
        modes = [line[len("Mode: "):] for line in text.splitlines() if line.startswith("Mode: ")]
        return modes[0] if modes else ""

    @staticmethod
    def zxid(node):
        lines = four_letter_word(node, b"srvr").splitlines()
        return next(int(line[len("Zxid: "):], 16) for line in lines if line.startswith("Zxid: "))

    def leader(self, besides=()):
        """Who leads, among those that run and are not in `besides`."""
        def found():
            asked = (node for node in self.nodes if node not in besides and node.is_running())
            return next((node for node in asked if self.mode(node) == "leader"), None)
        return await_that(found, "somebody leads")

    def followers(self):
        leader = self.leader()
        return [node for node in self.nodes if node is not leader]

    def await_all_serve(self):
        try:
            for node in self.nodes:
                await_that(lambda: self.mode(node), "every server serves")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.last_words()}") from None

    def index(self, node):
        return self.nodes.index(node)

    def addresses(self):
        return ",".join(node.connect_string for node in self.nodes)


def write_id(node, number):
    os.makedirs(node.data_directory, exist_ok=True)
    with open(os.path.join(node.data_directory, "myid"), "w", encoding="ascii") as file:
        file.write(str(number))


def preload(node, environment):
    """Adds a shim to what the next process of the node is started with."""
    libraries = filter(None, [node.environment.get("LD_PRELOAD"), environment["LD_PRELOAD"]])
    node.environment = {**node.environment, **environment, "LD_PRELOAD": ":".join(libraries),
                        "ASAN_OPTIONS": "verify_asan_link_order=0"}


def pause(node):
    node.process.send_signal(signal.SIGSTOP)


def resume(node):
    node.process.send_signal(signal.SIGCONT)


def names(session, path):
    """Of the children, as of now."""
    session.must("sync", path=path)
    return set(session.must("getChildren", path=path)["children"])


class Writer:
    """Creates `prefix` and a number, one after the other, on one connection, until it is told to stop."""

    def __init__(self, session, prefix="/written/", size=1):
        self.session = session
        self.prefix = prefix
        self.data = b"x" * size
        self.acknowledged = []
        self.failure = None
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            number = 0
            while not self.is_stopping.is_set():
                self.session.must("create", path=f"{self.prefix}{number}", data=self.data)
                self.acknowledged.append(str(number))
                number += 1
        except (AssertionError, OSError) as failure:
            self.failure = failure

    def await_more(self, count):
        wanted = len(self.acknowledged) + count
        await_that(lambda: self.failure or len(self.acknowledged) >= wanted, f"{count} further writes")

    def stop(self):
        self.is_stopping.set()
        self.thread.join()
