"""Sections 8.5 and 8.6: watches that come back after a reconnect, and watches that are asked for or removed."""

from scenario import *  # the vocabulary of cases
from wire import int4, int8

PERSISTENT, RECURSIVE = 0, 1
CHILDREN, DATA, ANY = 1, 2, 3
NOW = zxid_of("now")

# -- setWatches

case("empty lists", set_watches(0), set_watches2(0), ping())
case(
    "null lists are a marshalling error",
    Request("setWatches").with_record(int8(0) + int4(-1) * 3).fails(-5),
    ping(),
    Request("setWatches2").with_record(int8(0) + int4(-1) * 5).fails(-5),
    ping(),
)
case(
    "a data watch on an unchanged node is set",
    create("~/x"),
    remember("now"),
    set_watches(NOW, data=["~/x"]),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x"),
)
case(
    "a data watch on a changed node fires at once and is not set",
    create("~/x"),
    remember("now"),
    set_data("~/x"),
    set_watches(NOW, data=["~/x"]).sees("NodeDataChanged ~/x"),
    set_data("~/x"),
)
case(
    "a data watch on a deleted node fires at once",
    create("~/x"),
    remember("now"),
    delete("~/x"),
    set_watches(NOW, data=["~/x"]).sees("NodeDeleted ~/x"),
    create("~/x"),
)
case(
    "a data watch on a node that was never there fires at once", set_watches(0, data=["~/no"]).sees("NodeDeleted ~/no")
)
case("an exist watch on a missing node is set", set_watches(0, exist=["~/x"]), create("~/x").sees("NodeCreated ~/x"))
case(
    "an exist watch on a present node fires at once whatever the zxid",
    create("~/x"),
    set_watches(1 << 60, exist=["~/x"]).sees("NodeCreated ~/x"),
    set_data("~/x"),
    delete("~/x"),
)
case(
    "a child watch on an unchanged node is set",
    create("~/p"),
    create("~/p/1"),
    remember("now"),
    set_watches(NOW, child=["~/p"]),
    create("~/p/2").sees("NodeChildrenChanged ~/p"),
    create("~/p/3"),
)
case(
    "a child watch on a node with new children fires at once",
    create("~/p"),
    remember("now"),
    create("~/p/1"),
    set_watches(NOW, child=["~/p"]).sees("NodeChildrenChanged ~/p"),
    create("~/p/2"),
)
case(
    "a child watch on a node that lost a child fires at once",
    create("~/p"),
    create("~/p/1"),
    remember("now"),
    delete("~/p/1"),
    set_watches(NOW, child=["~/p"]).sees("NodeChildrenChanged ~/p"),
)
case(
    "a child watch on a deleted node fires at once",
    create("~/p"),
    remember("now"),
    delete("~/p"),
    set_watches(NOW, child=["~/p"]).sees("NodeDeleted ~/p"),
)
case(
    "changed data does not fire a child watch",
    create("~/p"),
    remember("now"),
    set_data("~/p"),
    set_watches(NOW, child=["~/p"]),
    create("~/p/1").sees("NodeChildrenChanged ~/p"),
)
case(
    "a new child does not fire a data watch",
    create("~/p"),
    remember("now"),
    create("~/p/1"),
    set_watches(NOW, data=["~/p"]),
    set_data("~/p").sees("NodeDataChanged ~/p"),
)
case(
    "a changed ACL does not fire a data watch",
    create("~/p"),
    remember("now"),
    set_acl("~/p", [(31, "ip", "127.0.0.1")]),
    set_watches(NOW, data=["~/p"], child=["~/p"]),
    ping(),
)
case(
    "a zxid of exactly the change does not fire",
    create("~/x"),
    set_data("~/x"),
    remember("now"),
    set_watches(NOW, data=["~/x"]),
    set_watches(zxid_of("now", -1), data=["~/x"]).sees("NodeDataChanged ~/x"),
)
case(
    "events come in the order of the lists and before the reply",
    create("~/1"),
    create("~/2"),
    remember("now"),
    set_data("~/2"),
    create("~/1/c"),
    set_data("~/1"),
    set_watches(NOW, data=["~/2", "~/gone", "~/1"], exist=["~/1", "~/2"], child=["~/1", "~/2"]).sees(
        "NodeDataChanged ~/2",
        "NodeDeleted ~/gone",
        "NodeDataChanged ~/1",
        "NodeCreated ~/1",
        "NodeCreated ~/2",
        "NodeChildrenChanged ~/1",
    ),
)
case(
    "a path named twice",
    create("~/x"),
    remember("now"),
    set_watches(NOW, data=["~/x", "~/x"]),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_watches(NOW, data=["~/x", "~/x"]).sees("NodeDataChanged ~/x", "NodeDataChanged ~/x"),
)
case(
    "persistent and recursive watches never fire at once",
    create("~/x"),
    remember("now"),
    set_data("~/x"),
    create("~/x/c"),
    set_watches2(0, persistent=["~/x", "~/no"], recursive=["~"]),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    create("~/no").sees("NodeCreated ~/no"),
    set_data("~/x/c").sees("NodeDataChanged ~/x/c"),
)
case(
    "setWatches2 takes the older lists as well",
    create("~/x"),
    remember("now"),
    set_data("~/x"),
    set_watches2(NOW, data=["~/x"], exist=["~/new"], child=["~/x"]).sees("NodeDataChanged ~/x"),
    create("~/new").sees("NodeCreated ~/new"),
    create("~/x/c").sees("NodeChildrenChanged ~/x"),
)
case(
    "no ACL is checked by setWatches",
    create("~/x", acl=[(30, "world", "anyone")]),
    remember("now"),
    set_data("~/x"),
    set_watches(0, data=["~/x"]).sees("NodeDataChanged ~/x"),
)
case(
    "setWatches behind the handshake of a resumed session",
    create("~/x"),
    create("~/y"),
    remember("now"),
    drop(),
    set_data("~/x").by("b"),
    resume("a", behind=[set_watches(NOW, data=["~/x", "~/y"], child=["~"]), get("~/x")])
    .by("c")
    .sees("NodeDataChanged ~/x"),
    set_data("~/y").by("b"),
    create("~/z").by("b"),
    events("NodeDataChanged ~/y", "NodeChildrenChanged ~").by("c"),
)
case(
    "several setWatches of one relative zxid",
    create("~/x"),
    remember("now"),
    set_data("~/x"),
    pipeline(
        set_watches(NOW, data=["~/x"]), set_watches(NOW, exist=["~/x"]), set_watches(NOW, child=["~"]), ping()
    ).sees("NodeDataChanged ~/x", "NodeCreated ~/x"),
)
case(
    "setWatches of malformed paths",
    set_watches(0, data=["x"], exist=["y"], child=["//"]).sees("NodeDeleted x", "NodeDeleted //"),
)
case(
    "a thousand paths",
    set_watches(0, exist=[f"~/{index}" for index in range(1000)]),
    create("~/500").sees("NodeCreated ~/500"),
)

# -- removeWatches and checkWatches

SETTINGS = {
    "no watch": (),
    "a data watch": (get("~/x", watch=True),),
    "a child watch": (children("~/x", watch=True),),
    "both watches": (get("~/x", watch=True), children("~/x", watch=True)),
}
FOUND = {
    "no watch": (),
    "a data watch": (DATA, ANY),
    "a child watch": (CHILDREN, ANY),
    "both watches": (CHILDREN, DATA, ANY),
}
for name, steps in SETTINGS.items():
    for kind, kind_name in ((CHILDREN, "children"), (DATA, "data"), (ANY, "any")):
        code = 0 if kind in FOUND[name] else -121
        left = {"no watch": [], "a data watch": [DATA], "a child watch": [CHILDREN], "both watches": [CHILDREN, DATA]}[
            name
        ]
        left = [] if kind == ANY else [k for k in left if k != kind]
        case(
            f"checkWatches for {kind_name} with {name}",
            create("~/x"),
            *steps,
            check_watches("~/x", kind).fails(code),
            ping(),
        )
        case(
            f"removeWatches for {kind_name} with {name}",
            create("~/x"),
            *steps,
            remove_watches("~/x", kind).fails(code),
            set_data("~/x").sees(*(["NodeDataChanged ~/x"] if DATA in left else [])),
            create("~/x/c").sees(*(["NodeChildrenChanged ~/x"] if CHILDREN in left else [])),
        )
case(
    "checkWatches removes nothing",
    create("~/x"),
    get("~/x", watch=True),
    check_watches("~/x", ANY),
    check_watches("~/x", DATA),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    check_watches("~/x", ANY).fails(-121),
)
case(
    "removing twice finds nothing the second time",
    create("~/x"),
    get("~/x", watch=True),
    remove_watches("~/x", ANY),
    remove_watches("~/x", ANY).fails(-121),
)
for kind in (0, -1, 6, 100):
    case(
        f"the watch type {kind} is a marshalling error",
        create("~/x"),
        get("~/x", watch=True),
        check_watches("~/x", kind).fails(-5),
        remove_watches("~/x", kind).fails(-5),
        set_data("~/x").sees("NodeDataChanged ~/x"),
    )
case(
    "any finds and removes a persistent watch",
    add_watch("~/x", PERSISTENT),
    check_watches("~/x", ANY),
    remove_watches("~/x", ANY),
    check_watches("~/x", ANY).fails(-121),
    create("~/x"),
)
case(
    "any finds and removes a recursive watch",
    add_watch("~/x", RECURSIVE),
    check_watches("~/x", ANY),
    remove_watches("~/x", ANY),
    check_watches("~/x", ANY).fails(-121),
    create("~/x"),
)
case(
    "the watch types 4 and 5 name persistent watches",
    create("~/x"),
    add_watch("~/x", PERSISTENT),
    remove_watches("~/x", 5).differs("persistent-watch-types-miss"),
    remove_watches("~/x", 4).differs("persistent-watch-types"),
    add_watch("~/y", RECURSIVE),
    check_watches("~/y", 4).differs("persistent-watch-types-miss"),
    check_watches("~/y", 5).differs("persistent-watch-types"),
    remove_watches("~/y", 5).differs("persistent-watch-types"),
)
case(
    "removing data watches leaves a persistent watch",
    create("~/x"),
    add_watch("~/x", PERSISTENT),
    remove_watches("~/x", DATA).differs("data-type-on-persistent"),
    create("~/x/c").sees("NodeChildrenChanged ~/x"),
)
case(
    "removing a watch of another connection finds nothing",
    create("~/x"),
    get("~/x", watch=True),
    remove_watches("~/x", ANY).by("b").fails(-121),
    set_data("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "checking a watch of another connection finds nothing",
    create("~/x"),
    get("~/x", watch=True),
    ping().by("b"),
    check_watches("~/x", ANY).by("b").differs("own-watches-only"),
    check_watches("~/x", DATA).by("b").differs("own-watches-only"),
)
case(
    "a recursive watch on the parent is not found on the child",
    add_watch("~", RECURSIVE),
    create("~/x").sees("NodeCreated ~/x"),
    check_watches("~/x", ANY).fails(-121),
    remove_watches("~/x", ANY).fails(-121),
)
case(
    "removing one of two nested recursive watches",
    create("~/x"),
    add_watch("~", RECURSIVE),
    add_watch("~/x", RECURSIVE),
    remove_watches("~/x", ANY),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    remove_watches("~", ANY),
    set_data("~/x"),
)
case(
    "an exist watch counts as a data watch",
    exists("~/x", watch=True).fails(-101),
    check_watches("~/x", DATA),
    check_watches("~/x", CHILDREN).fails(-121),
    remove_watches("~/x", DATA),
    create("~/x"),
)
