"""Limits, and configurations that change who may do what: sections 1.2, 3.4, 9.2, 10.5, 12."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL, acl_entry, connect_request, frame, ustring, vector

BOB = auth("digest", b"bob:pw")

# -- limits

for asked, given in ((0, 3000), (2999, 3000), (5000, 5000), (7001, 7000), (60000, 7000)):
    case(
        f"a timeout of {asked} ms between configured bounds becomes {given}",
        connect(asked).negotiates(given),
        profile="limits",
    )


def filling(path, frame_size):
    acl = vector(OPEN_ACL, acl_entry)
    return lambda run: bytes(frame_size - 8 - len(ustring(run.resolve(path))) - 4 - len(acl) - 4)


case(
    "a frame of exactly a configured jute.maxbuffer is accepted", create("~/x", filling("~/x", 4096)), profile="limits"
)
case(
    "a frame one byte over a configured jute.maxbuffer closes the connection",
    create("~/x", filling("~/x", 4097)).closes_without_reply(),
    profile="limits",
)
case(
    "an answer may be larger than jute.maxbuffer",
    *[create(f"~/{'n' * 500}{index}") for index in range(12)],
    children("~"),
    profile="limits",
)
case(
    "a pipeline longer than globalOutstandingLimit is answered whole",
    create("~/x"),
    pipeline(*[get("~/x") for _ in range(300)]),
    pipeline(*[set_data("~/x", b"%d" % index) for index in range(100)]),
    profile="limits",
)
case(
    "a connection over maxClientCnxns is closed without a byte",
    ping().by("1"),
    ping().by("2"),
    ping().by("3"),
    ping().by("4"),
    open_socket().by("5"),
    send(frame(connect_request(5000))).by("5"),
    closes().by("5"),
    ping().by("1"),
    ping().by("4"),
    profile="limits",
)
case(
    "a slot is free again once a connection is closed",
    ping().by("1"),
    ping().by("2"),
    ping().by("3"),
    ping().by("4"),
    close_session().by("2"),
    ping().by("5"),
    profile="limits",
)

# -- enforced authentication

for name, request in (
    ("ping", ping()),
    ("a read", get("/")),
    ("a write", create("/enforced")),
    ("closeSession", close_session()),
    ("whoAmI", who_am_i()),
    ("a multi", multi(create("/enforced"))),
):
    case(
        f"{name} before the enforced authentication is refused and the connection closed",
        request.fails(-124).then_closes(),
        profile="enforced-auth",
    )
case(
    "an enforced digest authentication opens the door",
    BOB,
    ping(),
    create("~/x"),
    get("~/x"),
    who_am_i(),
    profile="enforced-auth",
)
case(
    "an identity of another scheme does not satisfy the enforced one",
    auth("ip", b""),
    get("/").fails(-124).then_closes(),
    profile="enforced-auth",
)
case(
    "the enforced authentication may come behind the handshake",
    connect(behind=[BOB, get("/")]),
    ping(),
    profile="enforced-auth",
)
case(
    "the enforced authentication is asked again after a resume",
    BOB,
    ping(),
    resume("a").by("b"),
    get("/").by("b").fails(-124).then_closes(),
    profile="enforced-auth",
)
case(
    "a failed authentication where one is enforced",
    auth("nosuch", b"").fails(-115).then_closes(),
    profile="enforced-auth",
)

# -- without ACL checks

NOTHING = [(0, "world", "anyone")]
case(
    "skipACL allows everything",
    create("~/x", acl=NOTHING),
    get("~/x"),
    set_data("~/x"),
    create("~/x/c", acl=NOTHING),
    children("~/x"),
    get_acl("~/x"),
    set_acl("~/x", [(1, "ip", "9.9.9.9")]),
    delete("~/x/c"),
    exists("~/x"),
    count_all("~/x"),
    delete("~/x"),
    profile="no-acl",
)
case(
    "skipACL still judges lists",
    create("~/x", acl=[]).fails(-114),
    create("~/x", acl=[(31, "nosuch", "x")]).fails(-114),
    profile="no-acl",
)
case(
    "skipACL delivers every event",
    add_watch("~", 1),
    create("~/x", acl=NOTHING).by("b"),
    set_data("~/x").by("b"),
    events("NodeCreated ~/x", "NodeDataChanged ~/x"),
    profile="no-acl",
)
case("skipACL opens /zookeeper/config", set_data("/zookeeper/config", b""), profile="no-acl")
case(
    "getACL under skipACL hides no hash", create("~/x", acl=[(1, "digest", "u:hash")]), get_acl("~/x"), profile="no-acl"
)
