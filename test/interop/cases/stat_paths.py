"""Sections 6, 7.1 and 7.2: what a Stat counts, which paths may be written, and the reserved nodes."""

from scenario import *  # the vocabulary of cases
from wire import OPEN_ACL

# -- 6 Stat

case(
    "the tree of a new server",
    exists("/"),
    get("/"),
    exists("/zookeeper"),
    children2("/zookeeper"),
    get("/zookeeper/config"),
    get("/zookeeper/quota"),
    get_acl("/"),
    get_acl("/zookeeper"),
    get_acl("/zookeeper/config"),
    get_acl("/zookeeper/quota"),
    count_all("/").returns(count=3),
    count_all("").differs("count-below-the-empty-path"),
    rootless=True,
    profile="no-acl",
)
case(
    "a new node",
    create("~/x", b"abc"),
    get("~/x").returns(
        stat__version=0,
        stat__cversion=0,
        stat__aversion=0,
        stat__dataLength=3,
        stat__numChildren=0,
        stat__ephemeralOwner=0,
    ),
)
case("a node with null data has the length 0", create("~/x", None), exists("~/x").returns(stat__dataLength=0))
case(
    "setData advances version and mzxid only",
    create("~/x"),
    exists("~/x"),
    set_data("~/x", b"1234"),
    exists("~/x").returns(stat__version=1, stat__cversion=0, stat__aversion=0, stat__dataLength=4),
)
case(
    "setACL advances aversion only and no zxid",
    create("~/x"),
    set_acl("~/x", OPEN_ACL),
    exists("~/x").returns(stat__version=0, stat__cversion=0, stat__aversion=1),
)
case(
    "a created child advances cversion and pzxid of the parent",
    create("~/p"),
    create("~/p/1"),
    create("~/p/2"),
    exists("~/p").returns(stat__cversion=2, stat__numChildren=2, stat__version=0),
)
case(
    "a deleted child advances cversion and pzxid of the parent",
    create("~/p"),
    create("~/p/1"),
    create("~/p/2"),
    delete("~/p/1"),
    exists("~/p").returns(stat__cversion=3, stat__numChildren=1),
    delete("~/p/2"),
    exists("~/p").returns(stat__cversion=4, stat__numChildren=0),
)
case(
    "grandchildren and the data of a child change nothing",
    create("~/p"),
    create("~/p/c"),
    exists("~/p"),
    create("~/p/c/d"),
    set_data("~/p/c", b"1"),
    set_acl("~/p/c", OPEN_ACL),
    delete("~/p/c/d"),
    exists("~/p").returns(stat__cversion=1),
)
case(
    "failed writes change nothing",
    create("~/p"),
    create("~/p/c"),
    create("~/p/c").fails(-110),
    delete("~/p/no").fails(-101),
    set_data("~/p", b"", 7).fails(-103),
    delete("~/p").fails(-111),
    exists("~/p").returns(stat__cversion=1, stat__version=0),
)
case("reads change nothing", create("~/p"), exists("~/p"), get("~/p"), children2("~/p"), get_acl("~/p"), exists("~/p"))
case(
    "the ephemerals of a session advance the parent one by one at one zxid",
    create("~/p"),
    create("~/p/1", flags=1).by("s"),
    create("~/p/2", flags=1).by("s"),
    create("~/p/3", flags=1).by("s"),
    close_session().by("s"),
    exists("~/p").returns(stat__cversion=6, stat__numChildren=0),
)
case(
    "versions of a multi",
    create("~/p"),
    multi(create("~/p/1"), create("~/p/2"), delete("~/p/1"), set_data("~/p", b"1"), set_data("~/p", b"2")),
    exists("~/p").returns(stat__cversion=3, stat__version=2, stat__numChildren=1),
)
case(
    "a container counts like any parent",
    create_container("~/c"),
    create("~/c/1"),
    create("~/c/2"),
    delete("~/c/1"),
    exists("~/c"),
)
case(
    "version 100 after a hundred changes",
    create("~/x"),
    *[set_data("~/x", b"%d" % index, index) for index in range(100)],
    exists("~/x").returns(stat__version=100),
)
case(
    "every stat of one history agrees",
    create2("~/p", b"1"),
    create2("~/p/c", b"22"),
    set_data("~/p", b"333"),
    get("~/p"),
    exists("~/p"),
    children2("~/p"),
    get_acl("~/p"),
    set_acl("~/p", OPEN_ACL),
    set_data("~/p/c", b""),
    get("~/p/c"),
)

# -- 7.1 paths

for name, path in (
    ("no slash", "x"),
    ("nothing", ""),
    ("a dot", "~/."),
    ("two dots", "~/.."),
    ("a trailing slash", "~/x/"),
    ("U+0001", "~/\x01"),
    ("U+001F", "~/\x1f"),
    ("U+007F", "~/\x7f"),
    ("U+0085", "~/\x85"),
    ("U+009F", "~/\x9f"),
    ("U+D800", b"/a\xed\xa0\x80"),
    ("U+E000", "~/\ue000"),
    ("U+F8FF", "~/\uf8ff"),
    ("U+FFF0", "~/\ufff0"),
    ("U+FFFD", "~/\ufffd"),
    ("U+FFFF", "~/\uffff"),
    ("U+1F600", "~/\U0001f600"),
    ("U+10FFFF", "~/\U0010ffff"),
    ("a newline", "~/a\nb"),
    ("a tab", "~/\t"),
    ("a NUL", "~/\0"),
):
    missing_parent = name == "a trailing slash"
    case(f"a path with {name} cannot be created", create(path).fails(-101 if missing_parent else -8))
    case(f"a path with {name} cannot be set", set_data(path).fails(-8), set_acl(path, OPEN_ACL).fails(-8))
case(
    "an empty component",
    create("//a").fails(-8),
    create("~//a").fails(-101),
    create("~/a"),
    create("~//a").fails(-101),
    set_data("//a").fails(-8),
)
case(
    "a dot in the middle",
    create("~/a"),
    create("~/a/./b").fails(-101),
    create("~/a/../b").fails(-101),
    set_data("~/a/./b").fails(-8),
)
for name in (
    "...",
    ".x",
    "x.",
    "..x",
    " ",
    "a b",
    "\u00a0",
    "\uf900",
    "ï",
    "\u2603",
    "~",
    "@#$%^&*()",
    "zookeeper",
    "0",
    "-",
    "\ud7ff",
    "\uffef",
    '"quoted"',
    "\\",
    "a:b;c=d,e",
):
    case(
        f"the name {name!r} is fine",
        create("~/" + name, b"d").returns(path="~/" + name),
        get("~/" + name).returns(data=b"d"),
        set_data("~/" + name),
        delete("~/" + name),
    )
case(
    "a path that is a slash longer",
    create("~/x"),
    exists("~/x/").fails(-101),
    get("~/x/").fails(-101),
    delete("~/x/").fails(-101),
)

# -- 7.2 reserved nodes

case(
    "a node below /zookeeper is an ordinary one",
    create("/zookeeper/differential", b"x"),
    get("/zookeeper/differential"),
    set_data("/zookeeper/differential", b"y"),
    create("/zookeeper/differential/z"),
    delete("/zookeeper/differential/z"),
    delete("/zookeeper/differential"),
)
case(
    "the data of /zookeeper may be set",
    set_data("/zookeeper", b"z"),
    get("/zookeeper").returns(data=b"z"),
    set_data("/zookeeper", b""),
)
case(
    "/zookeeper/config may be read and not written",
    get("/zookeeper/config", watch=True),
    set_data("/zookeeper/config", b"x").fails(-102),
    create("/zookeeper/config/x").fails(-102),
    set_acl("/zookeeper/config", OPEN_ACL).fails(-102),
    get_acl("/zookeeper/config"),
)
case(
    "creating what is reserved",
    create("/zookeeper").fails(-110),
    create("/zookeeper/quota").fails(-110),
    create("/zookeeper/config").fails(-110),
)
case(
    "a multi cannot delete what is reserved",
    multi(delete("/zookeeper/quota")).results(-8),
    multi(delete("/zookeeper/config")).results(-8),
)
case(
    "the super user cannot delete what is reserved",
    become_super(),
    delete("/zookeeper").fails(-8),
    delete("/").fails(-8),
    delete("/zookeeper/config").fails(-8),
)
case(
    "nothing is at /keeper",
    get("/keeper/feature_flags").fails(-101),
    get("/keeper/api_version").fails(-101),
    get("/keeper/availability_zone").fails(-101),
    exists("/keeper").fails(-101),
)

# -- 7.5 reconfig on a single server

case(
    "reconfig is disabled by default",
    Request("reconfig", leaving="1").fails(-123),
    become_super(),
    Request("reconfig", joining="server.2=127.0.0.1:1:2:participant;127.0.0.1:3").fails(-123),
    Request("reconfig", members="x").fails(-123),
    ping(),
)
case(
    "reconfig of a single server is unimplemented",
    Request("reconfig", leaving="1").fails(-6),
    become_super(),
    Request("reconfig", joining="server.2=127.0.0.1:1:2:participant;127.0.0.1:3").fails(-6),
    Request("reconfig", config_id=5).fails(-6),
    Request("reconfig").with_record(b"\0").differs("undecodable-reconfig-zxid"),
    profile="limits",
)
