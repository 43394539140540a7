"""Section 4.2, delete, setData, check, and the order of their checks (5.2)."""

from scenario import *  # the vocabulary of cases

READ_ONLY = [(1, "world", "anyone")]
ALL_BUT_DELETE = [(23, "world", "anyone")]
NO_WRITE = [(1 | 4 | 8, "world", "anyone")]

# -- delete

case("delete removes a node", create("~/x"), delete("~/x"), exists("~/x").fails(-101), delete("~/x").fails(-101))
case("delete with the right version", create("~/x"), set_data("~/x"), delete("~/x", 1))
case("delete with a wrong version", create("~/x"), delete("~/x", 1).fails(-103), exists("~/x"))
case(
    "any negative version but -1 is taken literally",
    create("~/x"),
    delete("~/x", -2).fails(-103),
    set_data("~/x", b"", -2).fails(-103),
    set_acl("~/x", READ_ONLY, -2).fails(-103),
    delete("~/x", -2147483648).fails(-103),
)
case("delete of a node with children", create("~/p"), create("~/p/c"), delete("~/p").fails(-111), exists("~/p/c"))
case("a wrong version wins over children", create("~/p"), create("~/p/c"), delete("~/p", 5).fails(-103))
case("a missing node wins over its version", delete("~/no", 5).fails(-101))
case("delete below a missing parent", delete("~/no/x").fails(-101))
case(
    "delete needs DELETE on the parent",
    create("~/p", acl=ALL_BUT_DELETE),
    create("~/p/x"),
    delete("~/p/x").fails(-102),
    delete("~/p/no").fails(-102),
    delete("~/p/x", 9).fails(-102),
)
case("delete needs nothing on the node", create("~/p"), create("~/p/x", acl=[(0, "world", "anyone")]), delete("~/p/x"))
for path in ("/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"):
    case(f"delete of {path} is a bad argument", delete(path).fails(-8), delete(path, 99).fails(-8), exists(path))
case("delete of a path without a slash", delete("x").fails(-8), delete("").fails(-8))
case("delete of a path with a NUL", delete("~/a\0b").fails(-8))
case(
    "delete of odd paths is no node",
    delete("//x").fails(-101),
    delete("~/").fails(-101),
    delete("~/./x").fails(-101),
    delete("~/a//b").fails(-101),
    delete("~/\x01").fails(-101),
)
case(
    "a node deleted and created again is a new one",
    create2("~/x", b"1"),
    set_data("~/x", b"2"),
    delete("~/x"),
    create2("~/x", b"3").returns(stat__version=0),
    exists("~"),
)

# -- setData

case(
    "setData answers the new stat",
    create("~/x", b"old"),
    set_data("~/x", b"new data").returns(stat__version=1),
    get("~/x").returns(data=b"new data", stat__dataLength=8),
)
case(
    "setData with equal data is a change",
    create("~/x", b"same"),
    set_data("~/x", b"same").returns(stat__version=1),
    set_data("~/x", b"same").returns(stat__version=2),
)
case(
    "setData with the right version",
    create("~/x"),
    set_data("~/x", b"1", 0),
    set_data("~/x", b"2", 1),
    set_data("~/x", b"3", -1),
    set_data("~/x", b"4", 3),
)
case(
    "setData with a wrong version",
    create("~/x"),
    set_data("~/x", b"1", 1).fails(-103),
    get("~/x").returns(data=b"", stat__version=0),
)
case("setData of a missing node", set_data("~/no").fails(-101), set_data("~/no", b"", 7).fails(-101))
case(
    "setData needs WRITE", create("~/x", acl=NO_WRITE), set_data("~/x").fails(-102), set_data("~/x", b"", 9).fails(-102)
)
case(
    "setData on the root",
    Request("setData", path="/", data=b"root"),
    get("/").returns(data=b"root"),
    set_data("/", b""),
    get("/").returns(data=b""),
)
case(
    "setData on a bad path",
    set_data("x").fails(-8),
    set_data("").fails(-8),
    set_data("~/").fails(-8),
    set_data("~//x").fails(-8),
    set_data("~/./x").fails(-8),
    set_data("~/..").fails(-8),
    set_data("~/\x07").fails(-8),
)
case(
    "setData does not touch the parent",
    create("~/p"),
    create("~/p/x"),
    exists("~/p"),
    set_data("~/p/x", b"1"),
    exists("~/p").returns(stat__cversion=1),
)
case("setData of an ephemeral by another session", create("~/e", flags=1), set_data("~/e", b"b").by("b"), get("~/e"))
case("big data", create("~/x", b"x" * 500000), get("~/x"), set_data("~/x", b"y" * 700000), get("~/x"))

# -- check

case("check in a multi passes", create("~/x"), multi(check("~/x", 0)), multi(check("~/x", -1)))
case("check in a multi with a wrong version", create("~/x"), multi(check("~/x", 3)).results(-103))
case("check in a multi of a missing node", multi(check("~/no", 0)).results(-101))
case("check in a multi of a bad path", multi(check("x", 0)).results(-8), multi(check("~/", 0)).results(-8))
case(
    "check in a multi needs READ",
    create("~/x", acl=[(30, "world", "anyone")]),
    multi(check("~/x", 0)).results(-102),
    multi(check("~/x", 9)).results(-102),
)
case(
    "a check on its own answers its errors",
    create("~/x"),
    check("~/x", 9).fails(-103),
    check("~/no").fails(-101),
    check("bad").fails(-8),
    check("~/x/").fails(-8),
    ping(),
)
case(
    "a check on its own that succeeds",
    create("~/x"),
    check("~/x", 0).or_is_silent().differs("top-level-check"),
    exists("~/x").by("b"),
)
