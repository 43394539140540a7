"""Section 7.3: quotas are ordinary nodes that the server reads and keeps up to date."""

from scenario import *  # the vocabulary of cases


def quota_on(text):
    """The two nodes of a quota on the case's own root."""
    return (
        create(lambda run: "/zookeeper/quota" + run.root),
        create(lambda run: f"/zookeeper/quota{run.root}/zookeeper_limits", text),
        create(lambda run: f"/zookeeper/quota{run.root}/zookeeper_stats", b"count=0,bytes=0"),
    )


def quota_below(name, text):
    return (
        create(lambda run: f"/zookeeper/quota{run.root}/{name}"),
        create(lambda run: f"/zookeeper/quota{run.root}/{name}/zookeeper_limits", text),
        create(lambda run: f"/zookeeper/quota{run.root}/{name}/zookeeper_stats", b"count=0,bytes=0"),
    )


STATS = get(lambda run: f"/zookeeper/quota{run.root}/zookeeper_stats")
LIMITS = get(lambda run: f"/zookeeper/quota{run.root}/zookeeper_limits")

for profile in ("main", "quota"):
    suffix = "" if profile == "main" else " with enforced quotas"
    case(
        "the stats node is overwritten with the real totals" + suffix,
        create("~/x", b"12345"),
        *quota_on(b"count=10,bytes=-1"),
        STATS.returns(data=b"count=2,bytes=5"),
        profile=profile,
    )
    case(
        "every change below updates the stats in place" + suffix,
        *quota_on(b"count=100,bytes=1000"),
        create("~/x", b"123"),
        STATS,
        set_data("~/x", b"1234567"),
        STATS,
        create("~/x/y", b"1"),
        STATS,
        set_data("~/x/y", None),
        STATS,
        delete("~/x/y"),
        STATS,
        set_data("~", b"root"),
        STATS,
        delete("~/x"),
        STATS,
        LIMITS,
        profile=profile,
    )
    case(
        "soft limits are not enforced" + suffix,
        *quota_on(b"count=1,bytes=1"),
        create("~/x", b"123"),
        create("~/y", b"123"),
        set_data("~/x", b"1234"),
        STATS,
        profile=profile,
    )
case(
    "the update of stats fires no watch",
    *quota_on(b"count=10,bytes=-1"),
    STATS._with(fields=dict(STATS.fields, watch=True)),
    create("~/x"),
    events(),
    STATS,
)
case(
    "hard limits are not enforced by default",
    *quota_on(b"count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1"),
    create("~/x", b"12345"),
    create("~/y", b"12"),
    STATS,
)
case(
    "a multi updates the stats",
    *quota_on(b"count=10,bytes=10"),
    multi(create("~/x", b"12"), create("~/y", b"3"), delete("~/x")),
    STATS,
)
case(
    "a failed multi does not update the stats",
    *quota_on(b"count=10,bytes=10"),
    multi(create("~/x", b"12"), delete("~/no")).results(0, -101),
    STATS,
)
case(
    "ephemerals are counted and uncounted",
    *quota_on(b"count=10,bytes=10"),
    create("~/e", b"12", flags=1).by("s"),
    STATS,
    close_session().by("s"),
    STATS,
)
case(
    "a quota covers components and not characters",
    create("~/q"),
    create("~/qq"),
    create(lambda run: "/zookeeper/quota" + run.root),
    *quota_below("q", b"count=10,bytes=-1"),
    create("~/qq/x", b"12"),
    create("~/q/x", b"123"),
    get(lambda run: f"/zookeeper/quota{run.root}/q/zookeeper_stats").returns(data=b"count=2,bytes=3"),
)
case(
    "only the longest prefix is updated",
    *quota_on(b"count=10,bytes=-1"),
    create("~/q"),
    *quota_below("q", b"count=10,bytes=-1"),
    create("~/q/x", b"123"),
    get(lambda run: f"/zookeeper/quota{run.root}/q/zookeeper_stats"),
    STATS,
    create("~/y", b"1"),
    STATS,
)
case(
    "deleting the limits disarms the quota",
    *quota_on(b"count=10,bytes=-1"),
    create("~/x"),
    STATS,
    delete(lambda run: f"/zookeeper/quota{run.root}/zookeeper_limits"),
    create("~/y"),
    STATS,
)
case(
    "limits without a stats node",
    create(lambda run: "/zookeeper/quota" + run.root),
    create(lambda run: f"/zookeeper/quota{run.root}/zookeeper_limits", b"count=10,bytes=-1"),
    create("~/x", b"1"),
    set_data("~/x", b"2"),
    delete("~/x"),
)

# -- enforced

HARD_COUNT = b"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3"
HARD_BYTES = b"count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=-1"


def enforced(name, *steps):
    case(name, *steps, profile="quota")


enforced(
    "the hard count refuses the create that exceeds it",
    *quota_on(HARD_COUNT),
    create("~/1"),
    create("~/2"),
    create("~/3").fails(-125),
    create("~/1/x").fails(-125),
    STATS,
    delete("~/1"),
    create("~/3"),
    STATS,
)
enforced(
    "the hard bytes refuse what exceeds them",
    *quota_on(HARD_BYTES),
    create("~/x", b"12345"),
    create("~/y", b"123456").fails(-125),
    create("~/y", b"12345"),
    set_data("~/y", b"123456").fails(-125),
    set_data("~/y", b"1"),
    set_data("~/x", b"123456789"),
    create("~/z"),
    STATS,
)
enforced(
    "setData on the prefix itself counts",
    *quota_on(HARD_BYTES),
    set_data("~", b"x" * 11).fails(-125),
    set_data("~", b"x" * 10),
    STATS,
)
enforced(
    "the quota wins over the version",
    *quota_on(HARD_BYTES),
    set_data("~", b"x" * 11, 99).fails(-125),
    set_data("~", b"x", 99).fails(-103),
)
enforced(
    "an existing node wins over the quota",
    *quota_on(HARD_COUNT),
    create("~/1"),
    create("~/2"),
    create("~/2").fails(-110),
)
enforced(
    "an ACL wins over the quota",
    *quota_on(HARD_COUNT),
    create("~/1", acl=[(1, "world", "anyone")]),
    create("~/2"),
    create("~/1/x").fails(-102),
)
enforced(
    "a multi over the quota",
    *quota_on(HARD_COUNT),
    create("~/1"),
    create("~/2"),
    multi(set_data("~/1", b"x"), create("~/3")).results(0, -125),
    STATS,
)
enforced(
    "the super user is not exempt",
    *quota_on(HARD_COUNT),
    become_super(),
    create("~/1"),
    create("~/2"),
    create("~/3").fails(-125),
)
enforced(
    "a create without data passes a byte limit of zero",
    *quota_on(b"count=-1,bytes=-1=;byteHardLimit=0;countHardLimit=-1"),
    create("~/x"),
    create("~/y", b"1").fails(-125),
    create("~/z", None),
)
enforced(
    "sequential and container creates are counted",
    *quota_on(HARD_COUNT),
    create("~/s", flags=2),
    Request("createContainer", path="~/c"),
    create("~/s", flags=2).fails(-125),
    create("~/e", flags=1).fails(-125),
)
enforced(
    "a soft limit does not matter beside a hard one",
    *quota_on(b"count=1,bytes=1=;byteHardLimit=100;countHardLimit=5"),
    create("~/1", b"123"),
    create("~/2", b"123"),
    STATS,
)
enforced(
    "limits with all separators",
    *quota_on(b"count=5,bytes=-1=;byteHardLimit=4;countHardLimit=-1"),
    create("~/x", b"12345").fails(-125),
    create("~/x", b"1234"),
    LIMITS,
)
enforced(
    "limits changed by setData are obeyed",
    *quota_on(HARD_COUNT),
    create("~/1"),
    create("~/2"),
    create("~/3").fails(-125),
    set_data(
        lambda run: f"/zookeeper/quota{run.root}/zookeeper_limits",
        b"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=4",
    ),
    create("~/3"),
    create("~/4").fails(-125),
)
enforced(
    "a quota below another is obeyed alone",
    *quota_on(b"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2"),
    create("~/q"),
    *quota_below("q", b"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3"),
    create("~/q/1"),
    create("~/q/2"),
    create("~/q/3").fails(-125),
    create("~/other").fails(-125),
)
enforced(
    "limits that cannot be read are ignored",
    *quota_on(b"no limits at all"),
    create("~/x").differs("unreadable-quota-create"),
    set_data("~", b"1").differs("unreadable-quota-set"),
)
