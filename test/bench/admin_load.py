#!/usr/bin/python3
"""What the admin endpoint costs and how fast it is with a large tree: admin_load.py CONCLAVED CONCLAVE_BENCH

    admin_load.py build/release/bin/conclaved build/release/bin/conclave-bench --markdown admin.md
    admin_load.py ... --nodes 20000 --sessions 100 --readers 500 --seconds 3      # to try the script itself
    admin_load.py ... --only-readers --rounds 20                                  # the watch streams alone

Starts a server of its own with 1 M znodes, all of them children of one node, and 1,000 sessions; measures pages, listings,
/metrics, 10,000 readers of one watch stream, and the latency of writes with and without a console and a scraper beside
them. Takes some minutes and 2 GiB; nothing else should run.
"""

import argparse
import http.client
import json
import os
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "interop"))

import wire  # noqa: E402
from servers import LOOPBACK, Conclave, free_port  # noqa: E402

BATCH = 500     # creates in flight
PORTION = 512   # events that are taken at once
NAP_S = 0.002   # how much later than it arrives an event may be seen


class Run:

    def __init__(self, arguments, scratch):
        self.arguments = arguments
        self.port = free_port()
        settings = {"admin.enableServer": "true", "admin.serverPort": self.port, "maxClientCnxns": 0,
                    "admin.maxConnections": arguments.readers + 100, "maxSessionTimeout": 600000}
        self.server = Conclave(arguments.conclaved, scratch, settings)
        self.rows = []
        self.is_loaded = False      # with the nodes that are written to

    def row(self, what, measured, goal="", is_met=None):
        self.rows.append((what, measured, goal, "" if is_met is None else "yes" if is_met else "**no**"))
        print(f"{what}: {measured} {goal} {self.rows[-1][3]}", flush=True)

    # ---- the server and what is in it ----

    def session(self, timeout_ms=600000):
        made = wire.Connection(self.server.address, 120)
        made.send_handshake(timeout_ms=timeout_ms)
        answer = made.receive()
        assert answer.kind == "connected" and answer.fields["sessionId"], answer
        return made

    def fill(self):
        client = self.session()
        client.send(client.encode("create", path="/many"))
        assert client.receive().fields["err"] == 0
        for begin in range(0, self.arguments.nodes, BATCH):
            end = min(begin + BATCH, self.arguments.nodes)
            client.send(b"".join(client.encode("create", path=f"/many/n{number:07}", data=b"x" * 100)
                                 for number in range(begin, end)))
            for _ in range(begin, end):
                assert client.receive().fields["err"] == 0
        client.close()

    def resident_mib(self, of="VmRSS"):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(of)) / 1024

    # ---- requests ----

    def get(self, connection, target):
        connection.request("GET", target)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200, (target, response.status, content[:200])
        return content

    def time_of(self, targets, count=100):
        """Milliseconds for all of them one after the other: median and worst but one in a hundred."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=120)
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            for target in targets:
                self.get(connection, target)
            times.append((time.perf_counter() - begun) * 1000)
        connection.close()
        times.sort()
        return statistics.median(times), times[int(len(times) * 0.99) - 1]

    def measure_pages(self):
        middle = f"n{self.arguments.nodes // 2:07}"
        for what, targets, goal in (
                ("overview (status, ensemble, health)", ["/v1/status", "/v1/ensemble", "/readyz"], 50),
                ("first page of the large family", ["/v1/children/many?stat&limit=100"], 50),
                ("a page in its middle", [f"/v1/children/many?stat&limit=100&after={middle}"], 50),
                ("a node with its ACL", [f"/v1/znodes/many/{middle}", f"/v1/acls/many/{middle}"], 50),
                ("nodes by the beginning of their names", ["/v1/children/many?prefix=n00012&limit=20"], 50),
                ("a page of sessions", ["/v1/sessions?limit=100"], 50),
                ("/metrics", ["/metrics"], 10)):
            median, slowest = self.time_of(targets)
            self.row(what, f"{median:.1f} ms, p99 {slowest:.1f} ms", f"≤ {goal} ms", slowest <= goal)

    def measure_listing(self):
        """Of memory, only the heap counts: mapped pages of the tree are the kernel's to take back."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=120)
        before, most = self.resident_mib("RssAnon"), 0
        begun, seen, after = time.perf_counter(), 0, ""
        while after is not None:
            page = json.loads(self.get(connection, f"/v1/children/many?limit=1000&after={after}"))
            seen += len(page["children"])
            after = page["next_after"]
            most = max(most, self.resident_mib("RssAnon"))
        connection.close()
        assert seen == self.arguments.nodes, seen
        grown = most - before
        self.row(f"listing of all {seen:,} children in pages of 1,000",
                 f"{time.perf_counter() - begun:.1f} s, heap grows by {grown:.1f} MiB", "constant memory", grown < 8)

    def measure_readers(self):
        """The time from a change to its arrival at the last of so many readers of one node."""
        count = self.arguments.readers
        client = self.session()
        client.send(client.encode("create", path="/watched"))
        assert client.receive().fields["err"] == 0
        chosen = select.epoll()     # as bare as Python can be: the readers share the CPUs with the server
        readers = {}
        for _ in range(count):
            reader = socket.create_connection((LOOPBACK, self.port), 120)
            reader.sendall(b"GET /v1/watch/watched HTTP/1.1\r\nHost: localhost\r\n\r\n")
            readers[reader.fileno()] = reader
        for reader in readers.values():
            text = b""
            while b"event: ready" not in text:
                text += reader.recv(4096)
            reader.setblocking(False)
            chosen.register(reader, select.EPOLLIN)
        times = []
        for round_number in range(self.arguments.rounds + 1):
            time.sleep(1)
            begun = time.perf_counter()
            client.send(client.encode("setData", path="/watched", data=b"x", version=-1))
            waiting = count
            while waiting:
                ready = chosen.poll(30, PORTION)
                for descriptor, _ in ready:
                    waiting -= b"data_changed" in os.read(descriptor, 4096)
                if len(ready) < PORTION:    # or each event would wake this program, which real readers far away do not share
                    time.sleep(NAP_S)
            if round_number:    # the first one warms up
                times.append((time.perf_counter() - begun) * 1000)
            assert client.receive().fields["err"] == 0
        for reader in readers.values():
            reader.close()
        client.close()
        worst = max(times)
        self.row(f"an event at the last of {count:,} watch streams of one node (the reader is Python)",
                 f"{statistics.median(times):.0f} ms, worst {worst:.0f} ms", "≤ 100 ms", worst <= 100)

    # ---- writes beside it ----

    def write(self):
        """What the benchmark program tells of its writes."""
        command = [self.arguments.bench, "--servers", f"{LOOPBACK}:{self.server.port}", "--operation", "set", "--root", "/bench",
                   "--connections", "16", "--pipeline", "1", "--nodes", "1000", "--warm-up", "1",
                   "--seconds", str(self.arguments.seconds), "--json", *(["--skip-load"] if self.is_loaded else [])]
        self.is_loaded = True
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def measure_writes(self):
        stop = threading.Event()

        def look(targets, every_s):
            connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=120)
            while not stop.wait(every_s):
                for target in targets:
                    self.get(connection, target)
            connection.close()
        without, beside = [], []
        for _ in range(self.arguments.repeat):
            without.append(self.p99_of(self.write()))
            stop.clear()
            threads = [threading.Thread(target=look, args=(targets, 1.0), daemon=True) for targets in (
                ["/v1/status", "/v1/ensemble", "/readyz"], ["/metrics"])]
            for thread in threads:
                thread.start()
            beside.append(self.p99_of(self.write()))
            stop.set()
            for thread in threads:
                thread.join()
        plain, looked_at = statistics.median(without), statistics.median(beside)
        spread = (max(without) - min(without)) / plain * 100
        change = (looked_at / plain - 1) * 100
        self.row("write p99 with the console open and a scraper every second",
                 f"{looked_at:.2f} ms instead of {plain:.2f} ms ({change:+.1f} %; without, runs differ by {spread:.0f} %)",
                 "≤ +5 %", change <= 5)

    @staticmethod
    def p99_of(told):
        return told["latency_us_p99"] / 1000

    def run(self):
        self.server.start()
        try:
            if self.arguments.only_readers:
                return self.measure_readers()
            begun = time.perf_counter()
            self.fill()
            print(f"filled in {time.perf_counter() - begun:.0f} s, {self.resident_mib():.0f} MiB", flush=True)
            sessions = [self.session() for _ in range(self.arguments.sessions)]
            self.measure_pages()
            self.measure_listing()
            self.measure_writes()
            self.measure_readers()
            for each in sessions:
                each.close()
        finally:
            self.server.stop()

    def markdown(self):
        lines = ["| with " + f"{self.arguments.nodes:,} znodes and {self.arguments.sessions:,} sessions | measured | goal | met |",
                 "| --- | --- | --- | --- |"]
        return "\n".join(lines + ["| " + " | ".join(each) + " |" for each in self.rows]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conclaved")
    parser.add_argument("bench")
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5, help="changes that the readers are told of")
    parser.add_argument("--only-readers", action="store_true", help="with an empty tree")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement of writes")
    parser.add_argument("--repeat", type=int, default=3, help="of the measurement of writes")
    parser.add_argument("--markdown", help="a file for the table")
    arguments = parser.parse_args()
    wanted = 2 * arguments.readers + arguments.sessions + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard))
    scratch = tempfile.mkdtemp(prefix="conclave-admin-load-")
    try:
        run = Run(arguments, scratch)
        run.run()
        if arguments.markdown:
            with open(arguments.markdown, "w", encoding="utf-8") as file:
                file.write(run.markdown())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
