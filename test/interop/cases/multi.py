"""Section 4.3: a multi happens at once or not at all, and says which of its operations failed."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL, acl_entry, boolean, buffer, int4, ustring, vector

NO_CREATE = [(27, "world", "anyone")]

case("an empty multi succeeds", multi().results(), ping())
case("create in a multi answers the path", multi(create("~/x", b"d")), get("~/x").returns(data=b"d"))
case(
    "create2 in a multi answers the path and the stat",
    multi(create2("~/x", b"d")).differs("multi-create2-with-stat"),
    get("~/x").returns(data=b"d"),
)
case("createContainer in a multi answers the path and the stat", multi(create_container("~/c")), exists("~/c"))
case("flag 4 of create in a multi makes a container", multi(create("~/c", flags=4)), exists("~/c"))
case(
    "setData in a multi answers the stat of that operation",
    create("~/x"),
    multi(set_data("~/x", b"1"), set_data("~/x", b"22"), set_data("~/x", b"333", 2)),
    get("~/x").returns(data=b"333"),
)
case(
    "delete and check answer nothing but their type",
    create("~/x"),
    multi(check("~/x", 0), delete("~/x", 0)),
    exists("~/x").fails(-101),
)
case(
    "all kinds together",
    create("~/x"),
    multi(
        create("~/a"),
        create("~/a/b", b"v"),
        set_data("~/x", b"w"),
        check("~/x", 1),
        delete("~/x", 1),
        create("~/x", b"again"),
    ),
    children2("~"),
    get("~/x"),
)
case(
    "operations see the effects of those before them",
    multi(
        create("~/p"), create("~/p/c"), set_data("~/p/c", b"1"), check("~/p/c", 1), delete("~/p/c", 1), delete("~/p")
    ),
    exists("~/p").fails(-101),
)
case(
    "versions advance within a multi", create("~/x"), multi(set_data("~/x", b"", 0), check("~/x", 1), delete("~/x", 1))
)
case(
    "all operations share one zxid and one time",
    multi(create("~/a"), create("~/b"), create("~/b/c")),
    exists("~/a"),
    exists("~/b"),
    exists("~/b/c"),
    exists("~"),
)
case(
    "sequential creates in a multi count on",
    multi(create("~/s", flags=2), create("~/s", flags=2), create("~/s", flags=3)),
    children("~").returns(children=["s0000000000", "s0000000001", "s0000000002"]),
)
case(
    "an ephemeral in a multi belongs to the session",
    multi(create("~/e", flags=1)),
    exists("~/e").returns(stat__ephemeralOwner=session_of("a")),
    ephemerals("/").returns(paths=["~/e"]),
)
case(
    "a node may be created and deleted and created in one multi",
    multi(create("~/x", b"1"), delete("~/x"), create("~/x", b"2")),
    get("~/x").returns(data=b"2"),
    exists("~"),
)
case("a large multi", multi(*[create(f"~/{index}", b"v" * 100) for index in range(300)]), children2("~"))

# -- failure

case(
    "the failing operation has its error and those behind it -2",
    create("~/x"),
    multi(create("~/a"), create("~/x"), create("~/b"), delete("~/x")).results(0, -110, -2, -2),
    children("~"),
)
case(
    "a failing first operation",
    multi(delete("~/no"), create("~/a")).results(-101, -2),
    children("~").returns(children=[]),
)
case(
    "a failing last operation",
    create("~/x"),
    multi(create("~/a"), set_data("~/x", b"1"), check("~/x", 7)).results(0, 0, -103),
    get("~/x").returns(data=b"", stat__version=0),
    children("~").returns(children=["x"]),
)
case(
    "a failed multi changes no stat",
    create("~/p"),
    create("~/p/x"),
    multi(set_data("~/p/x", b"1"), create("~/p/y"), delete("~/p/x"), delete("~/no")).results(0, 0, 0, -101),
    exists("~/p").returns(stat__cversion=1, stat__numChildren=1),
    exists("~/p/x").returns(stat__version=0),
)
case(
    "a failed multi gives its sequence numbers back",
    multi(create("~/s", flags=2), create("~/s", flags=2), delete("~/no")).results(0, 0, -101),
    create("~/s", flags=2).returns(path="~/s0000000000"),
)
case(
    "a failed multi leaves no ephemeral",
    multi(create("~/e", flags=1), delete("~/no")).results(0, -101),
    ephemerals("/").returns(paths=[]),
    exists("~/e").fails(-101),
)
case(
    "a failed multi fires no watch",
    create("~/x"),
    get("~/x", watch=True),
    children("~", watch=True),
    multi(set_data("~/x", b"1"), create("~/y"), delete("~/no")).results(0, 0, -101),
    ping(),
    set_data("~/x", b"2").sees("NodeDataChanged ~/x"),
)
case(
    "a multi fails at its first error only",
    multi(delete("~/no"), create("bad"), create("~/x", acl=[])).results(-101, -2, -2),
)
case(
    "writes after a failed multi in one pipeline see nothing of it",
    pipeline(
        multi(create("~/x"), delete("~/no")).results(0, -101),
        create("~/x"),
        multi(delete("~/x"), create("~/y")),
        exists("~/x").fails(-101),
        exists("~/y"),
    ),
)
case(
    "a write pending in the pipeline is seen by a multi",
    pipeline(
        create("~/x"),
        multi(check("~/x", 0), set_data("~/x", b"1")),
        multi(check("~/x", 0)).results(-103),
        set_data("~/x", b"2", 1),
    ),
)

case(
    "every error of create in a multi",
    create("~/e", flags=1),
    create("~/n", acl=NO_CREATE),
    multi(create("~/e")).results(-110),
    multi(create("~/e/x")).results(-108),
    multi(create("~/no/x")).results(-101),
    multi(create("x")).results(-8),
    multi(create("~/x/")).results(-101),
    multi(create("~/.")).results(-8),
    multi(create("~/x", flags=99)).results(-8),
    multi(create("~/x", acl=[])).results(-114),
    multi(create("~/n/x")).results(-102),
)
case(
    "a create with TTL flags in a multi",
    multi(create("~/x", flags=5)).fails(-5),
    multi(create("~/x", flags=6)).fails(-5),
    ping(),
)
case(
    "every error of delete in a multi",
    create("~/p", acl=[(23, "world", "anyone")]),
    create("~/p/x"),
    create("~/q"),
    create("~/q/x"),
    multi(delete("~/no")).results(-101),
    multi(delete("~/p/x")).results(-102),
    multi(delete("~/q")).results(-111),
    multi(delete("~/q", 3)).results(-103),
    multi(delete("/")).results(-8),
    multi(delete("/zookeeper")).results(-8),
    multi(delete("x")).results(-8),
)
case(
    "every error of setData in a multi",
    create("~/x", acl=[(29, "world", "anyone")]),
    create("~/y"),
    multi(set_data("~/no")).results(-101),
    multi(set_data("~/x")).results(-102),
    multi(set_data("~/y", b"", 4)).results(-103),
    multi(set_data("x")).results(-8),
    multi(set_data("~/y/")).results(-8),
)
case(
    "a deleted parent is missing for the next operation",
    create("~/p"),
    multi(delete("~/p"), create("~/p/c")).results(0, -101),
    exists("~/p"),
)
case(
    "a child created in the multi makes its parent not empty",
    create("~/p"),
    multi(create("~/p/c"), delete("~/p")).results(0, -111),
    exists("~/p/c").fails(-101),
)
case(
    "an ephemeral created in the multi has no children", multi(create("~/e", flags=1), create("~/e/c")).results(0, -108)
)

# -- what cannot be decoded


def header(op, done=False, err=-1):
    return int4(op) + boolean(done) + int4(err)


END = header(-1, True)

for op in (exists("~"), get("~"), set_acl("~", OPEN_ACL), children("~"), children2("~"), get_acl("~")):
    case(
        f"{op.op} in a multi is a marshalling error and nothing is applied",
        multi(create("~/x"), op).fails(-5),
        exists("~/x").fails(-101),
    )
for code in (-1, 0, 10, 14, 20, 99, 101, 16):
    case(
        f"the operation {code} in a multi is a marshalling error",
        Request("multi").with_record(header(code) + ustring("/x") + END).fails(-5),
        ping(),
    )
case(
    "a multi without a terminator is a marshalling error",
    multi(create("~/x"), done=False).fails(-5),
    exists("~/x").fails(-101),
)
case(
    "a cut operation in a multi is a marshalling error",
    Request("multi").with_record(header(2) + ustring("/multi-cut")).fails(-5),
    ping(),
)
case(
    "the err of a request header in a multi is ignored",
    create("~/x"),
    Request("multi").with_record(lambda run: header(2, False, 77) + ustring(run.resolve("~/x")) + int4(-1) + END),
    exists("~/x").fails(-101),
)
case(
    "the type of the terminator is ignored",
    create("~/x"),
    Request("multi").with_record(lambda run: header(2) + ustring(run.resolve("~/x")) + int4(-1) + header(5, True)),
    exists("~/x").fails(-101),
)
case(
    "bytes behind the terminator are ignored",
    Request("multi").with_record(
        lambda run: header(1)
        + ustring(run.resolve("~/x"))
        + buffer(b"")
        + vector(OPEN_ACL, acl_entry)
        + int4(0)
        + END
        + b"more"
    ),
    exists("~/x"),
)
case(
    "a null path in a multi",
    multi(create("~/x"), delete(None)).differs("multi-error-with-a-body"),
    exists("~/x").fails(-101),
)

# -- watches

case(
    "a multi fires watches in the order of its operations before its reply",
    create("~/x"),
    create("~/y"),
    get("~/x", watch=True),
    get("~/y", watch=True),
    children("~", watch=True),
    multi(set_data("~/y", b"1"), delete("~/x"), create("~/z")).sees(
        "NodeDataChanged ~/y", "NodeDeleted ~/x", "NodeChildrenChanged ~"
    ),
)
case(
    "a one-shot watch fires once in a multi",
    create("~/x"),
    get("~/x", watch=True),
    multi(set_data("~/x", b"1"), set_data("~/x", b"2"), delete("~/x")).sees("NodeDataChanged ~/x"),
)
case(
    "a persistent watch sees every operation of a multi",
    create("~/x"),
    add_watch("~/x", 0),
    multi(
        set_data("~/x", b"1"), set_data("~/x", b"2"), create("~/x/c"), delete("~/x/c"), delete("~/x"), create("~/x")
    ).sees(
        "NodeDataChanged ~/x",
        "NodeDataChanged ~/x",
        "NodeChildrenChanged ~/x",
        "NodeChildrenChanged ~/x",
        "NodeDeleted ~/x",
        "NodeCreated ~/x",
    ),
)
case(
    "another connection sees the events of a multi before its data",
    create("~/x"),
    get("~/x", watch=True).by("w"),
    multi(set_data("~/x", b"1"), create("~/y")),
    get("~/x").by("w").sees("NodeDataChanged ~/x"),
)
