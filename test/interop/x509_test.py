#!/usr/bin/python3
"""Certificates of clients as identities, beside the real server: x509_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved. Every answer must be that of ZooKeeper (zookeeper-protocol 9).
"""

import os
import sys
import tempfile
import unittest

from certificates import Authority
from servers import Conclave, ZooKeeper, free_port, java_class_path
from tls_test import TlsConnection, class_path, secure_settings

PROGRAM, SCRATCH = None, None

ALL = 31
EVERYBODY = [(ALL, "world", "anyone")]
IDS = ("CN=x", "cn = x ; O=y", "CN=x+UID=7,DC=org", "", "CN=", "x", "CN", "XY=x", "CN=x,", "CN=a,b", "OID.2.5.4.3=x",
       "1.2.840.113549.1.9.1=#16056140622e63", "1.40=x", "3.1=x", "1=x", "CN=a\\,b", "CN=a\\2Cb", 'CN="a,b",O=x',
       'CN="a" ,O=x', "CN=a=b", "CN=a\\qb", "CN=a<b", 'CN="a', 'CN="a"b', 'CN=a"b', "CN=#1", "CN=a\\",
       "EMAILADDRESS=a@b.c,CN=x", "serialNumber=7", "T=x,IP=1.2.3.4", "CN=ü")


class SecureZooKeeper(ZooKeeper):
    def command(self, configuration):
        command = super().command(configuration)
        place = command.index(java_class_path(self.directory))
        command[place] += ":" + class_path()
        return command


class Certificates(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority(tempfile.mkdtemp(prefix="keys-", dir=SCRATCH))
        cls.own = cls.authority.issue("server")
        cls.alice = cls.authority.issue("alice", "/C=DE/O=Example, Inc./CN=alice")
        cls.bob = cls.authority.issue("bob", "/C=DE/O=Example/CN=bob/emailAddress=bob@example.com")
        cls.root = cls.authority.issue("root", "/O=Example/CN=root")

    def answers(self, make, ask, **more):
        """What `ask` gets from a server that is made with TLS; `more` are keys of its configuration."""
        self.secure_port = free_port()
        settings = secure_settings(self.authority, self.own, self.secure_port, **more)
        with make(settings):
            return ask()

    def check_same(self, ask, **more):
        ours = self.answers(lambda settings: Conclave(PROGRAM, SCRATCH, settings), ask, **more)
        netty = {"serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory"}
        theirs = self.answers(lambda settings: SecureZooKeeper(SCRATCH, dict(settings, **netty)), ask, **more)
        self.assertEqual(ours, theirs)
        return ours

    def connect(self, stem):
        made = TlsConnection(self.secure_port, stem)
        self.addCleanup(made.close)
        self.assertEqual(made.open_session().kind, "connected")
        return made

    def test_the_name_in_the_certificate_is_an_identity(self):
        def ask():
            return [self.connect(stem).call("whoAmI")["identities"] for stem in (self.alice, self.bob)]

        alice, bob = self.check_same(ask)
        self.assertIn(["x509", "CN=alice,O=Example\\, Inc.,C=DE"], alice)
        self.assertIn(["x509", "1.2.840.113549.1.9.1=#160f626f62406578616d706c652e636f6d,CN=bob,O=Example,C=DE"], bob)

    def test_auth_in_a_list_stands_for_it(self):
        def ask():
            alice, bob = self.connect(self.alice), self.connect(self.bob)
            return [
                alice.call("create", path="/a", acl=[(ALL, "auth", "")])["err"],
                alice.call("getACL", path="/a")["acl"],
                alice.call("setData", path="/a", data=b"x")["err"],
                bob.call("getData", path="/a")["err"],
                alice.call("setACL", path="/a", acl=[(1, "x509", "CN=bob"), (ALL, "x509", "CN=alice,O=x")])["err"],
                bob.call("getData", path="/a")["err"],
            ]

        self.assertEqual(self.check_same(ask)[-1], -102)

    def test_a_list_may_name_somebody_else(self):
        def ask():
            alice, bob = self.connect(self.alice), self.connect(self.bob)
            name = dict(bob.call("whoAmI")["identities"])["x509"]
            return [
                alice.call("create", path="/b", data=b"for bob", acl=[(1, "x509", name)])["err"],
                alice.call("getData", path="/b")["err"],
                bob.call("getData", path="/b").get("data"),
            ]

        self.assertEqual(self.check_same(ask), [0, -102, b"for bob"])

    def test_what_is_a_name_in_a_list(self):
        def ask():
            alice = self.connect(self.alice)
            return [(each, alice.call("create", path=f"/{number}", acl=[(ALL, "x509", each)])["err"])
                    for number, each in enumerate(IDS)]

        self.assertIn(("CN=x", 0), self.check_same(ask))

    def test_an_auth_request_adds_nothing(self):
        def ask():
            alice = self.connect(self.alice)
            return alice.call("auth", scheme="x509", auth=b"CN=root")["err"], alice.call("whoAmI")["identities"]

        self.assertEqual(self.check_same(ask)[0], 0)

    def test_a_super_user_may_do_everything(self):
        def ask():
            alice, root = self.connect(self.alice), self.connect(self.root)
            alice.call("create", path="/a", acl=[(ALL, "auth", "")])
            return root.call("getACL", path="/a")["acl"], root.call("delete", path="/a")["err"]

        self.assertEqual(self.check_same(ask, **{"X509AuthenticationProvider.superUser": "CN=root,O=Example"})[1], 0)

    def test_enforced_authentication_takes_it(self):
        def ask():
            with_one, without = self.connect(self.alice), self.connect(None)
            return [each.call("create", path="/a")["err"] for each in (without, with_one)]

        enforced = {"enforce.auth.enabled": "true", "enforce.auth.schemes": "x509", "ssl.clientAuth": "want"}
        ours = self.answers(lambda settings: Conclave(PROGRAM, SCRATCH, settings), ask, **enforced)
        self.assertEqual(ours, [-124, 0])


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
