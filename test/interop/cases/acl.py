"""Section 9: ACL lists, identities, authentication, and who may do what."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL

BOB, ANN = digest_id("bob:pw"), digest_id("ann:pw")
AS_BOB, AS_ANN = auth("digest", b"bob:pw"), auth("digest", b"ann:pw")

# -- lists (9.3)

case(
    "a stored ACL is returned as it was given",
    create("~/x", acl=[(31, "world", "anyone"), (5, "ip", "127.0.0.1"), (1, "digest", "u:hash")]),
    get_acl("~/x"),
)
for name, acl in (
    ("a null list", None),
    ("an empty list", []),
    ("world with another id", [(31, "world", "someone")]),
    ("world with an empty id", [(31, "world", "")]),
    ("an unknown scheme", [(31, "nosuch", "x")]),
    ("an empty scheme", [(31, "", "x")]),
    ("the super scheme", [(31, "super", "")]),
    ("a null scheme", [(31, None, "anyone")]),
    ("sasl when it is off", [(31, "sasl", "user@REALM")]),
    ("x509 when it is off", [(31, "x509", "CN=x")]),
    ("a digest without a colon", [(31, "digest", "user")]),
    ("a digest with two colons", [(31, "digest", "user:a:b")]),
    ("a digest with nothing behind the colon", [(31, "digest", "user:")]),
    ("an empty digest", [(31, "digest", "")]),
    ("a digest of a colon", [(31, "digest", ":")]),
    ("an empty ip", [(31, "ip", "")]),
    ("an ip of three parts", [(31, "ip", "10.0.0")]),
    ("an ip of five parts", [(31, "ip", "1.2.3.4.5")]),
    ("an ip part over 255", [(31, "ip", "10.0.0.256")]),
    ("a negative ip part", [(31, "ip", "10.0.0.-1")]),
    ("a name as ip", [(31, "ip", "localhost")]),
    ("33 bits of an ip", [(31, "ip", "10.0.0.0/33")]),
    ("negative bits of an ip", [(31, "ip", "10.0.0.0/-1")]),
    ("letters as bits of an ip", [(31, "ip", "10.0.0.0/x")]),
    ("auth without an identity", [(31, "auth", "")]),
    ("one good and one bad entry", [(31, "world", "anyone"), (31, "ip", "x")]),
):
    case(f"{name} is no valid ACL", create("~/x", acl=acl).fails(-114), create("~/y"), set_acl("~/y", acl).fails(-114))
for name, entry in (
    ("digest", (31, "digest", "user:anything")),
    ("a digest without a user", (31, "digest", ":hash")),
    ("ip", (31, "ip", "10.1.2.3")),
    ("ip with bits", (31, "ip", "10.0.0.0/8")),
    ("ip with 0 bits", (31, "ip", "0.0.0.0/0")),
    ("ip with 32 bits", (31, "ip", "10.0.0.1/32")),
    ("no permissions", (0, "world", "anyone")),
    ("all bits", (-1, "world", "anyone")),
    ("unknown bits", (1 << 20 | 31, "world", "anyone")),
):
    case(f"an ACL of {name} is stored unchanged", create("~/x", acl=[entry, (16, "ip", "127.0.0.1")]), get_acl("~/x"))
case("a null id is a marshalling error", create("~/x", acl=[(31, "world", None)]).fails(-5), ping())
case(
    "exact duplicates are removed and the order is kept",
    create("~/x", acl=[(1, "ip", "1.1.1.1"), (31, "world", "anyone"), (1, "ip", "1.1.1.1"), (2, "ip", "1.1.1.1")]),
    get_acl("~/x"),
)
case("auth becomes the identities of the caller", AS_BOB, create("~/x", acl=[(31, "auth", "ignored")]), get_acl("~/x"))
case(
    "auth becomes one entry for each identity",
    AS_BOB,
    create("~/x", acl=[(31, "auth", "")]),
    get_acl("~/x"),
    get("~/x").by("other").fails(-102),
)
case(
    "auth becomes an entry of the same permissions",
    AS_BOB,
    create("~/x", acl=[(17, "auth", ""), (2, "world", "anyone")]),
    get_acl("~/x"),
    set_data("~/x"),
    get("~/x"),
    get("~/x").by("b").fails(-102),
)
case(
    "auth that repeats an entry is stored once",
    AS_BOB,
    create("~/x", acl=[(31, "digest", BOB), (31, "auth", "")]),
    get_acl("~/x"),
)

# -- authentication (9.1, 9.2)

case("auth succeeds without a body", AS_BOB, AS_BOB, who_am_i())
for data in (b"nocolon", b"", b":", b"a:b:c", b"\xff:\xfe", "zażółć:gęśl".encode()):
    case(
        f"digest accepts {data!r}",
        auth("digest", data),
        create("~/x", acl=[(31, "auth", "")]),
        get_acl("~/x"),
        get("~/x"),
    )
case("digest refuses a null buffer", auth("digest", None).fails(-115).then_closes())
for scheme in ("world", "auth", "nosuch", "", "super", "sasl", "x509"):
    case(f"the scheme {scheme!r} cannot authenticate", auth(scheme, b"x").fails(-115).then_closes())
case("a null scheme cannot authenticate", auth(None, b"x").fails(-115).then_closes())
case("ip authentication adds nothing", auth("ip", b"10.0.0.1"), who_am_i())
case("the type of an auth request is ignored", auth("digest", b"bob:pw", kind=99), who_am_i())
case(
    "requests before a failed auth are answered",
    create("~/x"),
    auth("nosuch", b"").fails(-115).then_closes(),
    exists("~/x").by("b"),
)
case(
    "a failed auth does not end the session",
    create("~/e", flags=1),
    auth("nosuch", b"").fails(-115).then_closes(),
    resume("a").by("b"),
    exists("~/e").by("b"),
)
case(
    "auth is for one connection only",
    AS_BOB,
    create("~/x", acl=[(31, "auth", "")]),
    get("~/x").by("b").fails(-102),
    AS_BOB.by("b"),
    get("~/x").by("b"),
)
case(
    "auth right before a request in one pipeline is in effect for it",
    create("~/x", acl=[(31, "digest", BOB)]),
    pipeline(AS_BOB, get("~/x"), who_am_i()),
)
case(
    "the reply to auth keeps its place in a pipeline",
    ping(),
    pipeline(create("~/x", acl=[(31, "world", "anyone")]), AS_BOB, get("~/x")).differs("auth-reply-order"),
)
case("auth with a null id is expanded as any other", AS_BOB, create("~/x", acl=[(31, "auth", None)]), get_acl("~/x"))
case("sasl without configuration answers a null token", sasl(b""), sasl(b"token"), ping())
case("whoAmI shows every identity", AS_BOB, AS_ANN, who_am_i())
case(
    "the super user is shown and may do anything",
    create("~/x", acl=[(0, "world", "anyone")]),
    become_super().by("s"),
    who_am_i().by("s"),
    get("~/x").by("s"),
    set_data("~/x", b"1").by("s"),
    set_acl("~/x", [(1, "ip", "9.9.9.9")]).by("s"),
    get_acl("~/x").by("s"),
    create("~/x/c", acl=[(0, "world", "anyone")]).by("s"),
    delete("~/x/c").by("s"),
    get("~/x").fails(-102),
)
case(
    "super:wrong is an ordinary user",
    auth("digest", b"super:wrong"),
    who_am_i(),
    create("~/x", acl=[(0, "world", "anyone")]),
    get("~/x").fails(-102),
)

# -- checking (9.4)

PERMISSIONS = ((1, "READ"), (2, "WRITE"), (4, "CREATE"), (8, "DELETE"), (16, "ADMIN"))
for bit, name in PERMISSIONS:

    def allowed(request, needed):
        return request if bit & needed else request.fails(-102)

    case(
        f"a node and parent that give only {name}",
        create("~/x"),
        create("~/x/c"),
        set_acl("~/x", [(bit, "world", "anyone")]),
        allowed(get("~/x"), 1),
        allowed(children("~/x"), 1),
        allowed(count_all("~/x"), 1),
        allowed(get_acl("~/x"), 17),
        allowed(set_data("~/x", b"1"), 2),
        allowed(create("~/x/new"), 4),
        allowed(delete("~/x/c"), 8),
        allowed(set_acl("~/x", [(bit, "world", "anyone")]), 16),
    )
case(
    "the ip of the connection is an identity",
    create("~/yes", acl=[(31, "ip", "127.0.0.1")]),
    create("~/no", acl=[(31, "ip", "127.0.0.2")]),
    get("~/yes"),
    get("~/no").fails(-102),
)
for mask, allowed_code in (
    ("127.0.0.0/8", 0),
    ("127.0.0.0/30", 0),
    ("127.0.0.2/31", -102),
    ("0.0.0.0/0", 0),
    ("126.0.0.0/7", 0),
    ("128.0.0.0/1", -102),
    ("127.0.0.1/32", 0),
    ("126.255.0.0/16", -102),
):
    case(
        f"the ip ACL {mask} is compared by its bits",
        create("~/x", acl=[(31, "ip", mask)]),
        get("~/x").fails(allowed_code),
    )
case(
    "a digest must be equal",
    create("~/x", acl=[(31, "digest", BOB)]),
    get("~/x").fails(-102),
    AS_ANN,
    get("~/x").fails(-102),
    AS_BOB,
    get("~/x"),
)
case(
    "a digest ACL with a wrong hash lets nobody in",
    AS_BOB,
    create("~/x", acl=[(31, "digest", "bob:nohash")]),
    get("~/x").fails(-102),
)
case(
    "any matching entry is enough",
    create("~/x", acl=[(0, "world", "anyone"), (1, "digest", BOB), (2, "world", "anyone")]),
    get("~/x").fails(-102),
    set_data("~/x"),
    AS_BOB,
    get("~/x"),
    set_acl("~/x", OPEN_ACL).fails(-102),
)
case(
    "ACLs are not inherited",
    AS_BOB,
    create("~/p", acl=[(31, "auth", "")]),
    create("~/p/x"),
    get("~/p/x").by("b"),
    get("~/p").by("b").fails(-102),
)
case(
    "permissions of an operation in a multi",
    create("~/p", acl=[(1, "world", "anyone")]),
    create("~/x"),
    multi(set_data("~/x"), create("~/p/c")).results(0, -102),
    multi(set_data("~/p")).results(-102),
    multi(check("~/p", 0)),
)

# -- getACL and setACL

case(
    "getACL without ADMIN hides the hashes",
    AS_BOB,
    create("~/x", acl=[(31, "auth", ""), (1, "world", "anyone"), (1, "digest", "u:hash"), (1, "ip", "1.2.3.4")]),
    get_acl("~/x"),
    get_acl("~/x")
    .by("b")
    .returns(acl=[[31, "digest", "bob:x"], [1, "world", "anyone"], [1, "digest", "u:x"], [1, "ip", "1.2.3.4"]]),
)
case(
    "setACL advances aversion only",
    create("~/x"),
    set_acl("~/x", [(31, "ip", "127.0.0.1")]).returns(stat__aversion=1),
    get_acl("~/x"),
    exists("~"),
    set_acl("~/x", OPEN_ACL).returns(stat__aversion=2, stat__version=0),
)
case(
    "setACL with the right version",
    create("~/x"),
    set_acl("~/x", OPEN_ACL, 0),
    set_acl("~/x", OPEN_ACL, 1),
    set_acl("~/x", OPEN_ACL, -1),
)
case("setACL with a wrong version", create("~/x"), set_acl("~/x", OPEN_ACL, 4).fails(-103))
case("setACL of a missing node", set_acl("~/no", OPEN_ACL).fails(-101), set_acl("~/no", OPEN_ACL, 5).fails(-101))
case("a bad ACL wins over a missing node in setACL", set_acl("~/no", []).fails(-114))
case("a bad path wins over a bad ACL in setACL", set_acl("bad", []).fails(-8), set_acl("~/", []).fails(-8))
case(
    "ADMIN wins over the version in setACL",
    create("~/x", acl=[(15, "world", "anyone")]),
    set_acl("~/x", OPEN_ACL, 9).fails(-102),
    set_acl("~/x", OPEN_ACL).fails(-102),
)
case(
    "setACL fires no watch",
    create("~/x"),
    get("~/x", watch=True),
    children("~", watch=True),
    add_watch("~/x", 0).by("b"),
    add_watch("~", 1).by("c"),
    set_acl("~/x", [(31, "ip", "127.0.0.1")]),
    events(),
    events().by("b"),
    events().by("c"),
)
case(
    "one may lock oneself out",
    create("~/x"),
    set_acl("~/x", [(31, "ip", "9.9.9.9")]),
    get("~/x").fails(-102),
    set_acl("~/x", OPEN_ACL).fails(-102),
    delete("~/x"),
)
case("setACL on the root", set_acl("/", OPEN_ACL), get_acl("/"))
case("setACL with auth", AS_BOB, create("~/x"), set_acl("~/x", [(31, "auth", "")]), get_acl("~/x"))
