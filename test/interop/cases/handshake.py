"""Section 2: the connect request, what it negotiates, and how a session is resumed or refused."""

from scenario import *  # the vocabulary of cases
from wire import frame, int4, int8

# -- 2.1 records

case("a request with readOnly gets a reply with readOnly", connect(read_only=False), ping())
case("a request with readOnly set gets a read-write server", connect(read_only=True), create("~/x"))
case("a request without readOnly gets a reply without it", connect(read_only=None), create("~/x"))

for version in (7, -1, 0x7FFFFFFF):
    case(f"the protocol version {version} of the client is ignored", connect(protocol_version=version), ping())

for what, password in (("an empty", b""), ("a null", None), ("a short", b"abc"), ("a long", b"x" * 100)):
    case(f"{what} password makes a new session and gets a real one", connect(password=password), ping())

case(
    "a password length that runs past the frame closes the connection",
    open_socket(),
    send(frame(int4(0) + int8(0) + int4(10000) + int8(0) + int4(1000) + bytes(16))),
    closes(),
)
case(
    "a negative password length closes the connection",
    open_socket(),
    send(frame(int4(0) + int8(0) + int4(10000) + int8(0) + int4(-7) + bytes(16))),
    closes(),
)

case(
    "requests right behind the handshake are answered in order once the session exists",
    connect(
        behind=[
            auth("digest", b"bob:pw"),
            create("~/x", b"d"),
            get("~/x").returns(data=b"d"),
            set_watches(0, data=["~/x"]).returns(),
            ping(),
        ]
    ).sees("NodeDataChanged ~/x"),
    who_am_i(),
)
case(
    "requests behind a failed login right behind the handshake are discarded",
    create("~/x").by("a"),
    connect(
        behind=[
            auth("nosuch", b"").fails(-115),
            set_data("~/x", b"behind").closes_without_reply(),
            create("~/y").closes_without_reply(),
        ]
    ).by("b"),
    get("~/x").by("a").returns(data=b""),
    exists("~/y").by("a").fails(-101),
)
case(
    "requests behind a closeSession right behind the handshake are discarded",
    connect(behind=[close_session(), exists("/").closes_without_reply()]).by("b"),
)
case(
    "requests behind a refused handshake are discarded",
    connect().by("a"),
    create("~/x"),
    resume("a", wrong_password=True, behind=[set_data("~/x", b"stolen")]).by("b").is_refused(),
    get("~/x").by("c").returns(data=b""),
)

# -- 2.2 negotiation

for asked, given in (
    (0, 4000),
    (-5, 4000),
    (3999, 4000),
    (4000, 4000),
    (4001, 4001),
    (10001, 10001),
    (39999, 39999),
    (40000, 40000),
    (40001, 40000),
    (2147483647, 40000),
    (-2147483648, 4000),
):
    case(f"a timeout of {asked} ms becomes {given}", connect(asked).negotiates(given))

case(
    "a client that has seen the future is closed without a reply",
    connect(last_zxid=0x7FFFFFFFFFFFFFFF).is_closed_silently(),
)
case(
    "a client that has seen the present is welcome",
    create("~/x"),
    remember("now"),
    connect(last_zxid=zxid_of("now")).by("b"),
    get("~/x").by("b"),
)
case(
    "a client one zxid ahead is closed without a reply",
    create("~/x"),
    remember("now"),
    connect(last_zxid=zxid_of("now", 1)).by("b").is_closed_silently(),
    ping(),
)
case("a negative last zxid is the past", connect(last_zxid=-1), ping())
case(
    "a returning client that has seen the future is closed without a reply and keeps its session",
    create("~/e", flags=1),
    remember("now"),
    drop(),
    resume("a", last_zxid=zxid_of("now", 1000)).by("b").is_closed_silently(),
    resume("a").by("c"),
    exists("~/e").by("c").returns(stat__ephemeralOwner=session_of("a")),
)

# -- resuming

case(
    "a dropped connection resumes its session with the same id and password",
    create("~/e", flags=1),
    drop(),
    resume("a").by("b"),
    exists("~/e").by("b"),
)
case(
    "resuming negotiates a new timeout",
    connect(10000).negotiates(10000),
    drop(),
    resume("a", 5000).by("b").negotiates(5000),
    drop().by("b"),
    resume("a", 999999).by("c").negotiates(40000),
)
case(
    "resuming while the old connection lives closes the old one", ping(), resume("a").by("b"), closes(), ping().by("b")
)
case("a resumed session without readOnly gets a short reply", ping(), drop(), resume("a", read_only=None).by("b"))
case(
    "an ephemeral may be removed by the resumed session",
    create("~/e", flags=1),
    drop(),
    resume("a").by("b"),
    close_session().by("b"),
    exists("~/e").by("c").fails(-101),
)

for what, options in (
    ("a null", {"password": None}),
    ("an empty", {"password": b""}),
    ("a short", {"password": b"1234"}),
    ("a zero", {"password": bytes(16)}),
    ("a longer", {"password": bytes(17)}),
):
    case(
        f"{what} password of a living session is refused",
        ping(),
        drop(),
        resume("a", **options).by("b").is_refused(),
        resume("a").by("c"),
        ping().by("c"),
    )

case(
    "a wrong password is refused and the rightful connection stays",
    ping(),
    resume("a", wrong_password=True).by("b").is_refused(),
    ping().differs("wrong-password-kicks-the-owner"),
    resume("a").by("c"),
    ping().by("c"),
)
case("an unknown session is refused", connect(session_id=0x0100123456789ABC, password=bytes(16)).is_refused())
case("a negative unknown session is refused", connect(session_id=-2, password=bytes(16)).is_refused())
case(
    "an unknown session without readOnly is refused with a short reply",
    connect(session_id=12345, password=bytes(16), read_only=None).is_refused(),
)
case("an unknown session with readOnly set is refused", connect(session_id=12345, read_only=True).is_refused())
case("a closed session is refused", connect(), close_session(), resume("a").by("b").is_refused())
case(
    "a session closed elsewhere is refused",
    ping(),
    drop(),
    resume("a").by("b"),
    close_session().by("b"),
    resume("a").by("c").is_refused(),
)

case(
    "watches do not survive a reconnect",
    create("~/x"),
    get("~/x", watch=True),
    drop(),
    resume("a").by("b"),
    set_data("~/x", b"1").by("c"),
    events().by("b"),
)
case(
    "identities do not survive a reconnect",
    auth("digest", b"bob:pw"),
    who_am_i(),
    drop(),
    resume("a").by("b"),
    who_am_i().by("b"),
)
case(
    "a pipeline on a resumed session is answered",
    ping(),
    drop(),
    resume("a").by("b"),
    pipeline(create("~/x"), get("~/x")).by("b"),
)
