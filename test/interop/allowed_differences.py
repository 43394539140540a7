"""Every difference between ZooKeeper 3.8.0 and Conclave that the differential test accepts.

A row names the difference, gives its reason (sections are those of the protocol page), and states what each side must
answer in a step that is marked `.differs(name)`: a list of patterns, one per message in order of arrival; `None` for
a step that ZooKeeper is not shown because it would die of it; a list of such lists for alternatives. Anything else on
either side is a failure, so a wrong answer of Conclave is caught here as well. A row that no case meets is reported.
"""

import collections
import itertools

Difference = collections.namedtuple("Difference", "reason zookeeper conclave")


def reply(err=0, **fields):
    return dict({"kind": "reply", "err": err}, **fields)


def bare_reply(err, **fields):
    """An error reply that ends with its header."""
    return reply(err, extra="absent", **fields)


def event(kind):
    return {"kind": "event", "type": kind, "state": 3, "err": 0}


def in_any_order(patterns):
    return [list(order) for order in itertools.permutations(patterns)]


CLOSED = {"kind": "closed"}
SILENCE = {"kind": "silence"}
CONNECTED = {"kind": "connected"}
REFUSED = {"kind": "connected", "sessionId": 0, "timeOut": 0, "passwd": bytes(16)}
UNKNOWN_OPCODE = [bare_reply(-6, zxid=-1), CLOSED]

DIFFERENCES = {
    # -- later rules that Conclave follows instead of 3.8.0 (section 16)
    "event-zxid": Difference(
        "3.1: the header of a watch event carries the zxid of its transaction since 3.9.0; 3.8 sends -1. "
        "Applies to every event; events made by setWatches carry -1 on both sides.",
        zookeeper="zxid='none'",
        conclave="zxid='of its transaction'",
    ),
    "persistent-watch-survives-one-shot": Difference(
        "8.4: 3.8.0 keeps one mode per path, so the one-shot watch had replaced the persistent one; 3.9 keeps both.",
        zookeeper=[reply(op="setData")],
        conclave=[event("NodeDataChanged"), reply(op="setData")],
    ),
    "persistent-watch-survives-child-watch": Difference(
        "8.4: as persistent-watch-survives-one-shot, for children.",
        zookeeper=[reply(op="create")],
        conclave=[event("NodeChildrenChanged"), reply(op="create")],
    ),
    "persistent-beside-recursive": Difference(
        "8.4: in 3.8.0 the recursive watch had replaced the persistent one; 3.9 keeps both, each with its own event.",
        zookeeper=[event("NodeCreated"), reply(op="create")],
        conclave=[event("NodeCreated"), event("NodeChildrenChanged"), reply(op="create")],
    ),
    "persistent-watch-types": Difference(
        "8.6: the watch types 4 (persistent) and 5 (recursive) are known since 3.9.0.",
        zookeeper=[bare_reply(-5)],
        conclave=[bare_reply(0)],
    ),
    "persistent-watch-types-miss": Difference(
        "8.6: as persistent-watch-types, where no watch of that mode is set.",
        zookeeper=[bare_reply(-5)],
        conclave=[bare_reply(-121)],
    ),
    "data-type-on-persistent": Difference(
        "8.6: in 3.8.0 the type 2 removes the data half of a persistent watch; in 3.9 it matches standard watches only.",
        zookeeper=[bare_reply(0)],
        conclave=[bare_reply(-121)],
    ),
    # -- deviations marked [DIV] (section 15)
    "wrong-password-kicks-the-owner": Difference(
        "2.2, 15 row 5: the reference closes the rightful connection before it checks the password of a resume.",
        zookeeper=[CLOSED],
        conclave=[reply(op="ping")],
    ),
    "top-level-check": Difference(
        "4.2, 15 row 4: the reference never answers a check outside a multi that succeeds; Conclave answers it.",
        zookeeper=[SILENCE],
        conclave=[bare_reply(0, op="check")],
    ),
    "multi-error-with-a-body": Difference(
        "15 row 10: the reference sends a terminator behind the error header; a client that trusts lengths disconnects.",
        zookeeper=[reply(-5, extra="ffffffff01ffffffff")],
        conclave=[bare_reply(-5)],
    ),
    "exists-needs-read": Difference(
        "4.2, 16: exists of an existing node needs READ since 3.8.4 and 3.9.2.",
        zookeeper=[reply(0, op="exists")],
        conclave=[bare_reply(-102, op="exists")],
    ),
    "multi-create2-with-stat": Difference(
        "4.3, 16: the result of create2 in a multi is of type 15 with a Stat since 3.7.2, 3.8.2 and 3.9.0.",
        zookeeper=[reply(op="multi", results=lambda r: r[0]["type"] == 1 and "stat" not in r[0])],
        conclave=[reply(op="multi", results=lambda r: r[0]["type"] == 15 and r[0]["stat"]["dataLength"] == 1)],
    ),
    "own-watches-only": Difference(
        "8.6, 15 row 11: in 3.8.0 checkWatches finds the watches of every connection, since 3.9 only one's own.",
        zookeeper=[bare_reply(0)],
        conclave=[bare_reply(-121)],
    ),
    "unreadable-quota-create": Difference(
        "7.3, 15 row 3: limits that cannot be parsed make every create below fail in the reference; they are ignored.",
        zookeeper=[bare_reply(-5)],
        conclave=[reply(op="create")],
    ),
    "unreadable-quota-set": Difference(
        "7.3, 15 row 3: as unreadable-quota-create, for setData.",
        zookeeper=[bare_reply(-5)],
        conclave=[reply(op="setData")],
    ),
    "kills-the-reference": Difference(
        "15 row 1: accepted by the reference, whose apply step then throws; the server dies and cannot restart.",
        zookeeper=None,
        conclave=[bare_reply(-8, op="createTTL")],
    ),
    "root-quota": Difference(
        "15 row 2: as kills-the-reference. Conclave refuses the node, or takes it and ignores it.",
        zookeeper=None,
        conclave=[[bare_reply(-8, op="create")], [reply(op="create")]],
    ),
    "delete-container-opcode": Difference(
        "15 row 7: an internal opcode. 3.8.0 answers -8, 3.9 deletes without an ACL check; here it is unknown.",
        zookeeper=[bare_reply(-8)],
        conclave=UNKNOWN_OPCODE,
    ),
    "create-session-opcode": Difference(
        "15 row 8: an internal opcode that enters the reference's pipeline; here it is unknown.",
        zookeeper=[bare_reply(-5)],
        conclave=UNKNOWN_OPCODE,
    ),
    # -- what the reference leaves open
    "count-below-the-empty-path": Difference(
        "4.2: the empty path is the root for reads; the reference counts the root itself when it is named that way.",
        zookeeper=[reply(op="getAllChildrenNumber", count=4)],
        conclave=[reply(op="getAllChildrenNumber", count=3)],
    ),
    "undecodable-reconfig-zxid": Difference(
        "3.3: a write that does not decode takes a zxid; reconfig is the one that the reference decodes before it takes "
        "one. Steps with a row do not take part in the comparison of zxids.",
        zookeeper=[bare_reply(-5, op="reconfig")],
        conclave=[bare_reply(-5, op="reconfig")],
    ),
    "auth-reply-order": Difference(
        "3.2: the reference answers auth on arrival, so its reply may overtake those of earlier requests; kazoo needs it "
        "in its place.",
        zookeeper=in_any_order([reply(op="create"), reply(op="auth", zxid=0), reply(op="getData")]),
        conclave=[reply(op="create"), reply(op="auth", zxid=0), reply(op="getData")],
    ),
}
