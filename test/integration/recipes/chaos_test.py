#!/usr/bin/python3
"""Contenders of one lock while servers are killed, connections are cut and holders are stopped:
chaos_test.py CONCLAVED CONTENDER

CONTENDER is recipes-contender. What it wrote while it held the lock tells whether two ever held it at once.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import harness  # noqa: E402
from ensembles import Ensemble  # noqa: E402
from harness import LOOPBACK, Session, await_that  # noqa: E402

CONTENDER = None
CONTENDERS = 4
CHUNK = 1 << 16


class Passage:
    """Passes connections of clients on to a server, until a test cuts them."""

    def __init__(self, port):
        self.target = (LOOPBACK, port)
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while data := source.recv(CHUNK):
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            cut, self.open = self.open, []
        for each in cut:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def close(self):
        self.listener.close()
        self.cut()


class LockUnderChaos(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(harness.seed())
        self.ensemble = Ensemble(self, {"tickTime": 200}).start()
        self.passages = [Passage(node.port) for node in self.ensemble.nodes]
        for passage in self.passages:
            self.addCleanup(passage.close)
        with_session = self.session()
        with_session.must("create", path="/log", data=b"0")
        addresses = ",".join(f"{LOOPBACK}:{passage.port}" for passage in self.passages)
        self.contenders = [self.start_contender(addresses) for _ in range(CONTENDERS)]
        self.await_turns(10)

    def start_contender(self, addresses):
        process = subprocess.Popen([CONTENDER, addresses, "/lock", "/log"], stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def session(self):
        """With whoever serves."""
        def opened():
            for node in self.ensemble.nodes:
                if node.is_running() and self.ensemble.mode(node):
                    try:
                        return Session(node)
                    except AssertionError:
                        continue
            return None
        session = await_that(opened, "a session is opened")
        self.addCleanup(session.close)
        return session

    def turn_count(self):
        session = self.session()
        session.must("sync", path="/log")
        count = len(session.must("getChildren", path="/log")["children"])
        session.close()
        return count

    def await_turns(self, more):
        wanted = self.turn_count() + more
        await_that(lambda: self.turn_count() >= wanted, f"the lock is handed over for {more} further turns", 60.0)

    # -- what happens to them

    def kill_a_server(self):
        victim = self.random.choice(self.ensemble.nodes)
        victim.kill()
        self.await_turns(10)
        victim.start()

    def cut_connections(self):
        for passage in self.passages:
            passage.cut()
        self.await_turns(5)

    def pause_contenders(self, count):
        """Until others have had many turns, so that whoever was stopped with the lock has lost it."""
        stopped = self.random.sample(self.contenders, count)
        for each in stopped:
            each.send_signal(signal.SIGSTOP)
        self.await_turns(20)
        for each in stopped:
            each.send_signal(signal.SIGCONT)

    def stop_all_for_longer_than_a_session(self):
        for each in self.contenders:
            each.send_signal(signal.SIGSTOP)
        session = self.session()
        await_that(lambda: not session.must("getChildren", path="/lock")["children"], "their sessions expire")
        for each in self.contenders:
            each.send_signal(signal.SIGCONT)

    # -- what has to be so

    def check_turns(self):
        session = self.session()
        session.must("sync", path="/log")
        names = sorted(session.must("getChildren", path="/log")["children"])
        token, value = 0, 0
        for name in names:
            data = session.must("getData", path=f"/log/{name}")["data"].decode()
            held, before, after = (int(number) for number in data.split())
            self.assertGreater(held, token, f"{name}: a later holder has a larger token")
            self.assertEqual((before, after), (value, value + 1), f"{name}: nobody has written in between")
            token, value = held, after
        self.assertEqual(int(session.must("getData", path="/log")["data"]), value)

    def finish(self):
        for each in self.contenders:
            each.terminate()
        for each in self.contenders:
            self.assertEqual(each.wait(60), 0)
        session = self.session()

        def is_empty():
            session.must("sync", path="/lock")
            answer = session.call("getChildren", path="/lock")
            return answer["err"] != 0 or not answer["children"]  # an empty container goes in the end
        await_that(is_empty, "no node of a contender is left")
        self.check_turns()

    # -- the tests

    def test_connections_are_cut(self):
        for _ in range(8):
            self.cut_connections()
        self.finish()

    def test_holders_are_stopped(self):
        for _ in range(3):
            self.pause_contenders(self.random.randrange(1, CONTENDERS))
        self.stop_all_for_longer_than_a_session()
        self.await_turns(10)
        self.finish()

    def test_servers_are_killed(self):
        for _ in range(3):
            self.kill_a_server()
        self.finish()

    def test_everything_at_once(self):
        for _ in range(3):
            stopped = self.random.choice(self.contenders)
            stopped.send_signal(signal.SIGSTOP)
            self.kill_a_server()
            self.cut_connections()
            stopped.send_signal(signal.SIGCONT)
        self.finish()


if __name__ == "__main__":
    CONTENDER = os.path.abspath(sys.argv.pop(2))
    harness.main()
