"""Reads just enough of the transaction log's files (docs/formats/log.md) to damage them where it matters."""

import collections
import os
import struct

HEAD_SIZE, HEAD_COPIES = 4096, 2
BATCHES_OFFSET = HEAD_SIZE * HEAD_COPIES
SEAL_SIZE = 512
SEAL_OFFSET = BATCHES_OFFSET - SEAL_SIZE
BATCH_HEADER_SIZE = 72

Batch = collections.namedtuple("Batch", "path offset sequence body_size size")


def crc32c(data):
    value = 0xffffffff
    for octet in data:
        value = CRC_TABLE[(value ^ octet) & 0xff] ^ (value >> 8)
    return value ^ 0xffffffff


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82f63b78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = _crc_table()


def segments(node):
    """Paths of the segment files, oldest first."""
    return [os.path.join(node.log_directory, name) for name in sorted(os.listdir(node.log_directory))
            if name.startswith("log.0")]


def batches(path):
    """The batches of a segment, in order."""
    with open(path, "rb") as file:
        content = file.read()
    block_size, = struct.unpack_from("<I", content, 96)
    found, offset = [], BATCHES_OFFSET
    while content[offset:offset + 4] == b"CLB1":
        sequence, body_size = struct.unpack_from("<QI", content, offset + 16)
        size = (BATCH_HEADER_SIZE + body_size + block_size - 1) // block_size * block_size
        found.append(Batch(path, offset, sequence, body_size, size))
        offset += size
    return found


def end_of(path):
    """Where the next batch would begin."""
    last = batches(path)[-1]
    return last.offset + last.size


def flip(path, offset):
    """Turns one bit around."""
    with open(path, "r+b") as file:
        file.seek(offset)
        octet = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([octet ^ 0x10]))


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def torn_batch(path):
    """Octets of a batch that would follow the last one of `path`, whose header reached the disk and whose body did not."""
    last = batches(path)[-1]
    with open(path, "rb") as file:
        file.seek(last.offset)
        header = bytearray(file.read(BATCH_HEADER_SIZE))
    struct.pack_into("<QI", header, 16, last.sequence + 1, 3000)
    struct.pack_into("<I", header, 28, 1)
    struct.pack_into("<I", header, 64, 0x12345678)
    struct.pack_into("<I", header, 68, crc32c(header[:68]))
    return bytes(header) + b"half of a body".ljust(500, b"x")


def make_newer(path, copies=1):
    """Gives a file with a version at offset 8, and a checksum of what stands before it at 12, the next version."""
    with open(path, "r+b") as file:
        for copy in range(copies):
            file.seek(copy * HEAD_SIZE)
            preamble = bytearray(file.read(12))
            struct.pack_into("<I", preamble, 8, struct.unpack_from("<I", preamble, 8)[0] + 1)
            file.seek(copy * HEAD_SIZE)
            file.write(bytes(preamble) + struct.pack("<I", crc32c(preamble)))
