#!/usr/bin/python3
"""Clients that use TLS: tls_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved.
"""

import os
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from kazoo.client import KazooClient

import wire
from certificates import Authority
from servers import LOOPBACK, Conclave, free_port

WAIT_S = 60.0
SHELL = "/usr/share/zookeeper/bin/zkCli.sh"

PROGRAM, SCRATCH = None, None


class TlsConnection(wire.Connection):
    """The wire client inside TLS; believes every server."""

    def __init__(self, port, stem=None):
        super().__init__((LOOPBACK, port), WAIT_S)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if stem:
            context.load_cert_chain(stem + ".pem")
        self.socket = context.wrap_socket(self.socket)

    def open_session(self):
        self.send_handshake(timeout_ms=30000)
        return self.receive()

    def call(self, op, **fields):
        self.send(self.encode(op, **fields))
        return self.receive().fields

    def certificate(self):
        return self.socket.getpeercert(binary_form=True)


def secure_settings(authority, stem, port, suffix=".pem", **more):
    settings = {
        "secureClientPort": port,
        "secureClientPortAddress": LOOPBACK,
        "ssl.keyStore.location": stem + suffix,
        "ssl.trustStore.location": authority.trust_p12 if suffix == ".p12" else authority.certificate,
    }
    if suffix == ".p12":
        settings.update({"ssl.keyStore.password": authority.password, "ssl.trustStore.password": authority.password})
    settings.update(more)
    return settings


class Tls(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority(tempfile.mkdtemp(prefix="keys-", dir=SCRATCH))
        cls.own = cls.authority.issue("server")
        cls.alice = cls.authority.issue("alice", "/C=DE/O=Example/CN=alice")

    def server(self, suffix=".pem", stem=None, **more):
        self.secure_port = free_port()
        made = Conclave(
            PROGRAM, SCRATCH, secure_settings(self.authority, stem or self.own, self.secure_port, suffix, **more))
        self.addCleanup(made.stop)
        return made.start()

    def kazoo(self, stem=None, **more):
        certificate = {"certfile": stem + ".pem", "keyfile": stem + ".pem"} if stem else {}
        client = KazooClient(
            hosts=f"{LOOPBACK}:{self.secure_port}", use_ssl=True, ca=self.authority.certificate, **certificate, **more)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        return client

    def await_that(self, condition, what):
        deadline = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def test_kazoo_works_over_tls(self):
        self.server()
        alice = self.kazoo(self.alice)
        alice.start(WAIT_S)
        alice.create("/a", b"x" * 500_000)
        self.assertEqual(len(alice.get("/a")[0]), 500_000)

    def test_a_session_moves_between_the_plain_port_and_the_secure_one(self):
        server = self.server()
        alice = self.kazoo(self.alice)
        alice.start(WAIT_S)
        alice.create("/e", ephemeral=True)
        session = alice.client_id[0]
        plain = KazooClient(hosts=server.connect_string, client_id=alice.client_id)
        self.addCleanup(plain.close)
        self.addCleanup(plain.stop)
        plain.start(WAIT_S)
        self.assertEqual(plain.exists("/e").ephemeralOwner, session)

    def test_openssl_s_client_reaches_a_four_letter_word(self):
        self.server()
        for _ in range(10):  # what is sent right behind the handshake may arrive together with it, or not
            result = subprocess.run(
                ["openssl", "s_client", "-connect", f"{LOOPBACK}:{self.secure_port}", "-cert", self.alice + ".pem",
                 "-key", self.alice + ".pem", "-CAfile", self.authority.certificate, "-verify_return_error", "-quiet"],
                input=b"ruok", stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=WAIT_S, check=False)
            self.assertEqual(result.stdout, b"imok", result.stderr)

    def test_a_client_without_a_certificate_is_refused_and_the_log_says_why(self):
        server = self.server()
        refused = TlsConnection(self.secure_port)
        self.assertEqual(refused.open_session().kind, "closed")
        self.await_that(lambda: "peer did not return a certificate" in server.log_tail(), server.log_tail())

    def test_without_client_authentication_nobody_needs_one(self):
        self.server(**{"ssl.clientAuth": "none"})
        self.assertEqual(TlsConnection(self.secure_port).open_session().kind, "connected")

    def test_new_keys_are_used_without_a_restart(self):
        own = self.authority.issue("renewed")
        self.server(stem=own)
        before = TlsConnection(self.secure_port, self.alice)
        before.open_session()
        old = before.certificate()
        self.authority.issue("renewed-2", file="renewed")
        self.await_that(
            lambda: TlsConnection(self.secure_port, self.alice).certificate() not in (old, None), "new certificate")
        self.assertEqual(before.call("exists", path="/")["err"], 0)

    def test_pkcs12_files_work(self):
        self.server(".p12")
        alice = self.kazoo(self.alice)
        alice.start(WAIT_S)
        self.assertEqual(alice.get_children("/"), ["zookeeper"])

    def test_the_java_shell_with_pem_and_with_pkcs12_files(self):
        self.server()
        for suffix, trust in ((".pem", self.authority.certificate), (".p12", self.authority.trust_p12)):
            with self.subTest(suffix):
                output = self.shell(self.secure_port, suffix, trust, "ls /")
                self.assertIn("[zookeeper]", output)

    def shell(self, port, suffix, trust, command):
        flags = {
            "zookeeper.client.secure": "true",
            "zookeeper.clientCnxnSocket": "org.apache.zookeeper.ClientCnxnSocketNetty",
            "zookeeper.ssl.keyStore.location": self.alice + suffix,
            "zookeeper.ssl.trustStore.location": trust,
            "zookeeper.ssl.keyStore.password": self.authority.password if suffix == ".p12" else "",
            "zookeeper.ssl.trustStore.password": self.authority.password if suffix == ".p12" else "",
            "java.net.preferIPv4Stack": "true",
        }
        properties = " ".join(f"-D{key}={value}" for key, value in flags.items() if value)
        environment = dict(os.environ, CLIENT_JVMFLAGS=f"-cp {class_path()} {properties}")
        result = subprocess.run(
            [SHELL, "-server", f"{LOOPBACK}:{port}", "-waitforconnection", *command.split()], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=2 * WAIT_S, env=environment, check=False)
        return result.stdout


def class_path():
    """Debian's shell leaves out what its own client needs for TLS."""
    netty = ("buffer", "codec", "common", "handler", "resolver", "transport", "transport-native-epoll",
             "transport-native-unix-common")
    return ":".join(["/usr/share/java/zookeeper.jar"] + [f"/usr/share/java/netty-{part}.jar" for part in netty])


def main(arguments):
    global PROGRAM, SCRATCH
    if len(arguments) < 2:
        print(__doc__)
        return 2
    PROGRAM, SCRATCH = arguments[:2]
    os.makedirs(SCRATCH, exist_ok=True)
    program = unittest.main(argv=[sys.argv[0]] + arguments[2:], exit=False, verbosity=2)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
