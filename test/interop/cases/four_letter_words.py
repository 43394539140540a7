"""Section 11: the text of four-letter words. Numbers are masked; what stays is the shape that scripts rely on."""

import re

from scenario import *  # the vocabulary of cases

GAUGES = """avg_latency min_latency max_latency packets_received packets_sent num_alive_connections outstanding_requests uptime
znode_count watch_count ephemerals_count approximate_data_size global_sessions local_sessions open_file_descriptor_count
max_file_descriptor_count connection_drop_probability last_client_response_size min_client_response_size
max_client_response_size auth_failed_count non_mtls_remote_conn_count non_mtls_local_conn_count
outstanding_tls_handshake""".split()
# Without those of ZooKeeper's own pipeline stages (names with "processor" or "prep"), which nobody else has.
COUNTERS = """proposal_count commit_count snap_count diff_count looking_count connection_request_count
connection_rejected connection_drop_count connection_revalidate_count revalidate_count stale_sessions_expired
sessionless_connections_expired bytes_received_count response_bytes watch_bytes digest_mismatches_count
throttled_ops large_requests_rejected request_throttle_wait_count stale_requests stale_requests_dropped
stale_replies unrecoverable_error_count response_packet_cache_hits response_packet_cache_misses
response_packet_get_children_cache_hits response_packet_get_children_cache_misses""".split()
SUMMARIES = "fsynctime snapshottime".split()
ADVANCED_SUMMARIES = "readlatency updatelatency".split()


def masked(text):
    """Numbers, dates and versions replaced by what they are."""
    text = re.sub(
        r"(?m)^Zookeeper version: \d+\.\d+\.\d+\S*, built on .+$", "Zookeeper version: <version>, built on <date>", text
    )
    text = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}", "<date>", text)
    text = re.sub(r"\[[0-9a-f]+\]\(", "[<hex>](", text)
    text = re.sub(r"0x[0-9a-f]+", "0x<hex>", text)
    text = re.sub(r"(?<![\d.])-?\d+\.\d+\b(?!\.)", "<double>", text)
    return re.sub(r"(?<![\w.])-?\d+\b(?!\.)", "<n>", text)


def masked_latency(text):
    """The average is a double, the other two are integers."""
    return masked(re.sub(r"(?m)^Latency min/avg/max: \d+/\d+\.\d+/\d+$", "Latency <int>/<double>/<int>", text))


def line_set(text):
    """For lists in no particular order that may hold connections that are just closing."""
    return sorted(set(masked_latency(text).split("\n")))


def keys(text):
    """The part of each line before '='; version and path values differ by nature."""
    lines = text.split("\n")
    version = next((line for line in lines if line.startswith("zookeeper.version=")), "")
    is_parsable = bool(re.match(r"zookeeper\.version=\d+\.\d+\.\d+", version))
    return [line.split("=")[0] for line in lines] + [f"version can be parsed: {is_parsable}"]


def configuration(text):
    return [re.sub(r"=(-?\d+)$", "=<n>", re.sub(r"=/.*$", "=<path>", line)) for line in text.split("\n")]


def fixed_settings(text):
    """Settings of `conf` that both servers read from the same file."""
    return [
        line
        for line in text.split("\n")
        if line.split("=")[0]
        in (
            "tickTime",
            "maxClientCnxns",
            "minSessionTimeout",
            "maxSessionTimeout",
            "clientPortListenBacklog",
            "serverId",
            "secureClientPort",
        )
    ]


def kind_of(value):
    return (
        "integer"
        if re.fullmatch(r"-?\d+", value)
        else "double"
        if re.fullmatch(r"-?\d+\.\d+(E-?\d+)?", value)
        else value
    )


def metrics_of(text):
    return dict(line.split("\t", 1) for line in text.split("\n") if "\t" in line)


def monitor_kinds(names):
    """The kind of each named metric: integer, double or missing."""

    def shape(text):
        metrics = metrics_of(text)
        return {
            f"zk_{name}": kind_of(metrics[f"zk_{name}"]) if f"zk_{name}" in metrics else "missing" for name in names
        }

    return shape


def summaries(names, parts):
    return [f"{part}_{name}" for name in names for part in parts]


def monitor_format(text):
    """What every reader of the text relies on."""
    lines, metrics = text.split("\n"), metrics_of(text)
    return {
        "first": lines[0].split("\t")[0],
        "version": bool(re.match(r"\d+\.\d+\.\d+", metrics.get("zk_version", ""))),
        "state": metrics.get("zk_server_state"),
        "odd lines": [line for line in lines if line and not re.fullmatch(r"zk_\S+\t\S.*", line)],
    }


case("ruok", word("ruok", expected="imok"))
case("ruok with a newline", word("ruok", behind=b"\n", expected="imok"))
case("ruok with a lot behind it", word("ruok", behind=b"x" * 1000, expected="imok"))
case("ruok in two segments", word("ruok", halves=True, expected="imok"))
case(
    "a word on a half closed connection is answered",
    word("ruok", half_close=True, expected="imok"),
    word("srvr", masked, half_close=True),
)
case("isro of a server that takes writes", word("isro", expected="rw"))
case("srvr", word("srvr", masked_latency))
case("srvr with a newline", word("srvr", masked_latency, behind=b"\r\n"))
case("stat lists the clients", ping(), word("stat", line_set))
case("conf", word("conf", configuration), word("conf", fixed_settings))
case("cons shows what each session does", create("~/x"), get("~/x"), word("cons", line_set))
case("cons leaves out a negative xid", ping(), word("cons", line_set))
case(
    "cons shows the last operation",
    *[
        step
        for request in (create("~/x"), get("~/x"), exists("~/x"), children("~"))
        for step in (request, word("cons", lambda text: re.findall(r"lop=\w+", text)))
    ],
)
case("dump without ephemerals", ping(), word("dump", line_set))
case("dump with ephemerals", create("~/e", flags=1), word("dump", line_set))
case("envi", word("envi", keys))
case("wchs without watches", word("wchs", expected="0 connections watching 0 paths\nTotal watches:0\n"))
case(
    "wchs counts data watches",
    create("~/x"),
    create("~/y"),
    get("~/x", watch=True),
    get("~/y", watch=True),
    get("~/x", watch=True).by("b"),
    word("wchs", expected="2 connections watching 2 paths\nTotal watches:3\n"),
)
case("wchc", word("wchc"), create("~/x"), get("~/x", watch=True), word("wchc", expected="<session a>\n\t~/x\n\n"))
case("wchp", word("wchp"), create("~/x"), get("~/x", watch=True), word("wchp", expected="~/x\n\t<session a>\n\n"))
case("dirs", word("dirs", masked, expected="datadir_size: <n>\nlogdir_size: <n>\n"))
case("crst", word("crst", expected="Connection stats reset.\n"))
case("srst", word("srst", expected="Server stats reset.\n"))
case("gtmk", word("gtmk", expected="306"))
case(
    "stmk sets the mask",
    word("stmk", behind=(310).to_bytes(8, "big"), expected="310"),
    word("gtmk", expected="310"),
    word("stmk", behind=(306).to_bytes(8, "big"), expected="306"),
)
case("hash", word("hash", lambda text: bool(re.fullmatch(r"([0-9a-f]+: -?\d+\n)*\n?", text)), expected=True))
case("mntr has a version, a state and lines of key and value", word("mntr", monitor_format))
case("mntr has the gauges", create("~/x"), get("~/x"), word("mntr", monitor_kinds(GAUGES)))
case("mntr has the counters", create("~/x"), get("~/x"), word("mntr", monitor_kinds(COUNTERS)))
case(
    "mntr has the summaries",
    create("~/x"),
    get("~/x"),
    word("mntr", monitor_kinds(summaries(SUMMARIES + ADVANCED_SUMMARIES, ("avg", "min", "max", "cnt", "sum")))),
    word("mntr", monitor_kinds(summaries(ADVANCED_SUMMARIES, ("p50", "p95", "p99", "p999")))),
)
case("mntr with a newline", word("mntr", lambda text: text.split("\t")[0], behind=b"\n", expected="zk_version"))
case("there is no word lead", open_socket(), send(b"lead"), closes())
case("the telnet break is closed silently", open_socket(), send(b"\xff\xf4\xff\xfd"), closes())
case("words are independent of sessions", create("~/x"), word("ruok", expected="imok"), get("~/x"))

# -- the whitelist

for name in ("stat", "conf", "cons", "mntr", "isro", "envi", "wchs", "dump", "dirs", "gtmk"):
    case(
        f"{name} outside the whitelist is refused",
        word(name, expected=f"{name} is not executed because it is not in the whitelist.\n"),
        profile="limits",
    )
case(
    "words on the whitelist are answered", word("ruok", expected="imok"), word("srvr", masked_latency), profile="limits"
)
for name in ("ruok", "stat"):
    case(
        f"{name} is refused when only srvr is allowed",
        word(name, expected=f"{name} is not executed because it is not in the whitelist.\n"),
        profile="no-acl",
    )
case("srvr is always allowed", word("srvr", masked_latency), profile="no-acl")
