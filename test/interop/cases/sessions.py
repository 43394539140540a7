"""Sections 10 and 6: sessions that are closed, expire and come back; nodes that time removes."""

from scenario import *  # the vocabulary of cases

TTL_MAX = 1099511627775

# -- closing

case("closeSession is answered and the connection closed", ping(), close_session())
case("requests behind a closeSession", pipeline(create("~/x"), close_session()), exists("~/x").by("b"))
case(
    "closing removes the ephemerals",
    create("~/e", flags=1),
    create("~/p"),
    create("~/p/s", flags=3),
    close_session(),
    exists("~/e").by("b").fails(-101),
    children("~/p").by("b").returns(children=[]),
    children2("~").by("b"),
)
case("closing an empty session", connect(), close_session(), ping().by("b"))
case(
    "a dropped connection keeps its ephemerals until the session ends",
    create("~/e", flags=1),
    drop(),
    exists("~/e").by("b"),
    resume("a").by("c"),
    close_session().by("c"),
    exists("~/e").by("b").fails(-101),
)
case(
    "a closed session leaves persistent and container nodes",
    create("~/x"),
    create_container("~/c"),
    close_session(),
    children("~").by("b").returns(children=["c", "x"]),
)
case(
    "any session may delete an ephemeral",
    create("~/e", flags=1),
    delete("~/e").by("b"),
    create("~/e", flags=1).by("b"),
    close_session(),
    exists("~/e").by("b").returns(stat__ephemeralOwner=session_of("b")),
)
case(
    "an ephemeral whose parent forbids DELETE still goes with its session",
    create("~/p"),
    create("~/p/e", flags=1),
    set_acl("~/p", [(1, "world", "anyone")]).by("b"),
    close_session(),
    children("~/p").by("b").returns(children=[]),
)
case(
    "a closing session and its ephemerals in one zxid",
    create("~/1", flags=1).by("s"),
    create("~/2", flags=1).by("s"),
    add_watch("~", 1),
    close_session().by("s"),
    ping().sees_in_any_order("NodeDeleted ~/1", "NodeDeleted ~/2"),
    exists("~"),
)
case(
    "a pipeline that ends in closeSession is answered whole",
    pipeline(create("~/1", flags=1), create("~/2"), get("~/2"), close_session()),
    children("~").by("b").returns(children=["2"]),
)

# -- expiry

case(
    "a silent session expires and its connection is closed without a frame",
    connect(400).by("dying").negotiates(400),
    create("~/e", flags=1).by("dying"),
    get("~/e", watch=True).by("b"),
    closes().by("dying"),
    events("NodeDeleted ~/e").by("b"),
    resume("dying").by("again").is_refused(),
    profile="fast",
)
case(
    "a dropped session expires",
    connect(400).by("dying"),
    create("~/e", flags=1).by("dying"),
    connect(4000).by("b"),
    get("~/e", watch=True).by("b"),
    children("~", watch=True).by("b"),
    drop().by("dying"),
    await_events("NodeDeleted ~/e", "NodeChildrenChanged ~").by("b"),
    resume("dying").by("again").is_refused(),
    profile="fast",
)
case(
    "auth alone does not keep a session alive",
    connect(400).by("dying"),
    auth("digest", b"a:b").by("dying"),
    closes().by("dying"),
    profile="fast",
)
case(
    "expiry removes all ephemerals at one zxid",
    connect(400).by("dying"),
    create("~/1", flags=1).by("dying"),
    create("~/2", flags=3).by("dying"),
    connect(4000).by("b"),
    add_watch("~", 1).by("b"),
    await_events("NodeDeleted ~/1", "NodeDeleted ~/20000000001").by("b")._with(in_any_order=True),
    exists("~").by("b"),
    profile="fast",
)
for asked, given in ((0, 400), (400, 400), (401, 401), (4000, 4000), (4001, 4000)):
    case(
        f"a timeout of {asked} ms with a tick of 200 ms becomes {given}",
        connect(asked).negotiates(given),
        profile="fast",
    )

# -- containers

case(
    "a used container is removed once it is empty",
    create_container("~/c"),
    create("~/c/x"),
    get("~/c", watch=True).by("b"),
    children("~", watch=True).by("b"),
    delete("~/c/x"),
    await_events("NodeDeleted ~/c", "NodeChildrenChanged ~").by("b"),
    profile="fast",
)
case(
    "a container that was never used stays",
    create_container("~/unused"),
    create_container("~/used"),
    create("~/used/x"),
    get("~/used", watch=True).by("b"),
    delete("~/used/x"),
    await_events("NodeDeleted ~/used").by("b"),
    exists("~/unused").by("b"),
    profile="fast",
)
case(
    "a container with a child stays",
    create_container("~/full"),
    create("~/full/x"),
    create("~/full/y"),
    delete("~/full/y"),
    create_container("~/c"),
    create("~/c/x"),
    get("~/c", watch=True).by("b"),
    delete("~/c/x"),
    await_events("NodeDeleted ~/c").by("b"),
    exists("~/full").by("b"),
    profile="fast",
)
case(
    "a persistent node that lost its children stays",
    create("~/p"),
    create("~/p/x"),
    delete("~/p/x"),
    create_container("~/c"),
    create("~/c/x"),
    get("~/c", watch=True).by("b"),
    delete("~/c/x"),
    await_events("NodeDeleted ~/c").by("b"),
    exists("~/p").by("b"),
    profile="fast",
)
case(
    "a container made in a multi is removed as well",
    multi(create("~/c", flags=4)),
    create("~/c/x"),
    get("~/c", watch=True).by("b"),
    delete("~/c/x"),
    await_events("NodeDeleted ~/c").by("b"),
    profile="fast",
)
case(
    "a container whose ephemeral child went is removed",
    create_container("~/c"),
    create("~/c/e", flags=1).by("s"),
    get("~/c", watch=True).by("b"),
    close_session().by("s"),
    await_events("NodeDeleted ~/c").by("b"),
    profile="fast",
)
case(
    "nested containers go from the leaf up",
    create_container("~/c"),
    create_container("~/c/d"),
    create("~/c/d/x"),
    connect(4000).by("b"),
    add_watch("~", 1).by("b"),
    delete("~/c/d/x"),
    await_events("NodeDeleted ~/c/d/x", "NodeDeleted ~/c/d", "NodeDeleted ~/c").by("b"),
    profile="fast",
)

# -- TTL nodes

case(
    "a TTL node shows no owner",
    create_ttl("~/t").returns(path="~/t", stat__ephemeralOwner=0),
    get("~/t"),
    profile="ttl",
)
case("a sequential TTL node", create_ttl("~/t-", flags=6).returns(path="~/t-0000000000"), profile="ttl")
for ttl in (1, 1000, TTL_MAX):
    case(f"a ttl of {ttl} is fine", create_ttl("~/t", ttl=ttl), exists("~/t"), profile="ttl")
for ttl in (0, -1, TTL_MAX + 1, -TTL_MAX, 1 << 62):
    case(
        f"a ttl of {ttl} is a bad argument",
        create_ttl("~/t", ttl=ttl).fails(-8),
        create_ttl("~/t", ttl=ttl, flags=6).fails(-8),
        multi(create_ttl("~/t", ttl=ttl)).results(-8),
        profile="ttl",
    )
for flags in (0, 1, 2, 3, 4):
    case(
        f"createTTL with flag {flags} and a ttl is a bad argument",
        create_ttl("~/t", flags=flags).fails(-8),
        profile="ttl",
    )
case(
    "createTTL with unknown flags",
    create_ttl("~/t", flags=7).fails(-8),
    create_ttl("~/t", flags=-1).fails(-8),
    profile="ttl",
)
case(
    "create with TTL flags has no ttl",
    create("~/t", flags=5).fails(-8),
    create2("~/t", flags=6).fails(-8),
    create_container("~/t", flags=5).fails(-8),
    profile="ttl",
)
case(
    "a TTL node in a multi",
    multi(create_ttl("~/t"), create_ttl("~/t-", flags=6), create("~/t/c")),
    children("~"),
    profile="ttl",
)
case(
    "a TTL node may have children",
    create_ttl("~/t"),
    create("~/t/c"),
    create("~/t/e", flags=1),
    delete("~/t").fails(-111),
    exists("~/t"),
    profile="ttl",
)
case(
    "the checks of createTTL in their order",
    create_ttl("~/no/t", acl=[]).fails(-114),
    create_ttl("x").fails(-8),
    create_ttl("~/no/t").fails(-101),
    create_ttl("~/t", ttl=0, acl=[]).fails(-8),
    create("~/x"),
    create_ttl("~/x").fails(-110),
    profile="ttl",
)
case(
    "a TTL node is removed when its time is over",
    create_ttl("~/t", ttl=50),
    exists("~/t", watch=True),
    await_events("NodeDeleted ~/t"),
    exists("~/t").fails(-101),
    profile="fast",
)
case(
    "a sequential TTL node is removed as well",
    create_ttl("~/t", ttl=50, flags=6),
    children("~", watch=True),
    await_events("NodeChildrenChanged ~"),
    profile="fast",
)
case(
    "a TTL node with a child stays until the child goes",
    create_ttl("~/t", ttl=1),
    create("~/t/c"),
    create_ttl("~/u", ttl=1),
    exists("~/u", watch=True),
    await_events("NodeDeleted ~/u"),
    exists("~/t"),
    delete("~/t/c"),
    exists("~/t", watch=True),
    await_events("NodeDeleted ~/t"),
    profile="fast",
)
case(
    "a TTL node with a long time stays",
    create_ttl("~/long", ttl=3600000),
    create_ttl("~/t", ttl=1),
    exists("~/t", watch=True),
    await_events("NodeDeleted ~/t"),
    exists("~/long"),
    profile="fast",
)
