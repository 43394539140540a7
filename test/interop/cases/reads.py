"""Section 4.2, the reads: what they answer, what they need, and that they do not judge paths."""

from scenario import *  # the vocabulary of cases

NO_READ = [(30, "world", "anyone")]
READ = [(1, "world", "anyone")]

case(
    "reads of a missing node",
    exists("~/no").fails(-101),
    get("~/no").fails(-101),
    children("~/no").fails(-101),
    children2("~/no").fails(-101),
    get_acl("~/no").fails(-101),
    count_all("~/no").fails(-101),
)
case(
    "getChildren and getChildren2 list names",
    create("~/a"),
    create("~/b"),
    create("~/a/deep"),
    children("~").returns(children=["a", "b"]),
    children2("~").returns(children=["a", "b"], stat__numChildren=2),
    children("~/b").returns(children=[]),
    children2("~/a/deep").returns(children=[]),
)
case("the empty path is the root for reads", get(""), exists(""), children(""), children2(""), get_acl(""))
for path in ("x", "~/", "//", "~//x", "/zookeeper/", "~/a\0b", "~/.", "~/..", "~/\x01", "zookeeper", "~/\ue000"):
    case(
        f"reads of the malformed path {path!r} find no node",
        get(path).fails(-101),
        children(path).fails(-101),
        children2(path).fails(-101),
        get_acl(path).fails(-101),
        count_all(path).fails(-101),
    )
for path in ("x", "~/", "//", "~//x", "~/.", "~/\x01"):
    case(f"exists of the malformed path {path!r} finds no node", exists(path).fails(-101))
case("exists is the one read that refuses a NUL", exists("~/a\0b").fails(-8))

case("getData needs READ", create("~/x", b"d", acl=NO_READ), get("~/x").fails(-102))
case("getChildren needs READ", create("~/x", acl=NO_READ), children("~/x").fails(-102), children2("~/x").fails(-102))
case("getAllChildrenNumber needs READ", create("~/x", acl=NO_READ), count_all("~/x").fails(-102))
case(
    "getACL needs READ or ADMIN",
    create("~/r", acl=READ),
    get_acl("~/r"),
    create("~/a", acl=[(16, "world", "anyone")]),
    get_acl("~/a"),
    create("~/n", acl=[(14, "world", "anyone")]),
    get_acl("~/n").fails(-102),
)
case("exists needs READ once the node exists", create("~/x", acl=NO_READ), exists("~/x").differs("exists-needs-read"))
case("exists of a missing node needs nothing", create("~/p", acl=NO_READ), exists("~/p/no").fails(-101))
case(
    "nothing is needed on the ancestors",
    create("~/p"),
    create("~/p/x", b"d"),
    set_acl("~/p", NO_READ),
    get("~/p/x").returns(data=b"d"),
    exists("~/p/x"),
    children("~/p/x"),
)
case(
    "sync needs nothing", create("~/x", acl=NO_READ), sync("~/x").returns(path="~/x"), sync("~/no"), sync(""), sync("x")
)

case(
    "getAllChildrenNumber counts all descendants",
    create("~/a"),
    create("~/a/b"),
    create("~/a/b/c"),
    create("~/d"),
    count_all("~").returns(count=4),
    count_all("~/a").returns(count=2),
    count_all("~/d").returns(count=0),
)
case(
    "getAllChildrenNumber does not count a sibling with the same start",
    create("~/a"),
    create("~/ab"),
    create("~/a/x"),
    count_all("~/a").returns(count=1),
)
case("getAllChildrenNumber of the root", count_all("/"), create("~/x"), count_all("/"))

case(
    "getEphemerals answers the ephemerals of the session",
    create("~/e1", flags=1),
    create("~/x"),
    create("~/x/e2", flags=1),
    create("~/e3", flags=1).by("b"),
    ephemerals("/").returns(paths=["~/e1", "~/x/e2"]),
    ephemerals("/").by("b").returns(paths=["~/e3"]),
)
case(
    "getEphemerals with an empty prefix answers all",
    create("~/e", flags=1),
    ephemerals("").returns(paths=["~/e"]),
    ephemerals(None).returns(paths=["~/e"]),
)
case(
    "the prefix of getEphemerals is plain text",
    create("~/ab", flags=1),
    create("~/ac", flags=1),
    create("~/b", flags=1),
    ephemerals("~/a").returns(paths=["~/ab", "~/ac"]),
    ephemerals("~/ab").returns(paths=["~/ab"]),
    ephemerals("~/ab/").returns(paths=[]),
    ephemerals("x").returns(paths=[]),
)
case(
    "getEphemerals forgets what was deleted",
    create("~/e", flags=1),
    delete("~/e").by("b"),
    ephemerals("/").returns(paths=[]),
)
case(
    "getEphemerals after a resume",
    create("~/e", flags=1),
    drop(),
    resume("a").by("b"),
    ephemerals("/").by("b").returns(paths=["~/e"]),
)
case(
    "getEphemerals of a session without ephemerals",
    ephemerals("/").returns(paths=[]),
    ephemerals("/no").returns(paths=[]),
)

case("whoAmI shows the address", who_am_i().returns(identities=[["ip", "127.0.0.1"]]))
case(
    "whoAmI shows the user of a digest without the hash",
    auth("digest", b"bob:pw"),
    who_am_i().returns(identities=[["digest", "bob"], ["ip", "127.0.0.1"]]),
)

# -- multiRead

case(
    "multiRead answers each read",
    create("~/a", b"1"),
    create("~/a/c"),
    create("~/b", b"2"),
    multi_read(get("~/a"), children("~/a"), get("~/b"), children("~")).results(0, 0, 0, 0),
)
case(
    "multiRead answers an error for one read and the others succeed",
    create("~/a", b"1"),
    create("~/n", acl=NO_READ),
    multi_read(
        get("~/a"), get("~/no"), children("~"), get("~/n"), children("~/no"), children("~/n"), get("~/a")
    ).results(0, -101, 0, -102, -101, -102, 0),
)
case("an empty multiRead", multi_read().results())
case(
    "multiRead sets no watch",
    create("~/a"),
    multi_read(get("~/a", watch=True), children("~/a", watch=True)),
    set_data("~/a", b"1"),
    create("~/a/c"),
)
case("multiRead of one read", create("~/a"), multi_read(get("~/a")))
case(
    "multiRead with a write is refused without a body",
    create("~/a"),
    multi_read(get("~/a"), delete("~/a")).fails(-5),
    exists("~/a"),
)
for op in (exists("~"), get_acl("~"), children2("~")):
    case(f"multiRead with {op.op} is refused", multi_read(op).fails(-5), ping())
