"""Section 4.2, create in its four forms: flags, kinds of node, names, and the order of checks of section 5.2."""

from scenario import *  # the vocabulary of cases

CLOSED_ACL = [(1, "world", "anyone")]

# -- kinds of node

case(
    "create makes a persistent node with the given data",
    create("~/x", b"data").returns(path="~/x"),
    get("~/x").returns(data=b"data", stat__version=0, stat__ephemeralOwner=0, stat__dataLength=4),
    exists("~"),
)
case(
    "create2 answers the path and the stat",
    create2("~/x", b"data").returns(path="~/x", stat__dataLength=4),
    exists("~/x"),
)
case(
    "an ephemeral belongs to its session",
    create2("~/e", flags=1).returns(stat__ephemeralOwner=session_of("a")),
    get("~/e").by("b"),
)
case(
    "a sequential node takes the counter of its parent",
    create("~/s-", flags=2).returns(path="~/s-0000000000"),
    create("~/s-", flags=2).returns(path="~/s-0000000001"),
    create("~/t", flags=2).returns(path="~/t0000000002"),
    create2("~/", flags=2).returns(path="~/0000000003"),
    children2("~"),
)
case(
    "an ephemeral sequential node is both",
    create2("~/e-", flags=3).returns(path="~/e-0000000000", stat__ephemeralOwner=session_of("a")),
    ephemerals("/").returns(paths=["~/e-0000000000"]),
)
case(
    "flag 4 of create makes a plain persistent node",
    create("~/c", flags=4),
    create("~/c/x"),
    delete("~/c/x"),
    create2("~/c2", flags=4),
    exists("~/c"),
    exists("~/c2"),
)
case(
    "createContainer makes a container that shows no owner",
    create_container("~/c").returns(path="~/c", stat__ephemeralOwner=0),
    create("~/c/x"),
    delete("~/c/x"),
    exists("~/c"),
)
case(
    "createContainer ignores the ephemeral flag",
    create_container("~/c", flags=1).returns(stat__ephemeralOwner=0),
    create("~/c/child"),
    ephemerals("/").returns(paths=[]),
)
case(
    "createContainer honours the sequential flag",
    create_container("~/c-", flags=2).returns(path="~/c-0000000000"),
    create_container("~/c-", flags=3).returns(path="~/c-0000000001", stat__ephemeralOwner=0),
)
case("createContainer with flag 0", create_container("~/c", flags=0))
case(
    "the counter counts creates only",
    create("~/a"),
    create("~/b"),
    delete("~/a"),
    create("~/b").fails(-110),
    create("~/s", flags=2).returns(path="~/s0000000002"),
)
case(
    "the counter counts ephemerals and containers as well",
    create("~/e", flags=1),
    create_container("~/c"),
    create("~/s", flags=2).returns(path="~/s0000000002"),
)
case(
    "a recreated parent counts from zero",
    create("~/p"),
    create("~/p/s", flags=2),
    create("~/p/s", flags=2),
    delete("~/p/s0000000000"),
    delete("~/p/s0000000001"),
    delete("~/p"),
    create("~/p"),
    create("~/p/s", flags=2).returns(path="~/p/s0000000000"),
)
case(
    "a sequential name ends in a slash and is still valid with its number",
    create("~/a", b""),
    create("~/a/", flags=2).returns(path="~/a/0000000000"),
)
case(
    "two sessions share one counter",
    create("~/s", flags=2),
    create("~/s", flags=3).by("b").returns(path="~/s0000000001"),
    create("~/s", flags=2),
)
case(
    "a path of many components",
    *[create("~" + "/x" * depth) for depth in range(1, 30)],
    count_all("~").returns(count=29),
)
case("a very long name", create("~/" + "n" * 5000, b"d"), get("~/" + "n" * 5000).returns(data=b"d"), children("~"))
case("a parent of many children", *[create(f"~/{index}") for index in range(60)], children2("~"), count_all("~"))
case(
    "names that sort strangely",
    *[create("~/" + name) for name in ("b", "a", "B", "ab", "a!", "_", "10", "9", "é", "~")],
    children("~"),
)

# -- failures and their order

for flags in (-1, 7, 8, 100, -2147483648):
    case(
        f"create with the flags {flags} is a bad argument",
        create("~/x", flags=flags).fails(-8),
        create2("~/x", flags=flags).fails(-8),
        create_container("~/x", flags=flags).fails(-8),
    )
for flags in (5, 6):
    case(
        f"create with the TTL flags {flags} is unimplemented without extended types",
        create("~/x", flags=flags).fails(-6),
        create2("~/x", flags=flags).fails(-6),
        create_container("~/x", flags=flags).fails(-6),
    )
case(
    "createTTL is unimplemented without extended types",
    create_ttl("~/x").fails(-6),
    create_ttl("~/x", flags=6).fails(-6),
    create_ttl("~/x", ttl=0).fails(-6),
    create_ttl("~/x", flags=77).fails(-8),
)
case("createTTL in a multi is unimplemented without extended types", multi(create_ttl("~/x")).results(-6))

case("create of an existing node", create("~/x"), create("~/x", b"other").fails(-110), get("~/x").returns(data=b""))
case("create of the root", create("/").fails(-110), create("/", flags=1).fails(-110))
case("create below a missing parent", create("~/no/x").fails(-101), create("~/no/x", flags=2).fails(-101))
case(
    "create below an ephemeral",
    create("~/e", flags=1),
    create("~/e/x").fails(-108),
    create("~/e/s", flags=3).fails(-108),
    create_container("~/e/c").fails(-108),
)
case("an existing child wins over an ephemeral parent", create("~/e", flags=1), create("~/e/x").fails(-108))
case("the root of a path may be a container", create_container("~/c"), create("~/c/e", flags=1), create("~/c/x"))

case("bad flags win over a bad path", create("x", flags=77).fails(-8), create("~/x", acl=[], flags=77).fails(-8))
case("the TTL check wins over the ACL and the path", create("~/no/x", acl=[], flags=5).fails(-6))
case("a bad ACL wins over a missing parent", create("~/no/x", acl=[]).fails(-114))
case("a bad ACL wins over an existing node", create("~/x"), create("~/x", acl=[]).fails(-114))
case("a path without a slash wins over a bad ACL", create("noslash", acl=[]).fails(-8), create("", acl=[]).fails(-8))
case("a NUL in the path wins over a bad ACL", create("~/a\0b", acl=[]).fails(-8))
case(
    "a bad ACL wins over a bad path component", create("~/./x", acl=[]).fails(-114), create("~/x/", acl=[]).fails(-114)
)
case("a missing parent wins over a bad path", create("~/a//b").fails(-101), create("~/no/../x").fails(-101))
case(
    "a forbidden parent wins over a bad path",
    create("~/p", acl=CLOSED_ACL),
    create("~/p/.").fails(-102),
    create("~/p/").fails(-102),
)
case(
    "a forbidden parent wins over an existing node",
    create("~/p"),
    create("~/p/x"),
    Request("setACL", path="~/p", acl=CLOSED_ACL),
    create("~/p/x").fails(-102),
)
case(
    "a forbidden parent wins over an ephemeral one", create("~/e", flags=1, acl=CLOSED_ACL), create("~/e/x").fails(-102)
)
case("a bad path wins over an ephemeral parent", create("~/e", flags=1), create("~/e/..").fails(-8))
case(
    "a failed sequential create does not use the counter",
    create("~/p"),
    create("~/p/s", acl=[], flags=2).fails(-114),
    create("~/p/s\x01", flags=2).fails(-8),
    create("~/p/s", flags=2).returns(path="~/p/s0000000000"),
)
case(
    "a sequential create finds its name taken",
    create("~/s0000000001"),
    create("~/s", flags=2).fails(-110),
    create("~/s", flags=2).fails(-110),
    create("~/t", flags=2).returns(path="~/t0000000001"),
    create("~/s", flags=2).returns(path="~/s0000000002"),
)
case(
    "nothing is changed by a failed create",
    create("~/p"),
    create("~/p/x"),
    create("~/p/x").fails(-110),
    create("~/p/y", acl=[]).fails(-114),
    exists("~/p").returns(stat__cversion=1),
)
case(
    "create needs CREATE on the parent only",
    create("~/p", acl=[(4, "world", "anyone")]),
    create("~/p/x"),
    get("~/p").fails(-102),
    get("~/p/x"),
)
