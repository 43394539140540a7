"""Section 1: jute and frames. A bad record costs the request, a bad frame costs the connection."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL, acl_entry, boolean, buffer, connect_request, frame, int4, int8, ustring, vector

FRAME_SIZE_MAX = 0xFFFFF
ACL = vector(OPEN_ACL, acl_entry)

# -- buffers and strings

case(
    "null data and empty data are different and both survive",
    create("~/null", None),
    get("~/null").returns(data=None),
    create("~/empty", b""),
    get("~/empty").returns(data=b""),
    set_data("~/empty", None),
    get("~/empty").returns(data=None),
    set_data("~/null", b""),
    get("~/null").returns(data=b"", stat__dataLength=0),
)

case("data may hold any bytes", create("~/x", bytes(range(256))), get("~/x").returns(data=bytes(range(256))))

case(
    "a path in UTF-8 is kept",
    create("~/zażółć-日本", b"d").returns(path="~/zażółć-日本"),
    get("~/zażółć-日本").returns(data=b"d"),
    children("~").returns(children=["zażółć-日本"]),
)

for size in (-2, -2147483648, 0x7FFFFFFF, 100, 0x100000, 0x200000):
    case(
        f"a path length of {size} fails the request and not the connection",
        Request("getData").with_record(int4(size) + b"/x" + boolean(0)).fails(-5),
        ping(),
        get("~"),
    )

for size in (-2, 0x7FFFFFFF, 64):
    case(
        f"a data length of {size} in create fails the request and not the connection",
        Request("create").with_record(ustring("/enc") + int4(size) + b"data").fails(-5),
        get("~"),
    )
    case(
        f"a data length of {size} in setData fails the request and not the connection",
        Request("setData").with_record(ustring("/enc") + int4(size) + b"data").fails(-5),
        get("~"),
    )

for count in (0x7FFFFFFF, 1000000, 2):
    case(
        f"an ACL count of {count} without so many entries fails the request",
        Request("create").with_record(ustring("/enc") + buffer(b"") + int4(count) + acl_entry(OPEN_ACL[0])).fails(-5),
        get("~"),
    )

for count in (0, -1, -5, -2147483648):
    case(
        f"an ACL count of {count} is an empty list",
        Request("create").with_record(ustring("/enc") + buffer(b"") + int4(count) + int4(0)).fails(-114),
        get("~"),
    )

for op in (
    "getData",
    "exists",
    "create",
    "delete",
    "getACL",
    "getChildren",
    "getChildren2",
    "create2",
    "createContainer",
    "getAllChildrenNumber",
):
    case(f"a null path in {op} is a marshalling error", Request(op, path=None).fails(-5), ping())
case("a null path in setData", Request("setData", path=None).fails(-8), ping())
case("a null path in setACL", Request("setACL", path=None, acl=OPEN_ACL).fails(-8), ping())
case("a null path in addWatch", add_watch(None, 0), ping())
case("a null path in recursive addWatch", add_watch(None, 1), ping())
case("a null path in removeWatches", remove_watches(None, 3).fails(-121), ping())
case("a null path in checkWatches", check_watches(None, 3).fails(-5), ping())
case("a null prefix in getEphemerals is everything", create("~/e", flags=1), ephemerals(None).returns(paths=["~/e"]))

case("sync echoes a null path", sync(None).returns(path=None))
case("sync echoes a path that no node could have", sync("//no/such node/").returns(path="//no/such node/"))

for op, record in (
    ("create", ustring("/enc") + buffer(b"") + ACL),
    ("create2", ustring("/enc")),
    ("delete", ustring("/enc")),
    ("exists", ustring("/enc")),
    ("getData", b""),
    ("setData", ustring("/enc") + buffer(b"")),
    ("getACL", int4(4) + b"/en"),
    ("setACL", ustring("/enc")),
    ("getChildren", ustring("/enc")),
    ("getChildren2", b"\0\0"),
    ("sync", b""),
    ("check", ustring("/enc")),
    ("setWatches", int8(0)),
    ("setWatches2", int8(0) + int4(0) * 4),
    ("addWatch", ustring("/enc")),
    ("removeWatches", ustring("/enc")),
    ("checkWatches", b""),
    ("getEphemerals", b""),
    ("getAllChildrenNumber", b"\0"),
    ("createContainer", ustring("/enc") + buffer(b"")),
    ("createTTL", ustring("/enc") + buffer(b"") + ACL + int4(5)),
    ("multi", b""),
    ("multi", int4(1)),
    ("multiRead", int4(4) + b"\0"),
):
    case(
        f"a {op} record of {len(record)} bytes that ends too early is a marshalling error",
        Request(op).with_record(record).fails(-5),
        ping(),
    )

for op, record in (
    ("create", ustring("/encoding-trailing") + buffer(b"d") + ACL + int4(0)),
    ("exists", ustring("/zookeeper") + boolean(0)),
    ("ping", b""),
    ("sync", ustring("/x")),
    ("getACL", ustring("/zookeeper")),
    ("whoAmI", b""),
):
    case(
        f"bytes behind the record of {op} are ignored",
        Request(op).with_record(record + b"trailing bytes"),
        Request("delete", path="/encoding-trailing") if op == "create" else ping(),
    )

case(
    "a boolean other than zero is true",
    create("~/x"),
    Request("getData").with_record(lambda run: ustring(run.resolve("~/x")) + b"\x07"),
    set_data("~/x", b"1").sees("NodeDataChanged ~/x"),
)

for name, data in (
    ("a lone continuation byte", b"/enc\x80"),
    ("an overlong slash", b"/enc\xc0\xaf"),
    ("a cut sequence", b"/enc\xe6\x97"),
    ("a surrogate", b"/enc\xed\xa0\x80"),
    ("the byte ff", b"/enc\xff"),
):
    case(f"{name} in the path of create is a bad argument", create(data).fails(-8), ping())
    case(f"{name} in the path of a read is no node", get(data).fails(-101), ping())

# -- frames

case(
    "one byte at a time is enough",
    open_socket().by("slow"),
    send(*[bytes([byte]) for byte in frame(connect_request(10000))]).by("slow"),
    expects_handshake_reply().by("slow"),
    get("~").slowly().by("slow"),
    create("~/x").slowly().by("slow"),
)

case(
    "frames that arrive in one segment are answered in order",
    pipeline(
        create("~/x"),
        set_data("~/x", b"1"),
        get("~/x").returns(data=b"1"),
        exists("~/y").fails(-101),
        ping(),
        children("~").returns(children=["x"]),
    ),
)

for size in (-1, -2147483648, FRAME_SIZE_MAX + 1, 0x7FFFFFFF):
    case(f"a frame length of {size} in a session closes the connection", ping(), send(int4(size) + b"abcd"), closes())
    case(f"a first frame length of {size} closes the connection", open_socket(), send(int4(size) + b"abcd"), closes())

for size in (0, 4):
    case(f"a frame of {size} bytes in a session closes the connection", ping(), send(frame(bytes(size))), closes())

for size in (0, 4, 20, 27):
    case(f"a first frame of {size} bytes closes the connection", open_socket(), send(frame(bytes(size))), closes())

case(
    "a connect request with bytes behind readOnly is accepted",
    open_socket(),
    send(frame(connect_request(10000) + b"more")),
    expects_handshake_reply(),
    ping(),
)


def filling(path, frame_size):
    """A create whose frame has exactly this size."""
    return lambda run: bytes(frame_size - 8 - len(ustring(run.resolve(path))) - 4 - len(ACL) - 4)


case("a frame of exactly jute.maxbuffer is accepted", create("~/x", filling("~/x", FRAME_SIZE_MAX)), exists("~/x"))
case(
    "a frame one byte over jute.maxbuffer closes the connection",
    create("~/x", filling("~/x", FRAME_SIZE_MAX + 1)).closes_without_reply(),
    exists("~/x").by("b").fails(-101),
)
case("the largest node is read back whole", create("~/x", filling("~/x", FRAME_SIZE_MAX)), get("~/x"))

for name, data in (
    ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
    ("an unknown word", b"xyzw"),
    ("an upper case word", b"RUOK"),
):
    case(f"{name} on the client port is closed without a byte", open_socket(), send(data), closes())

case("a four-letter word inside a session is an over-long length", ping(), send(b"ruok"), closes())
case(
    "a four-letter word behind bytes of a frame is a length",
    open_socket(),
    send(b"\0\0ru", b"ok"),
    half_close(),
    closes(),
)
case("a load balancer that connects and closes is no harm", open_socket().by("probe"), drop().by("probe"), ping())
case("a half closed connection is closed", ping(), half_close(), closes())
case(
    "requests before a half close are not lost",
    open_socket().by("n"),
    send(frame(connect_request(10000))).by("n"),
    expects_handshake_reply().by("n"),
    create("~/x").by("n"),
    half_close().by("n"),
    closes().by("n"),
    exists("~/x"),
)
