#!/usr/bin/python3
"""The audit log beside that of a real ZooKeeper: audit_test.py CONCLAVED SCRATCH

Both servers do the same for a client; the lines of their audit logs must then be the same, but for times, sessions and
the logins that ZooKeeper does not record. Exit code 77 (skipped) without ZooKeeper.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))

import servers  # noqa: E402
from harness import WAIT_S, await_that  # noqa: E402
from servers import Conclave, ZooKeeper  # noqa: E402
from wire import Connection  # noqa: E402

LOG4J = """
log4j.logger.org.apache.zookeeper.audit.Slf4jAuditLogger=INFO, audit
log4j.additivity.org.apache.zookeeper.audit.Slf4jAuditLogger=false
log4j.appender.audit=org.apache.log4j.FileAppender
log4j.appender.audit.File={path}
log4j.appender.audit.layout=org.apache.log4j.PatternLayout
log4j.appender.audit.layout.ConversionPattern=%d{{ISO8601}} %p %c{{2}}: %m%n
"""

ACL = [(1, "world", "anyone"), (31, "digest", "bob:hash")]


class AuditedZooKeeper(ZooKeeper):

    def command(self, configuration):
        arguments = super().command(configuration)
        self.audit_path = os.path.join(self.directory, "audit")
        with open(os.path.join(self.directory, "log4j.properties"), "a", encoding="utf-8") as file:
            file.write(LOG4J.format(path=self.audit_path))
        arguments.insert(1, "-Dzookeeper.audit.enable=true")
        return arguments


class AuditedConclave(Conclave):

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.audit_path = os.path.join(self.directory, "audit")
        self.settings.update({"audit.enable": "true", "audit.logFile": self.audit_path, "extendedTypesEnabled": "true"})


def lines_of(server):
    with open(server.audit_path, encoding="utf-8") as file:
        return [line.rstrip("\n").split(": ", 1)[1] for line in file]


def await_line(server, part):
    await_that(lambda: any(part in line for line in lines_of(server)), f"a line with {part}")


class SameLines(unittest.TestCase):

    maxDiff = None

    def use(self, server):
        client = Connection(server.address, WAIT_S)
        client.send_handshake(timeout_ms=30000)
        self.assertNotEqual(client.receive().fields["sessionId"], 0)

        def call(op, **fields):
            client.send(client.encode(op, **fields))
            return client.receive().fields
        call("create", path="/a", data=b"x")
        call("create", path="/a", data=b"x")
        call("create2", path="/e", flags=1)
        call("create", path="/s-", flags=2)
        call("create", path="/es-", flags=3)
        call("createContainer", path="/c", flags=4)
        call("setData", path="/a", data=b"y", version=0)
        call("setData", path="/a", data=b"y", version=0)
        call("setData", path="/none", data=b"y")
        call("setACL", path="/c", acl=ACL, version=-1)
        call("multi", ops=[("create", {"path": "/m", "flags": 0}), ("setData", {"path": "/m", "data": b"1", "version": 0}),
                           ("check", {"path": "/m", "version": 1}), ("delete", {"path": "/m", "version": 1})])
        call("multi", ops=[("create", {"path": "/n", "flags": 0}), ("delete", {"path": "/none", "version": -1})])
        call("delete", path="/a", version=-1)
        call("delete", path="/a", version=-1)
        call("getData", path="/e")
        call("exists", path="/e")
        call("sync", path="/")
        call("closeSession")
        client.close()

    def told(self, server):
        """Sessions by their order; the lines of a session's end in the order of their paths."""
        sessions = {}
        lines = [line for line in lines_of(server) if "operation=addAuth" not in line]
        lines = [re.sub(r"session=(0x[0-9a-f]+)",
                        lambda found: f"session={sessions.setdefault(found.group(1), len(sessions))}", line) for line in lines]
        ends = sorted(line for line in lines if "OnSessionCloseOrExpire" in line)
        return [line for line in lines if "OnSessionCloseOrExpire" not in line], ends

    def test_both_tell_the_same(self):
        told = []
        for server in (AuditedZooKeeper(SCRATCH), AuditedConclave(CONCLAVED, SCRATCH)):
            server.start()
            self.addCleanup(server.stop)
            self.use(server)
            await_line(server, "ephemeralZNodeDeletionOnSessionCloseOrExpire")
            server.stop()
            told.append(self.told(server))
        self.assertGreater(len(told[0][0]), 15)
        self.assertEqual(told[0], told[1])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} CONCLAVED SCRATCH")
    CONCLAVED, SCRATCH = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    del sys.argv[1:3]
    if not servers.is_zookeeper_installed():
        print("skipped: there is no ZooKeeper")
        sys.exit(77)
    os.makedirs(SCRATCH, exist_ok=True)
    unittest.main(verbosity=2)
