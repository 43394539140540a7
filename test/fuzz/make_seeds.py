#!/usr/bin/env python3
"""Writes the seeds in corpus/client, corpus/frame, corpus/request, corpus/transaction and corpus/zookeeper: make_seeds.py

Each seed has a name that says what it is about. Run it again after a change of a record or of the steps in
request_fuzz.cpp or client_fuzz.cpp; inputs that a fuzzer found and that are worth keeping stand beside them under names of their own.
"""

import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from wire import (OPCODES, boolean, buffer, connect_request, encode_request, frame, int4, int8,  # noqa: E402
                  ustring)


def request(op, xid=1, opcode=None, raw=None, **fields):
    """A request without its length."""
    body = encode_request(op, **fields) if raw is None else raw
    return int4(xid) + int4(OPCODES[op] if opcode is None else opcode) + body


# --- frame: the size of each read minus one, then the stream -------------------------------------------------------

# Section 17 of the protocol page, with what else stands on a wire.
TEST_VECTORS = {
    "connect-c-client": "0000002d000000000000000000000000000075300000000000000000000000100000000000000000000000000000"
                        "000000",
    "connect-response": "0000002500000000000027100100002522" "3f002100000010e95a8d51233f2020a650d2dab5887aea00",
    "connect-go": "0000002c00000000000000000000000000000fa000000000000000000000001000000000000000000000000000000000",
    "connect-go-response": "000000240000000000000fa001000025223f002300000010c3189951e3a76196bbca03840e775150",
    "refused-resume": "00000025000000000000000000000000000000000000001000000000000000000000000000000000" "00",
    "create": "00000032000000010000000100000002" "2f61" "00000001" "64" "000000010000001f00000005" "776f726c64" "00000006"
              "616e796f6e65" "00000000",
    "create-reply": "0000001600000001000000000000005c00000000000000022f61",
    "ping": "00000008fffffffe0000000b",
    "ping-reply": "00000010fffffffe000000000000000100000000",
    "unknown-opcode-reply": "0000001000000001fffffffffffffffffffffffa",
    "watch-event": "0000001effffffffffffffffffffffff000000000000000300000003000000022f77",
    "auth-failure": "00000010fffffffc0000000000000000ffffff8d",
    "failed-multi": "0000003700000001000000000000000100000000" "ffffffff000000000000000000" "ffffffff00ffffff9bffffff9b"
                    "ffffffff01ffffffff" "000000000000000000",
    "set-watches-empty": "0000001cfffffff8000000650000000000000000000000000000000000000000",
    "set-watches-reply": "00000010fffffff8000000000000000100000000",
}

READ_WHOLE, READ_BYTEWISE = b"\xff", b"\x00"


def frame_seeds():
    for name, vector in TEST_VECTORS.items():
        yield name, READ_WHOLE + bytes.fromhex(vector)
    for op, fields in REQUESTS:
        yield f"request-{op}", READ_WHOLE + frame(request(op, **fields))
    yield "negative-length", READ_WHOLE + int4(-1)
    yield "huge-length", READ_WHOLE + int4(2 ** 31 - 1) + b"x"
    yield "empty-frames-bytewise", READ_BYTEWISE + int4(0) * 3
    yield "two-frames-bytewise", READ_BYTEWISE + bytes.fromhex(TEST_VECTORS["create"] + TEST_VECTORS["ping"])
    yield "huge-acl-count", READ_WHOLE + frame(request("create", raw=ustring("/a") + buffer(b"") + int4(2 ** 31 - 1)))
    yield "http", READ_WHOLE + b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


# --- request: steps ------------------------------------------------------------------------------------------------

FRAME, HANDSHAKE, CONNECT, DISCONNECT, SETTLE, DELIVER, ADVANCE, DISK_FULL, CRASH = (bytes([kind]) for kind in range(9))


def sent(payload, client=0):
    return FRAME + bytes([client]) + struct.pack(">H", len(payload)) + payload


def opened(client=0):
    return HANDSHAKE + bytes([client])


REQUESTS = [
    ("create", {"path": "/a", "data": b"d"}), ("create2", {"path": "/b"}), ("createContainer", {"path": "/c"}),
    ("createTTL", {"path": "/t", "ttl": 100}), ("exists", {"path": "/a", "watch": True}), ("getData", {"path": "/a"}),
    ("setData", {"path": "/a", "data": b"e", "version": 0}), ("getACL", {"path": "/a"}),
    ("setACL", {"path": "/a", "acl": [(31, "auth", "")]}), ("getChildren", {"path": "/", "watch": True}),
    ("getChildren2", {"path": "/"}), ("sync", {"path": "/"}), ("ping", {}), ("check", {"path": "/a"}),
    ("multi", {"ops": [("create", {"path": "/m"}), ("setData", {"path": "/m", "version": 0}),
                       ("check", {"path": "/m", "version": 1}), ("delete", {"path": "/m", "version": 1})]}),
    ("multiRead", {"ops": [("getData", {"path": "/a"}), ("getChildren", {"path": "/no"})]}),
    ("reconfig", {"leaving": "1"}), ("checkWatches", {"path": "/a", "type": 3}),
    ("removeWatches", {"path": "/a", "type": 2}), ("auth", {"scheme": "digest", "auth": b"bob:pw"}),
    ("setWatches", {"relative": 0, "data": ["/a"], "exist": ["/no"], "child": ["/"]}),
    ("setWatches2", {"relative": 0, "persistent": ["/a"], "recursive": ["/"]}), ("sasl", {"token": b""}),
    ("getEphemerals", {"prefix": "/"}), ("getAllChildrenNumber", {"path": "/"}), ("addWatch", {"path": "/", "mode": 1}),
    ("whoAmI", {}), ("delete", {"path": "/a"}), ("closeSession", {}),
]


def create(path, flags=0, data=b"x", xid=1, client=0, op="create"):
    return sent(request(op, xid=xid, path=path, data=data, flags=flags), client)


def request_seeds():
    a = create("/a")
    for op, fields in REQUESTS:
        yield op, opened() + a + sent(request(op, xid=2, **fields)) + SETTLE
    yield "connect-request", CONNECT + b"\0" + sent(connect_request(10000)) + SETTLE
    yield "connect-request-old-client", CONNECT + b"\0" + sent(connect_request(4000, read_only=None)) + a + SETTLE
    yield "resume-unknown-session", CONNECT + b"\0" + sent(connect_request(4000, 0x1234, b"p" * 16)) + SETTLE
    yield "ephemerals-of-expired-session", opened() + opened(1) + create("/e", 1, client=0) + create("/f", 3, client=0) \
        + sent(request("getChildren", path="/", watch=True), 1) + SETTLE + ADVANCE + b"\xff" + SETTLE
    yield "sequence", opened() + b"".join(create("/s-", 2, xid=n) for n in range(1, 6)) + SETTLE
    yield "crash-before-durable", opened() + a + SETTLE + create("/b") + DELIVER + CRASH + opened() + create("/c")
    yield "disk-full", opened() + a + SETTLE + DISK_FULL + b"\1" + create("/b") + SETTLE + DISK_FULL + b"\0" + create("/c")
    yield "disconnect-in-flight", opened() + a + DISCONNECT + b"\0" + opened() + create("/b") + SETTLE
    yield "pipelined-behind-handshake", CONNECT + b"\0" + sent(connect_request(4000)) + a \
        + sent(request("getData", xid=2, path="/a")) + SETTLE
    yield "quota", opened() + a + create("/zookeeper/quota/a") \
        + create("/zookeeper/quota/a/zookeeper_limits", data=b"count=5,bytes=-1=;byteHardLimit=100;countHardLimit=-1") \
        + create("/zookeeper/quota/a/zookeeper_stats", data=b"") + create("/a/x") + SETTLE
    yield "root-quota", opened() + create("/zookeeper/quota/zookeeper_limits", data=b"count=1") + a + SETTLE
    yield "bad-ttl", opened() + sent(request("createTTL", path="/t", flags=0, ttl=-1)) + SETTLE
    yield "failed-multi", opened() + sent(request("multi", ops=[
        ("create", {"path": "/m"}), ("delete", {"path": "/no"}), ("create", {"path": "/n"})])) + SETTLE
    yield "nested-multi", opened() + sent(request("multi", raw=int4(14) + boolean(False) + int4(-1))) + SETTLE
    yield "unknown-opcodes", b"".join(
        opened(n % 4) + sent(request("ping", opcode=code), n % 4) for n, code in enumerate((-1, 0, 10, 20, -10, 99)))
    yield "short-frames", opened() + sent(b"") + opened(1) + sent(b"\0" * 4, 1) + opened(2) + sent(b"\0" * 8, 2)
    yield "invalid-utf-8", opened() + create(b"/\xff\xfe") + create(b"/a\0b") + create("/a//b") + create("/..") + SETTLE
    yield "acl", opened() + sent(request("auth", scheme="digest", auth=b"bob:pw")) + sent(request(
        "create", path="/p", acl=[(31, "auth", ""), (1, "ip", "127.0.0.1/8"), (1, "digest", "a:b")])) + opened(1) \
        + sent(request("getData", path="/p"), 1) + SETTLE


# --- transaction: one record ---------------------------------------------------------------------------------------

def transaction(tag, body, session=1):
    return int8(session) + bytes([tag]) + body


def stored_acl():
    return b"".join((int4(1), int4(31), ustring("world"), ustring("anyone")))


def transaction_seeds():
    create_node = b"\1" + ustring("/a") + buffer(b"d") + buffer(stored_acl()) + int8(0) + int4(1)
    delete_node = b"\2" + ustring("/a")
    set_data = b"\3" + ustring("/a") + buffer(None) + int4(7)
    set_acl = b"\4" + ustring("/a") + buffer(stored_acl()) + int4(1)
    changes = {"create": create_node, "delete": delete_node, "set-data": set_data, "set-acl": set_acl, "checked": b"\5"}
    for name, change in changes.items():
        yield f"transaction-{name}", transaction(1, int4(1) + change)
    multi = transaction(1, int4(len(changes)) + b"".join(changes.values()))
    yield "transaction-multi", multi
    yield "transaction-huge-count", transaction(1, int4(2 ** 31 - 1) + create_node)
    yield "transaction-open-session", transaction(2, int8(1) + int4(10000))
    yield "transaction-close-session", transaction(3, int8(1) + int4(2) + ustring("/e") + ustring("/f"))
    yield "transaction-failure", transaction(4, int4(-101) + int4(2) + int4(0) + int4(-101))
    epoch_start = buffer(b"k" * 16) + int8(77) + int4(1)
    yield "epoch-start", epoch_start
    founding = b"\1" + int8(0) + int4(1) + int4(1) + b"\1" + int8(3) + int8(4) + int4(1) + int4(0) + buffer(b"a:1") \
        + buffer(epoch_start)
    yield "promise", int4(2) + int4(1) + int8(77)
    origin = int4(1) + int8(77) + int8(1)
    yield "entry-application", int8(1 << 32 | 1) + int8(1 << 32) + int8(1) + int8(2) + b"\2" + origin + int8(1700) \
        + buffer(multi)
    yield "entry-epoch-start", int8(1 << 32) + int8(0) + int8(1) + int8(2) + b"\1" + origin + int8(1700) \
        + buffer(founding)


# --- client: an action of the program, then what the server says ------------------------------------------------------

GET, WATCH_DATA, WATCH_RECURSIVE, CANCEL, FORGET, PASS_TIME, AUTHENTICATE, CLOSED = (bytes([kind]) for kind in range(8))
STAT = b"\0" * 67 + b"\1"
GREETED = frame(int4(0) + int4(9000) + int8(7) + buffer(b"p" * 16) + boolean(False))


def heard(action, content=b""):
    return action + bytes([len(content)]) + content


def reply(xid, body=b"", error=0):
    return frame(int4(xid) + int8(5) + int4(error) + body)


def event(kind, path):
    return frame(int4(-1) + int8(-1) + int4(0) + int4(kind) + int4(3) + ustring(path))


def client_seeds():
    hello = heard(PASS_TIME, GREETED)
    bodies = {
        "data": buffer(b"x") + STAT, "children": int4(2) + ustring("a") + ustring("b") + STAT, "stat": STAT,
        "created": ustring("/root/a") + STAT, "acl": int4(1) + int4(31) + ustring("world") + ustring("anyone") + STAT,
        "multi": int4(1) + boolean(False) + int4(0) + ustring("/root/a") + int4(-1) + boolean(False) + int4(-101)
        + int4(-101) + int4(-1) + boolean(True) + int4(-1), "huge-count": int4(2 ** 31 - 1), "empty": b"",
    }
    for name, body in bodies.items():
        yield f"reply-{name}", hello + heard(GET) + heard(FORGET, reply(1, body))
    yield "refused", heard(PASS_TIME, frame(int4(0) + int4(0) + int8(0) + buffer(b"\0" * 16) + boolean(False)))
    yield "read-only", heard(PASS_TIME, GREETED[:-1] + b"\1") + heard(b"\xfd") + heard(b"\xfd")
    yield "watch-fires", hello + heard(WATCH_DATA) + heard(FORGET, reply(1) + event(3, "/a"))
    yield "watch-is-restored", hello + heard(WATCH_DATA) + heard(WATCH_RECURSIVE) + heard(GET, reply(1) + reply(2)) \
        + heard(CLOSED, GREETED) + heard(GET, event(3, "/a") + reply(-8)) + heard(b"\x0c", reply(4))
    yield "auth", hello + heard(AUTHENTICATE) + heard(GET, reply(-4)) + heard(AUTHENTICATE) + heard(GET, reply(-4, error=-115))
    yield "ping", hello + heard(b"\xfd") + heard(b"\xfd") + heard(GET, reply(-2))
    yield "out-of-order", hello + heard(GET) + heard(GET) + heard(GET, reply(2))
    yield "cancelled", hello + heard(GET) + heard(WATCH_DATA) + heard(b"\x0b") + heard(b"\x13", reply(1) + reply(2))
    yield "garbage", hello + heard(GET, b"HTTP/1.1 400 Bad Request\r\n\r\n")


# --- zookeeper: a snapshot, a log or a transaction as ZooKeeper keeps them ---------------------------------------------

def zookeeper_seeds():
    acl = int4(1) + int4(31) + ustring("world") + ustring("anyone")
    stat = int8(1) * 2 + int8(1700) * 2 + int4(0) * 3 + int8(0) + int8(1)
    nodes = ustring("") + buffer(b"") + int8(-1) + stat + ustring("/a") + buffer(b"x") + int8(1) + stat + ustring("/")
    snapshot = b"ZKSN" + int4(2) + int8(-1) + int4(1) + int8(7) + int4(4000) + int4(1) + int8(1) + acl + nodes
    sealed = snapshot + int8(zlib.adler32(snapshot)) + ustring("/")
    yield "snapshot", sealed
    with_digest = sealed + int8(1) + int4(2) + int8(99)
    yield "snapshot-digest", with_digest + int8(zlib.adler32(with_digest)) + ustring("/")
    yield "snapshot-snappy", b"\x82SNAPPY\0" + int4(1) * 2 + buffer(bytes([3, 8]) + b"abc")
    header = int8(7) + int4(1) + int8(1) + int8(1700)
    bodies = {"create": (1, ustring("/a") + buffer(b"x") + acl + boolean(True) + int4(1)), "delete": (2, ustring("/a")),
              "set-data": (5, ustring("/") + buffer(None) + int4(1)), "set-acl": (7, ustring("/") + acl + int4(1)),
              "container": (19, ustring("/c") + buffer(b"") + acl + int4(1)),
              "ttl": (21, ustring("/t") + buffer(b"") + acl + int4(1) + int8(1000)),
              "open-session": (-10, int4(4000)), "close-session": (-11, int4(1) + ustring("/a"))}
    bodies["multi"] = (14, int4(2) + b"".join(int4(kind) + buffer(bodies[name][1]) for name, kind in (("create", 1), ("delete", 2))))
    log = b"ZKLG" + int4(2) + int8(0)
    for name, (kind, body) in bodies.items():
        record = header + int4(kind) + body
        yield f"transaction-{name}", record
        log += int8(zlib.adler32(record)) + buffer(record) + b"B"
    yield "log", log + bytes(64)


def main():
    for target, seeds in (("client", client_seeds()), ("frame", frame_seeds()), ("request", request_seeds()),
                          ("transaction", transaction_seeds()), ("zookeeper", zookeeper_seeds())):
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds:
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
