"""Section 3: xids are echoed, replies keep the order of requests, and zxids say which state was seen."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL

for xid in (0, 1, -3, -7, 2147483647, -2147483648):
    case(f"the xid {xid} is echoed", create("~/x").with_xid(xid), get("~/x").with_xid(xid))
case(
    "a repeated xid is echoed each time",
    exists("~").with_xid(5),
    exists("~/no").with_xid(5).fails(-101),
    create("~/x").with_xid(5),
)
case("an ordinary request may have the xid of events", exists("~").with_xid(-1))
case("an ordinary request may have the xid of auth", exists("~").with_xid(-4))
case("a ping is answered with xid -2 whatever it had", ping().with_xid(99), ping().with_xid(0), ping().with_xid(-2))
case("auth echoes an ordinary xid", auth("digest", b"bob:pw").with_xid(12))
case("setWatches echoes an ordinary xid", set_watches(0).with_xid(13), set_watches2(0).with_xid(14))

case(
    "reads see the writes before them in one pipeline",
    pipeline(
        create("~/x"),
        exists("~/x"),
        create("~/y"),
        exists("~/y"),
        delete("~/x"),
        exists("~/x").fails(-101),
        set_data("~/y", b"1"),
        get("~/y").returns(data=b"1"),
        children("~").returns(children=["y"]),
    ),
)
case(
    "pings keep their place in the order", pipeline(create("~/x"), ping(), get("~/x"), ping(), set_data("~/x"), ping())
)
case(
    "a sync keeps its place in the order", pipeline(create("~/x"), sync("~/x"), get("~/x"), set_data("~/x"), sync("/"))
)
case(
    "failures keep their place in the order",
    pipeline(
        create("~/x"),
        create("~/x").fails(-110),
        get("~/no").fails(-101),
        set_data("~/x", b"", 9).fails(-103),
        set_data("~/x", b"1", 0),
        delete("~/x", 0).fails(-103),
        delete("~/x", 1),
    ),
)
case("a hundred writes in one pipeline", pipeline(*[create("~/s-", flags=2) for _ in range(100)]), children("~"))
case("a hundred reads in one pipeline", create("~/x"), pipeline(*[get("~/x") for _ in range(100)]))
case(
    "an event comes before the reply to the write that caused it",
    create("~/x"),
    get("~/x", watch=True),
    set_data("~/x", b"1").sees("NodeDataChanged ~/x"),
)
case(
    "an event comes before any read that shows the new state",
    create("~/x"),
    get("~/x", watch=True),
    set_data("~/x", b"1").by("b"),
    get("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "events in a pipeline come right before the reply of their own write",
    create("~/x"),
    get("~/x", watch=True),
    pipeline(get("~/x"), set_data("~/x", b"1"), get("~/x", watch=True), get("~/x"), set_data("~/x", b"2"), ping()).sees(
        "NodeDataChanged ~/x", "NodeDataChanged ~/x"
    ),
)
case(
    "events come in the order of transactions",
    add_watch("~", 1),
    create("~/1").by("b"),
    set_data("~/1").by("c"),
    create("~/2").by("b"),
    delete("~/1").by("c"),
    events("NodeCreated ~/1", "NodeDataChanged ~/1", "NodeCreated ~/2", "NodeDeleted ~/1"),
)

# -- 3.3 which zxid a reply carries

case("a write carries its own zxid", create2("~/x"), set_data("~/x"), set_acl("~/x", OPEN_ACL), get("~/x"))
case(
    "a failed write takes a zxid of its own",
    create("~/x"),
    create("~/x").fails(-110),
    ping(),
    delete("~/no").fails(-101),
    ping(),
    set_data("~/no").fails(-101),
    ping(),
    set_acl("~/no", OPEN_ACL).fails(-101),
    ping(),
    delete("~/x", 7).fails(-103),
    ping(),
    create("~/y", acl=[]).fails(-114),
    ping(),
    create("~/x/").fails(-8),
    ping(),
    exists("~/x"),
)
case(
    "a write that does not decode takes a zxid",
    create("~/x"),
    Request("create").with_record(b"\0").fails(-5),
    ping(),
    Request("setData").with_record(b"").fails(-5),
    ping(),
    Request("multi").with_record(b"").fails(-5),
    ping(),
)
case(
    "a failed multi takes one zxid",
    create("~/x"),
    multi(create("~/y"), create("~/x")).results(0, -110),
    ping(),
    multi(create("~/y"), create("~/z")),
    ping(),
)
case(
    "reads of all kinds carry the last zxid applied",
    create("~/x"),
    create("~/y").by("b"),
    get("~/x"),
    exists("~/no").fails(-101),
    get_acl("~/x"),
    children("~"),
    ping(),
    sync("~"),
    set_watches(1 << 40),
    add_watch("~/x", 0),
    remove_watches("~/x", 3),
    check_watches("~/x", 3).fails(-121),
    who_am_i(),
    ephemerals("/"),
    count_all("~"),
    multi_read(get("~/x")),
    get("~/no").fails(-101),
)
case(
    "reads do not use up zxids",
    create("~/x"),
    get("~/x"),
    exists("~/x"),
    sync("~/x"),
    ping(),
    create("~/y"),
    Request("getChildren2", path="~"),
)
case("auth carries zxid zero", create("~/x"), auth("digest", b"a:b"), create("~/y"))
case(
    "an unknown opcode carries zxid -1 and closes the connection",
    create("~/x"),
    unknown_opcode(4711).fails(-6).then_closes(),
    exists("~/x").by("b"),
)
for code in (-1, 0, 10, 23, 99, 108, -2, -12, 0x7FFFFFFF, -2147483648):
    case(f"the opcode {code} is unknown", unknown_opcode(code).fails(-6).then_closes())
case(
    "a pipeline before an unknown opcode is answered",
    pipeline(create("~/x"), get("~/x")),
    unknown_opcode(4711).fails(-6).then_closes(),
    exists("~/x").by("b"),
)
case(
    "creating and closing a session take a zxid each",
    create("~/1"),
    ping().by("b"),
    create("~/2"),
    close_session().by("b"),
    create("~/3"),
    children("~"),
    Request("getChildren2", path="~"),
)
case("closeSession carries its own zxid", create("~/x"), ping().by("b"), close_session().by("b"), ping())
case(
    "the zxid of a write is what every connection sees afterwards",
    create("~/x"),
    remember("x"),
    ping().by("b"),
    ping().by("c"),
    set_data("~/x"),
    ping().by("b"),
    ping().by("c"),
)
