"""Section 8: which watch is set by what, which transaction fires it, and what survives."""

from scenario import *  # the vocabulary of cases

PERSISTENT, RECURSIVE = 0, 1
NO_READ = [(30, "world", "anyone")]

# -- 8.2 registration

case("getData on a missing node sets no watch", get("~/x", watch=True).fails(-101), create("~/x"), set_data("~/x"))
case(
    "exists on a missing node sets a watch for its creation",
    exists("~/x", watch=True).fails(-101),
    create("~/x").sees("NodeCreated ~/x"),
    set_data("~/x"),
)
case(
    "getChildren on a missing node sets no watch",
    children("~/x", watch=True).fails(-101),
    children2("~/x", watch=True).fails(-101),
    create("~/x"),
    create("~/x/c"),
)
case(
    "a read that ACL refuses sets no watch",
    create("~/x", acl=NO_READ),
    get("~/x", watch=True).fails(-102),
    children("~/x", watch=True).fails(-102),
    set_data("~/x"),
    create("~/x/c"),
    delete("~/x/c"),
    delete("~/x"),
)
case(
    "a watch set twice fires once",
    create("~/x"),
    get("~/x", watch=True),
    get("~/x", watch=True),
    exists("~/x", watch=True),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x"),
)
case(
    "a child watch set by both forms fires once",
    children("~", watch=True),
    children2("~", watch=True),
    create("~/x").sees("NodeChildrenChanged ~"),
)
case(
    "a read without the flag leaves a watch alone",
    create("~/x"),
    get("~/x", watch=True),
    get("~/x"),
    exists("~/x"),
    set_data("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "addWatch needs no node",
    add_watch("~/x", PERSISTENT).returns(error=0),
    add_watch("~/y", RECURSIVE),
    create("~/x").sees("NodeCreated ~/x"),
    create("~/y").sees("NodeCreated ~/y"),
)
case(
    "addWatch judges neither path nor ACL",
    create("~/x", acl=NO_READ),
    add_watch("~/x", PERSISTENT),
    add_watch("x", PERSISTENT),
    add_watch("", PERSISTENT),
    add_watch("//x", RECURSIVE),
    add_watch("~/x/", RECURSIVE),
    ping(),
)
for mode in (-1, 2, 3, 2147483647):
    case(f"addWatch with mode {mode} is a marshalling error", add_watch("~/x", mode).fails(-5), create("~/x"))
case(
    "each connection has its own watches",
    create("~/x"),
    get("~/x", watch=True),
    get("~/x", watch=True).by("b"),
    ping().by("c"),
    set_data("~/x").by("c"),
    events("NodeDataChanged ~/x"),
    events("NodeDataChanged ~/x").by("b"),
    events().by("c"),
)
case(
    "watches end with their connection",
    create("~/x"),
    get("~/x", watch=True),
    add_watch("~", RECURSIVE),
    drop(),
    resume("a").by("b"),
    set_data("~/x").by("c"),
    events().by("b"),
)
case(
    "a watch on the root",
    children("/", watch=True),
    get("/", watch=True),
    Request("setData", path="/").sees("NodeDataChanged /"),
)

case(
    "a watch set through the empty path is not one on the root",
    get("", watch=True),
    children("", watch=True),
    Request("setData", path="/"),
    remove_watches("/", 3).fails(-121),
    remove_watches("", 3),
)

# -- 8.3 what fires what

WATCHES = {
    "a data watch on the node": lambda: exists("~/p/x", watch=True),
    "a child watch on the node": lambda: children("~/p/x", watch=True),
    "a child watch on the parent": lambda: children("~/p", watch=True),
    "a data watch on the parent": lambda: get("~/p", watch=True),
    "a child watch on the grandparent": lambda: children("~", watch=True),
    "a persistent watch on the node": lambda: add_watch("~/p/x", PERSISTENT),
    "a persistent watch on the parent": lambda: add_watch("~/p", PERSISTENT),
    "a persistent watch on the grandparent": lambda: add_watch("~", PERSISTENT),
    "a recursive watch on the node": lambda: add_watch("~/p/x", RECURSIVE),
    "a recursive watch on the parent": lambda: add_watch("~/p", RECURSIVE),
    "a recursive watch on the grandparent": lambda: add_watch("~", RECURSIVE),
    "a recursive watch on the root": lambda: add_watch("/", RECURSIVE),
}
CREATED, DELETED, CHANGED = "NodeCreated ~/p/x", "NodeDeleted ~/p/x", "NodeDataChanged ~/p/x"
PARENT = "NodeChildrenChanged ~/p"
FIRES = {
    "create": (
        create("~/p/x"),
        False,
        {
            "a data watch on the node": CREATED,
            "a child watch on the parent": PARENT,
            "a persistent watch on the node": CREATED,
            "a persistent watch on the parent": PARENT,
            "a recursive watch on the node": CREATED,
            "a recursive watch on the parent": CREATED,
            "a recursive watch on the grandparent": CREATED,
            "a recursive watch on the root": CREATED,
        },
    ),
    "setData": (
        set_data("~/p/x", b"1"),
        True,
        {
            "a data watch on the node": CHANGED,
            "a persistent watch on the node": CHANGED,
            "a recursive watch on the node": CHANGED,
            "a recursive watch on the parent": CHANGED,
            "a recursive watch on the grandparent": CHANGED,
            "a recursive watch on the root": CHANGED,
        },
    ),
    "delete": (
        delete("~/p/x"),
        True,
        {
            "a data watch on the node": DELETED,
            "a child watch on the node": DELETED,
            "a child watch on the parent": PARENT,
            "a persistent watch on the node": DELETED,
            "a persistent watch on the parent": PARENT,
            "a recursive watch on the node": DELETED,
            "a recursive watch on the parent": DELETED,
            "a recursive watch on the grandparent": DELETED,
            "a recursive watch on the root": DELETED,
        },
    ),
    "setACL": (set_acl("~/p/x", [(31, "ip", "127.0.0.1")]), True, {}),
    "a failed setData": (set_data("~/p/x", b"", 99).fails(-103), True, {}),
    "a failed delete": (delete("~/p/x", 99).fails(-103), True, {}),
    "a failed create": (create("~/p/x").fails(-110), True, {}),
}
for operation, (request, needs_node, fired) in FIRES.items():
    for watch, register in WATCHES.items():
        if not needs_node and watch == "a child watch on the node":
            continue
        setting = register()
        if not needs_node and watch == "a data watch on the node":
            setting = setting.fails(-101)
        case(
            f"{watch} and {operation}",
            create("~/p"),
            *([create("~/p/x")] if needs_node else []),
            setting.by("w"),
            request,
            events(*([fired[watch]] if watch in fired else [])).by("w"),
        )

case(
    "data and child watches are one-shot and persistent ones are not",
    create("~/x"),
    get("~/x", watch=True),
    add_watch("~/x", PERSISTENT).by("p"),
    add_watch("~/x", RECURSIVE).by("r"),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x"),
    delete("~/x"),
    create("~/x"),
    set_data("~/x"),
    *[
        events(
            "NodeDataChanged ~/x", "NodeDataChanged ~/x", "NodeDeleted ~/x", "NodeCreated ~/x", "NodeDataChanged ~/x"
        ).by(w)
        for w in ("p", "r")
    ],
)
case(
    "data and child watch on a deleted node give one event",
    create("~/x"),
    get("~/x", watch=True),
    children("~/x", watch=True),
    delete("~/x").sees("NodeDeleted ~/x"),
    create("~/x"),
    set_data("~/x"),
    create("~/x/c"),
)
case(
    "a deleted child is reported before its parent",
    create("~/x"),
    get("~/x", watch=True),
    children("~", watch=True),
    delete("~/x").sees("NodeDeleted ~/x", "NodeChildrenChanged ~"),
)
case(
    "a created child is reported before its parent",
    exists("~/x", watch=True).fails(-101),
    children("~", watch=True),
    create("~/x").sees("NodeCreated ~/x", "NodeChildrenChanged ~"),
)
case(
    "a recursive watch and a one-shot watch give one event",
    create("~/x"),
    add_watch("~", RECURSIVE),
    get("~/x", watch=True),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "a recursive watch reports no change of children",
    add_watch("~", RECURSIVE),
    create("~/x").sees("NodeCreated ~/x"),
    create("~/x/y").sees("NodeCreated ~/x/y"),
    delete("~/x/y").sees("NodeDeleted ~/x/y"),
    delete("~/x").sees("NodeDeleted ~/x"),
)
case(
    "a recursive watch does not see a sibling of the same start",
    create("~/a"),
    add_watch("~/a", RECURSIVE),
    create("~/ab"),
    create("~/a/x").sees("NodeCreated ~/a/x"),
    set_data("~/ab"),
)
case(
    "nested recursive watches give one event",
    create("~/a"),
    add_watch("~", RECURSIVE),
    add_watch("~/a", RECURSIVE),
    create("~/a/x").sees("NodeCreated ~/a/x"),
)
case(
    "a persistent watch on a node and its parent gives both events",
    create("~/p"),
    add_watch("~/p", PERSISTENT),
    add_watch("~/p/x", PERSISTENT),
    create("~/p/x").sees("NodeCreated ~/p/x", "NodeChildrenChanged ~/p"),
    delete("~/p/x").sees("NodeDeleted ~/p/x", "NodeChildrenChanged ~/p"),
)
case(
    "recursive and child watch on the same parent",
    create("~/p"),
    add_watch("~", RECURSIVE),
    children("~/p", watch=True),
    create("~/p/x").sees("NodeCreated ~/p/x", "NodeChildrenChanged ~/p"),
    create("~/p/y").sees("NodeCreated ~/p/y"),
)
case(
    "sequential and ephemeral creates fire with the final name",
    add_watch("~", RECURSIVE),
    children("~", watch=True),
    create("~/s", flags=3).sees("NodeCreated ~/s0000000000", "NodeChildrenChanged ~"),
)
case("a container fires as any node", add_watch("~", RECURSIVE), create_container("~/c").sees("NodeCreated ~/c"))
case(
    "the ephemerals of a closed session fire as deletes",
    create("~/e", flags=1),
    get("~/e", watch=True).by("b"),
    children("~", watch=True).by("b"),
    close_session(),
    events("NodeDeleted ~/e", "NodeChildrenChanged ~").by("b"),
)
case(
    "a closing session sees its own ephemerals go before the reply",
    create("~/e", flags=1),
    get("~/e", watch=True),
    close_session().sees("NodeDeleted ~/e"),
)
case(
    "several ephemerals of a closed session",
    create("~/1", flags=1),
    create("~/2", flags=1),
    create("~/3", flags=1),
    add_watch("~", RECURSIVE).by("b"),
    close_session(),
    ping().by("b").sees_in_any_order("NodeDeleted ~/1", "NodeDeleted ~/2", "NodeDeleted ~/3"),
    exists("~").by("b"),
)

# -- 8.4 several modes on one path

case(
    "a one-shot watch does not replace a persistent one",
    create("~/x"),
    add_watch("~/x", PERSISTENT),
    get("~/x", watch=True),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x").differs("persistent-watch-survives-one-shot"),
)
case(
    "a one-shot watch does not replace a recursive one",
    create("~/x"),
    add_watch("~/x", RECURSIVE),
    get("~/x", watch=True),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x").differs("persistent-watch-survives-one-shot"),
)
case(
    "a child watch does not replace a persistent one",
    add_watch("~", PERSISTENT),
    children("~", watch=True),
    create("~/x").sees("NodeChildrenChanged ~"),
    create("~/y").differs("persistent-watch-survives-child-watch"),
)
case(
    "a persistent watch on a path with a one-shot watch gives one event",
    create("~/x"),
    get("~/x", watch=True),
    add_watch("~/x", PERSISTENT),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "persistent and recursive on one path give one event",
    create("~/x"),
    add_watch("~/x", PERSISTENT),
    add_watch("~/x", RECURSIVE),
    set_data("~/x").sees("NodeDataChanged ~/x"),
    set_data("~/x").sees("NodeDataChanged ~/x"),
)
case(
    "a persistent watch beside a recursive one still reports children",
    create("~/x"),
    add_watch("~/x", PERSISTENT),
    add_watch("~/x", RECURSIVE),
    create("~/x/c").differs("persistent-beside-recursive"),
)
case(
    "recursive after persistent registration twice",
    add_watch("~", RECURSIVE),
    add_watch("~", RECURSIVE),
    create("~/x").sees("NodeCreated ~/x"),
)

# -- 8.7 the ACL filter on delivery

case(
    "an event of a node that one may not read is dropped and the watch is used up",
    create("~/x"),
    get("~/x", watch=True).by("b"),
    set_acl("~/x", NO_READ),
    set_data("~/x", b"1"),
    events().by("b"),
    set_acl("~/x", [(31, "world", "anyone")]),
    set_data("~/x", b"2"),
    events().by("b"),
)
case(
    "an event is filtered by the identities of the receiver",
    auth("digest", b"bob:pw"),
    add_watch("~", RECURSIVE).by("stranger"),
    add_watch("~", RECURSIVE),
    create("~/x", acl=[(31, "auth", "")]).sees("NodeCreated ~/x"),
    set_data("~/x", b"1").sees("NodeDataChanged ~/x"),
    delete("~/x").sees("NodeDeleted ~/x"),
    events().by("stranger"),
)
case(
    "a change of children is filtered by the parent",
    create("~/p"),
    children("~/p", watch=True).by("b"),
    add_watch("~/p", PERSISTENT).by("c"),
    set_acl("~/p", NO_READ),
    create("~/p/x"),
    events().by("b"),
    events().by("c"),
    set_acl("~/p", [(31, "world", "anyone")]),
    create("~/p/y"),
    events().by("b"),
    events("NodeChildrenChanged ~/p").by("c"),
)
case(
    "a creation is filtered by the ACL of the new node",
    exists("~/x", watch=True).fails(-101).by("b"),
    ping(),
    create("~/x", acl=NO_READ),
    events().by("b"),
)
case(
    "a deletion is filtered by the ACL that the node had",
    create("~/x"),
    get("~/x", watch=True).by("b"),
    set_acl("~/x", NO_READ),
    delete("~/x"),
    events().by("b"),
)
case(
    "the super user sees every event",
    become_super(),
    add_watch("~", RECURSIVE),
    create("~/x", acl=NO_READ).by("b"),
    set_data("~/x").by("b"),
    events("NodeCreated ~/x", "NodeDataChanged ~/x"),
)
