"""The ZooKeeper wire protocol as a client sees it: jute, frames, requests, replies and watch events.

Nothing here judges an answer. A `Connection` writes what it is told and hands back every frame in the order of
arrival, decoded as far as its bytes allow; whatever does not decode is kept as raw bytes, so that a comparison of two
servers sees it. Values that differ between servers by nature (zxids, times, session ids) carry their own type, so that
the comparison knows what to normalise.
"""

import collections
import socket
import struct
import time

# --- opcodes, by the names that the protocol page uses -------------------------------------------------------------

OPCODES = {
    "create": 1,
    "delete": 2,
    "exists": 3,
    "getData": 4,
    "setData": 5,
    "getACL": 6,
    "setACL": 7,
    "getChildren": 8,
    "sync": 9,
    "ping": 11,
    "getChildren2": 12,
    "check": 13,
    "multi": 14,
    "create2": 15,
    "reconfig": 16,
    "checkWatches": 17,
    "removeWatches": 18,
    "createContainer": 19,
    "deleteContainer": 20,
    "createTTL": 21,
    "multiRead": 22,
    "auth": 100,
    "setWatches": 101,
    "sasl": 102,
    "getEphemerals": 103,
    "getAllChildrenNumber": 104,
    "setWatches2": 105,
    "addWatch": 106,
    "whoAmI": 107,
    "createSession": -10,
    "closeSession": -11,
}
OPERATIONS = {code: name for name, code in OPCODES.items()}

EVENT_TYPES = {1: "NodeCreated", 2: "NodeDeleted", 3: "NodeDataChanged", 4: "NodeChildrenChanged"}

XID_EVENT, XID_PING, XID_AUTH, XID_SET_WATCHES = -1, -2, -4, -8
FIXED_XIDS = {"ping": XID_PING, "auth": XID_AUTH, "setWatches": XID_SET_WATCHES, "setWatches2": XID_SET_WATCHES}

NO_PASSWORD = bytes(16)


class Zxid(int):
    """A transaction id: only its order and equality mean something."""


class Time(int):
    """Milliseconds of a server's wall clock."""


class SessionId(int):
    """An id that a server invented."""


class Truncated(ValueError):
    """A record ran past the end of its frame."""


# --- jute ----------------------------------------------------------------------------------------------------------


def int4(value):
    return struct.pack(">i", value)


def int8(value):
    return struct.pack(">q", value)


def boolean(value):
    return b"\x01" if value else b"\x00"


def buffer(value):
    return int4(-1) if value is None else int4(len(value)) + value


def ustring(value):
    """`value` may be bytes, to send what is not valid UTF-8."""
    return buffer(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)


def vector(values, encode):
    return int4(-1) if values is None else int4(len(values)) + b"".join(encode(value) for value in values)


def acl_entry(entry):
    perms, scheme, identity = entry
    return int4(perms) + ustring(scheme) + ustring(identity)


def frame(body):
    return int4(len(body)) + body


class Reader:
    """Decodes one frame from the front; `Truncated` when the bytes end early."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def take(self, size):
        if size < 0 or self.position + size > len(self.data):
            raise Truncated
        self.position += size
        return self.data[self.position - size : self.position]

    def int4(self):
        return struct.unpack(">i", self.take(4))[0]

    def int8(self):
        return struct.unpack(">q", self.take(8))[0]

    def boolean(self):
        return self.take(1)[0]

    def buffer(self):
        size = self.int4()
        return None if size == -1 else self.take(size)

    def ustring(self):
        data = self.buffer()
        return None if data is None else data.decode("utf-8", "backslashreplace")

    def vector(self, decode):
        count = self.int4()
        if count < 0:
            return None
        if count > len(self.data):
            raise Truncated
        return [decode() for _ in range(count)]

    def acl_entry(self):
        perms = self.int4()
        scheme = self.ustring()
        return [perms, scheme, self.ustring()]

    def stat(self):
        stat = {"czxid": Zxid(self.int8()), "mzxid": Zxid(self.int8())}
        stat["ctime"], stat["mtime"] = Time(self.int8()), Time(self.int8())
        stat["version"], stat["cversion"], stat["aversion"] = self.int4(), self.int4(), self.int4()
        stat["ephemeralOwner"] = SessionId(self.int8())
        stat["dataLength"], stat["numChildren"] = self.int4(), self.int4()
        stat["pzxid"] = Zxid(self.int8())
        return stat

    def rest(self):
        return self.take(len(self.data) - self.position)


# --- requests ------------------------------------------------------------------------------------------------------

OPEN_ACL = [(31, "world", "anyone")]


def _create(path, data=b"", acl=OPEN_ACL, flags=0):
    return ustring(path) + buffer(data) + vector(acl, acl_entry) + int4(flags)


def _paths(paths):
    return vector(paths, ustring)


def _multi(ops, done=True):
    body = b"".join(int4(OPCODES[op]) + boolean(False) + int4(-1) + encode_request(op, **fields) for op, fields in ops)
    return body + (int4(-1) + boolean(True) + int4(-1) if done else b"")


REQUESTS = {
    "create": _create,
    "create2": _create,
    "createContainer": lambda path, data=b"", acl=OPEN_ACL, flags=4: _create(path, data, acl, flags),
    "createTTL": lambda path, data=b"", acl=OPEN_ACL, flags=5, ttl=60000: _create(path, data, acl, flags) + int8(ttl),
    "delete": lambda path, version=-1: ustring(path) + int4(version),
    "exists": lambda path, watch=False: ustring(path) + boolean(watch),
    "getData": lambda path, watch=False: ustring(path) + boolean(watch),
    "setData": lambda path, data=b"", version=-1: ustring(path) + buffer(data) + int4(version),
    "getACL": lambda path: ustring(path),
    "setACL": lambda path, acl, version=-1: ustring(path) + vector(acl, acl_entry) + int4(version),
    "getChildren": lambda path, watch=False: ustring(path) + boolean(watch),
    "getChildren2": lambda path, watch=False: ustring(path) + boolean(watch),
    "sync": lambda path: ustring(path),
    "ping": lambda: b"",
    "check": lambda path, version=-1: ustring(path) + int4(version),
    "multi": _multi,
    "multiRead": _multi,
    "reconfig": lambda joining=None, leaving=None, members=None, config_id=-1: ustring(joining)
    + ustring(leaving)
    + ustring(members)
    + int8(config_id),
    "checkWatches": lambda path, type: ustring(path) + int4(type),
    "removeWatches": lambda path, type: ustring(path) + int4(type),
    "deleteContainer": lambda path: ustring(path),
    "auth": lambda scheme, auth, type=0: int4(type) + ustring(scheme) + buffer(auth),
    "setWatches": lambda relative, data=(), exist=(), child=(): int8(relative)
    + _paths(data)
    + _paths(exist)
    + _paths(child),
    "setWatches2": lambda relative, data=(), exist=(), child=(), persistent=(), recursive=(): int8(relative)
    + _paths(data)
    + _paths(exist)
    + _paths(child)
    + _paths(persistent)
    + _paths(recursive),
    "sasl": lambda token: buffer(token),
    "getEphemerals": lambda prefix: ustring(prefix),
    "getAllChildrenNumber": lambda path: ustring(path),
    "addWatch": lambda path, mode: ustring(path) + int4(mode),
    "whoAmI": lambda: b"",
    "createSession": lambda: b"",
    "closeSession": lambda: b"",
}


def encode_request(op, **fields):
    return REQUESTS[op](**fields)


def connect_request(timeout_ms, session_id=0, password=NO_PASSWORD, last_zxid=0, read_only=False, protocol_version=0):
    """`read_only=None` leaves the field out, as Go and Node clients do."""
    body = int4(protocol_version) + int8(last_zxid) + int4(timeout_ms) + int8(session_id) + buffer(password)
    return body if read_only is None else body + boolean(read_only)


# --- replies -------------------------------------------------------------------------------------------------------


def _path_and_stat(reader):
    return {"path": reader.ustring(), "stat": reader.stat()}


def _names(reader):
    """Children come in no particular order: they are sorted, here and nowhere else."""
    names = reader.vector(reader.ustring)
    return names if names is None else sorted(names)


def _multi_results(reader):
    results = []
    while True:
        op, done, err = reader.int4(), reader.boolean(), reader.int4()
        if done:
            return {"results": results, "terminator": [op, done, err]}
        result = {"type": op, "err": err}
        if op == -1:
            result["code"] = reader.int4()
        else:
            result.update(RESPONSES.get(OPERATIONS[op], lambda _: {})(reader))
        results.append(result)


RESPONSES = {
    "create": lambda r: {"path": r.ustring()},
    "create2": _path_and_stat,
    "createContainer": _path_and_stat,
    "createTTL": _path_and_stat,
    "exists": lambda r: {"stat": r.stat()},
    "getData": lambda r: {"data": r.buffer(), "stat": r.stat()},
    "setData": lambda r: {"stat": r.stat()},
    "getACL": lambda r: {"acl": r.vector(r.acl_entry), "stat": r.stat()},
    "setACL": lambda r: {"stat": r.stat()},
    "getChildren": lambda r: {"children": _names(r)},
    "getChildren2": lambda r: {"children": _names(r), "stat": r.stat()},
    "sync": lambda r: {"path": r.ustring()},
    "multi": _multi_results,
    "multiRead": _multi_results,
    "reconfig": lambda r: {"data": r.buffer(), "stat": r.stat()},
    "sasl": lambda r: {"token": r.buffer()},
    "getEphemerals": lambda r: {"paths": _names(r)},
    "getAllChildrenNumber": lambda r: {"count": r.int4()},
    "addWatch": lambda r: {"error": r.int4()},
    "whoAmI": lambda r: {"identities": sorted(r.vector(lambda: [r.ustring(), r.ustring()]))},
}


def decode_body(op, reader):
    """The record behind a reply header. Bytes that do not fit the record are shown, never dropped."""
    start = reader.position
    try:
        body = RESPONSES.get(op, lambda _: {})(reader)
    except (Truncated, KeyError, TypeError):
        return {"undecodable": reader.data[start:].hex()}
    rest = reader.rest()
    return dict(body, extra=rest.hex()) if rest else body


Message = collections.namedtuple("Message", "kind fields")
"""What arrived: kind is connected, reply, event, garbage, closed or silence; fields are in wire order."""


class Connection:
    """One TCP connection. Not thread safe. Never raises for what the peer does: that is a Message."""

    def __init__(self, address, timeout_s=10.0):
        self.timeout_s = timeout_s
        self.pending = []  # (xid, op) of requests that have no reply yet, oldest first
        self.buffer = b""
        self.is_closed = False  # the peer closed, or we did
        self.awaits_handshake = False
        self.next_xid = 1
        self.session_id, self.password, self.negotiated_ms = 0, NO_PASSWORD, 0
        try:
            self.socket = socket.create_connection(address, timeout=timeout_s)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.socket, self.is_closed = None, True

    # -- sending

    def send(self, data):
        try:
            if self.socket:
                self.socket.settimeout(self.timeout_s)
                self.socket.sendall(data)
        except OSError:
            pass  # the close itself is reported by receive(), after what the peer had still sent

    def send_handshake(self, trailing=b"", **fields):
        self.awaits_handshake = True
        self.send(frame(connect_request(**fields) + trailing))

    def encode(self, op, xid=None, raw=None, opcode=None, **fields):
        """The frame of a request, noted as pending. `raw` replaces the record, `opcode` the operation's number."""
        if xid is None:
            xid = FIXED_XIDS.get(op)
            if xid is None:
                xid, self.next_xid = self.next_xid, self.next_xid + 1
        body = encode_request(op, **fields) if raw is None else raw
        self.pending.append((XID_PING if op == "ping" else xid, op))
        return frame(int4(xid) + int4(OPCODES[op] if opcode is None else opcode) + body)

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except (OSError, AttributeError):
            pass

    def close(self):
        self.is_closed = True
        if self.socket:
            self.socket.close()
            self.socket = None

    # -- receiving

    def _fill(self, deadline):
        """Reads more bytes; 'data', 'closed' or 'silence'."""
        if not self.socket:
            return "closed"
        try:
            # What is there is taken also when there is no time left.
            self.socket.settimeout(max(0.0, deadline - time.monotonic()))
            data = self.socket.recv(1 << 20)
        except (socket.timeout, BlockingIOError):
            return "silence"
        except OSError:
            data = b""
        if not data:
            self.close()
            return "closed"
        self.buffer += data
        return "data"

    def receive(self, timeout_s=None):
        """The next message, or silence after `timeout_s`."""
        deadline = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack(">i", self.buffer[:4])[0]
                if size < 0:
                    data, self.buffer = self.buffer, b""
                    return Message("garbage", {"bytes": data.hex()})
                if len(self.buffer) >= 4 + size:
                    body, self.buffer = self.buffer[4 : 4 + size], self.buffer[4 + size :]
                    return self._decode(body)
            outcome = self._fill(deadline)
            if outcome == "closed" and self.buffer:
                data, self.buffer = self.buffer, b""
                return Message("garbage", {"bytes": data.hex()})
            if outcome != "data":
                return Message(outcome, {})

    def receive_text(self):
        """Everything until the peer closes: the answer to a four-letter word. None when it does not close."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            outcome = self._fill(deadline)
            if outcome == "closed":
                text, self.buffer = self.buffer, b""
                return text
            if outcome == "silence":
                return None

    def _decode(self, body):
        reader = Reader(body)
        try:
            if self.awaits_handshake:
                self.awaits_handshake = False
                return self._decode_handshake(reader)
            xid, zxid, err = reader.int4(), Zxid(reader.int8()), reader.int4()
        except Truncated:
            return Message("garbage", {"bytes": body.hex()})
        if xid == XID_EVENT and not any(pending == xid for pending, _ in self.pending):
            return self._decode_event(zxid, err, reader)
        return self._decode_reply(xid, zxid, err, reader)

    def _decode_handshake(self, reader):
        size = len(reader.data)
        fields = {
            "protocolVersion": reader.int4(),
            "timeOut": reader.int4(),
            "sessionId": SessionId(reader.int8()),
            "passwd": reader.buffer(),
            "readOnly": reader.boolean() if size > 36 else None,
            "size": size,
        }
        self.session_id, self.password = int(fields["sessionId"]), fields["passwd"]
        self.negotiated_ms = fields["timeOut"]
        return Message("connected", fields)

    @staticmethod
    def _decode_event(zxid, err, reader):
        try:
            kind, state, path = reader.int4(), reader.int4(), reader.ustring()
        except Truncated:
            return Message("garbage", {"bytes": reader.data.hex()})
        fields = {"zxid": zxid, "err": err, "type": EVENT_TYPES.get(kind, kind), "state": state, "path": path}
        rest = reader.rest()
        return Message("event", dict(fields, extra=rest.hex()) if rest else fields)

    def _decode_reply(self, xid, zxid, err, reader):
        """Replies are matched to the oldest pending request of that xid; their order is the caller's to compare."""
        index = next((i for i, (pending, _) in enumerate(self.pending) if pending == xid), None)
        if index is None:
            return Message("garbage", {"unexpected xid": xid, "zxid": zxid, "err": err, "bytes": reader.rest().hex()})
        _, op = self.pending.pop(index)
        fields = {"op": op, "xid": xid, "zxid": zxid, "err": err}
        if err == 0:
            fields.update(decode_body(op, reader))
        else:
            rest = reader.rest()
            if rest:
                fields["extra"] = rest.hex()
        return Message("reply", fields)
