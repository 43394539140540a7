"""Section 15: what the reference does badly. Rows 1 and 2 would kill it, so it is not shown them."""

from scenario import *  # the vocabulary of cases

case(
    "row 1: createTTL with a flag of no TTL and a negative ttl",
    ping(),
    create_ttl("~/t", flags=0, ttl=-1).never_sent_to_zookeeper().differs("kills-the-reference"),
    create_ttl("~/t", flags=1, ttl=-5).never_sent_to_zookeeper().differs("kills-the-reference"),
    create_ttl("~/t", flags=4, ttl=-1).never_sent_to_zookeeper().differs("kills-the-reference"),
    exists("~/t").fails(-101).by("b"),
    profile="ttl",
)
case(
    "row 2: a quota on the root",
    ping(),
    create("/zookeeper/quota/zookeeper_limits", b"count=10,bytes=10").never_sent_to_zookeeper().differs("root-quota"),
    create("~/x").by("b"),
    profile="quota",
)
case(
    "row 7: deleteContainer from a client",
    create_container("~/c"),
    Request("deleteContainer", path="~/c").differs("delete-container-opcode"),
    exists("~/c").by("b"),
)
case("row 8: createSession from a client", ping(), Request("createSession").differs("create-session-opcode"))
