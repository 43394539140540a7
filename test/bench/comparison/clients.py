"""Small asynchronous clients: a session of the ZooKeeper protocol, and etcd through its JSON gateway. For the measurements
that need few requests but must live through the loss of a server; the load comes from conclave-bench."""

import asyncio
import base64
import json
import struct

LOOPBACK = "127.0.0.1"
SESSION_TIMEOUT_MS = 30_000
CREATE, GET_DATA, SET_DATA = 1, 4, 5
NODE_EXISTS = -110


class Refused(OSError):
    """The server answered, but not with what was asked for."""


def text_field(text):
    octets = text.encode()
    return struct.pack(">i", len(octets)) + octets


class ZooKeeperSession:
    """One new session on one server. Whatever goes wrong is an OSError."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.xid = 0

    @classmethod
    async def open(cls, port):
        session = cls(*await asyncio.open_connection(LOOPBACK, port))
        try:
            session.send(struct.pack(">iqiqi16s?", 0, 0, SESSION_TIMEOUT_MS, 0, 16, bytes(16), False))
            granted_ms, identity = struct.unpack_from(">iq", await session.frame(), 4)
            if granted_ms <= 0 or identity == 0:
                raise Refused("no session")
        except BaseException:
            session.close()
            raise
        return session

    def send(self, payload):
        self.writer.write(struct.pack(">i", len(payload)) + payload)

    async def frame(self):
        try:
            size, = struct.unpack(">i", await self.reader.readexactly(4))
            return await self.reader.readexactly(size)
        except asyncio.IncompleteReadError as ended:
            raise ConnectionResetError("closed by the server") from ended

    async def call(self, operation, body):
        self.xid += 1
        self.send(struct.pack(">ii", self.xid, operation) + body)
        reply = await self.frame()
        xid, _, error = struct.unpack_from(">iqi", reply)
        if xid != self.xid:
            raise Refused(f"reply {xid} instead of {self.xid}")
        return error, reply[16:]

    async def create(self, path):
        acl = struct.pack(">ii", 1, 31) + text_field("world") + text_field("anyone")
        error, _ = await self.call(CREATE, text_field(path) + struct.pack(">i", 0) + acl + struct.pack(">i", 0))
        if error not in (0, NODE_EXISTS):
            raise Refused(f"create: {error}")

    async def write(self, key, value):
        error, _ = await self.call(SET_DATA, text_field(key) + struct.pack(">i", len(value)) + value + struct.pack(">i", -1))
        if error:
            raise Refused(f"setData: {error}")

    async def read(self, key):
        error, body = await self.call(GET_DATA, text_field(key) + b"\0")
        if error:
            raise Refused(f"getData: {error}")
        size, = struct.unpack_from(">i", body)
        return body[4:4 + max(size, 0)]

    def close(self):
        self.writer.close()


class EtcdGateway:
    """HTTP/1.1 with keep-alive. Whatever goes wrong is an OSError."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.open_connection(LOOPBACK, port))

    async def call(self, path, fields):
        body = json.dumps(fields).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        try:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            answer = json.loads(await self.reader.readexactly(int(headers["content-length"])))
        except (asyncio.IncompleteReadError, KeyError) as ended:
            raise ConnectionResetError("not a whole answer") from ended
        if " 200 " not in lines[0]:
            raise Refused(str(answer))
        return answer

    async def create(self, key):
        await self.write(key, b"")

    async def write(self, key, value):
        await self.call("/v3/kv/put", {
            "key": base64.b64encode(key.encode()).decode(), "value": base64.b64encode(value).decode()})

    async def read(self, key):
        answer = await self.call("/v3/kv/range", {"key": base64.b64encode(key.encode()).decode()})
        found = answer.get("kvs", [])
        if not found:
            raise Refused(f"no {key}")
        return base64.b64decode(found[0].get("value", ""))

    def close(self):
        self.writer.close()
