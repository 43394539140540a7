#include "client/shell/command.hpp"
#include "client/shell/commands/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conclave::shell {

namespace {

/// A command of zkCli.sh that asks a server.
constexpr command known(
    std::string_view name,
    std::string_view usage,
    std::string_view summary,
    std::string_view options,
    std::size_t words_min,
    std::size_t words_max,
    std::size_t path_count,
    outcome<> (*run)(shell&, const arguments&)
) {
    return {
        name, usage, summary, options, words_min, words_max, path_count, true, true, false, run};
}

/// Needs no session.
constexpr command local(command which) {
    which.needs_server = false;
    return which;
}

/// zkCli.sh has nothing like it.
constexpr command extra(command which) {
    which.is_in_zkcli = false;
    return which;
}

/// Its words behind the path are another program and its arguments.
constexpr command running(command which) {
    which.runs_others = true;
    return which;
}

constexpr std::array table{
    known(
        "addWatch",
        "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is "
        "PERSISTENT_RECURSIVE",
        "watch a node for good, with all below it unless -m PERSISTENT",
        "m:",
        1,
        1,
        1,
        commands::add_watch
    ),
    known(
        "addauth",
        "scheme auth",
        "prove an identity, such as: addauth digest user:password",
        "",
        1,
        2,
        0,
        commands::add_auth
    ),
    extra(known(
        "bench",
        "[-n count] [-c window] [-s bytes] [path]",
        "measure creates, sets, gets and deletes below a node; what it makes it removes",
        "n: c: s:",
        0,
        1,
        1,
        commands::bench
    )),
    local(known("close", "", "end the session", "", 0, 0, 0, commands::close)),
    known(
        "config",
        "[-c] [-w] [-s]",
        "show who belongs to the ensemble; -c: what clients connect to",
        "c w s",
        0,
        0,
        0,
        commands::config
    ),
    local(known(
        "connect",
        "host:port",
        "open a new session, with other servers if they are named",
        "",
        0,
        1,
        0,
        commands::connect
    )),
    extra(known(
        "cp",
        "[-r] [-f] from to",
        "copy a node, with all below it by -r; -f: over what is there",
        "r f",
        2,
        2,
        2,
        commands::copy
    )),
    known(
        "create",
        "[-s] [-e] [-c] [-t ttl] path [data] [acl]",
        "create a node: sequential, ephemeral, container, with a time to live in ms",
        "s e c t:",
        1,
        3,
        1,
        commands::create
    ),
    known(
        "delete",
        "[-v version] path",
        "delete a node without children",
        "v:",
        1,
        1,
        1,
        commands::remove
    ),
    known(
        "deleteall",
        "path [-b batch size]",
        "delete a node and all below it",
        "b:",
        1,
        1,
        1,
        commands::delete_all
    ),
    known(
        "delquota",
        "[-n|-b|-N|-B] path",
        "remove a quota, or one of its limits",
        "n b N B",
        1,
        1,
        1,
        commands::remove_quota
    ),
    extra(known(
        "diff",
        "[-acl] [-with host:port] left [right]",
        "compare two subtrees, or those of two ensembles",
        "acl with:",
        1,
        2,
        2,
        commands::diff
    )),
    extra(known(
        "edit",
        "path",
        "open the data of a node in $EDITOR, and write it if nobody else has",
        "",
        1,
        1,
        1,
        commands::edit
    )),
    running(extra(known(
        "elect",
        "[-id name] [-kazoo] path -- program [argument...]",
        "stand for election, and run a program while leading",
        "id: kazoo",
        2,
        any_number_of_words,
        1,
        commands::elect
    ))),
    extra(known(
        "export",
        "path [file]",
        "write a subtree with data, lists and modes as JSON",
        "",
        1,
        2,
        1,
        commands::export_subtree
    )),
    extra(known(
        "find",
        "[-name glob] [-ephemeral|-persistent] [-size bytes] [-empty] [-text text] [-L depth] "
        "[path]",
        "list nodes for which everything that is asked holds",
        "name: ephemeral persistent size: empty text: L:",
        0,
        1,
        1,
        commands::find
    )),
    known(
        "get",
        "[-s] [-w] [-b] [-x] path",
        "show the data of a node: with stat, base64, as a dump; -n: the bytes alone",
        "s w b x n",
        1,
        1,
        1,
        commands::get
    ),
    known(
        "getAcl", "[-s] path", "show who may do what with a node", "s", 1, 1, 1, commands::get_acl
    ),
    known(
        "getAllChildrenNumber",
        "path",
        "count the nodes below a node",
        "",
        1,
        1,
        1,
        commands::get_all_children_number
    ),
    known(
        "getEphemerals",
        "path",
        "list the ephemeral nodes of this session",
        "",
        0,
        1,
        1,
        commands::get_ephemerals
    ),
    extra(local(
        known("help", "[command]", "list the commands, or explain one", "", 0, 1, 0, commands::help)
    )),
    local(known("history", "", "list the last lines", "", 0, 0, 0, commands::history)),
    extra(known(
        "import",
        "[-f] [-r] [-n] path file",
        "create the nodes that export has written; -f: over what is there; -r: and delete what the "
        "file does not hold; -n: only look",
        "f r n",
        2,
        2,
        1,
        commands::import_subtree
    )),
    known("listquota", "path", "show the quota of a node", "", 1, 1, 1, commands::list_quota),
    running(extra(known(
        "lock",
        "[-t ms] [-id name] [-kazoo] path -- program [argument...]",
        "run a program while holding a lock; -t: how long to wait for it",
        "t: id: kazoo",
        2,
        any_number_of_words,
        1,
        commands::lock
    ))),
    known(
        "ls",
        "[-s] [-w] [-R] path",
        "list the children of a node; -R: all that is below",
        "s w R",
        1,
        1,
        1,
        commands::ls
    ),
    extra(known(
        "mv",
        "from to",
        "move a subtree: as one transaction, if it is small enough",
        "",
        2,
        2,
        2,
        commands::move
    )),
    local(known(
        "printwatches",
        "on|off",
        "say whether watch events are shown, or change that",
        "",
        0,
        1,
        0,
        commands::print_watches
    )),
    local(known("quit", "", "end the session and the shell", "", 0, 0, 0, commands::quit)),
    known(
        "reconfig",
        "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | "
        "[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
        "change who belongs to the ensemble",
        "s v: file: members: add: remove:",
        0,
        0,
        0,
        commands::reconfig
    ),
    local(known("redo", "cmdno", "run a line of the history again", "", 1, 1, 0, commands::redo)),
    known(
        "removewatches",
        "path [-c|-d|-a] [-l]",
        "remove watches of a node: of children, of data, any",
        "c d a p r l",
        1,
        1,
        1,
        commands::remove_watches
    ),
    extra(known(
        "rm",
        "[-r] [-f] path...",
        "delete nodes, with all below them by -r; -f: also if they are not there",
        "r f",
        1,
        any_number_of_words,
        any_number_of_words,
        commands::rm
    )),
    known(
        "set",
        "[-s] [-v version] path data",
        "write the data of a node; -b: it is base64",
        "s v: b",
        2,
        2,
        1,
        commands::set
    ),
    known(
        "setAcl",
        "[-s] [-v version] [-R] path acl",
        "say who may do what: scheme:id:cdrwa,...",
        "s v: R",
        2,
        2,
        1,
        commands::set_acl
    ),
    known(
        "setquota",
        "-n|-b|-N|-B val path",
        "limit the nodes (-n) or bytes (-b) below a node; -N, -B: hard limits",
        "n: b: N: B:",
        1,
        1,
        1,
        commands::set_quota
    ),
    known("stat", "[-w] path", "show what is known about a node", "w", 1, 1, 1, commands::stat),
    extra(local(known(
        "status", "", "show how each server of the ensemble is", "", 0, 0, 0, commands::status
    ))),
    known(
        "sync",
        "path",
        "wait until the server has seen all that was committed",
        "",
        1,
        1,
        1,
        commands::sync
    ),
    extra(known(
        "tree",
        "[-d] [-L depth] [path]",
        "draw what is below a node; -d: with the beginning of the data",
        "d L:",
        0,
        1,
        1,
        commands::tree
    )),
    local(known("version", "", "show the version of this program", "", 0, 0, 0, commands::version)),
    extra(known(
        "watch",
        "[-r] [-n count] path",
        "show what happens to a node until Ctrl-C; -r: and to all below it",
        "r n:",
        1,
        1,
        1,
        commands::watch
    )),
    known("whoami", "", "show the identities of this session", "", 0, 0, 0, commands::who_am_i),
    local(extra(known(
        "why",
        "[-a host:port] [-k tokenFile] no-leader|sessions|session|lock|slow|disk [id or path]",
        "ask the admin endpoint: why is there no leader, who holds a lock, what is slow",
        "a: k:",
        1,
        2,
        0,
        commands::why
    ))),
};

} // namespace

std::span<const command> all_commands() {
    return table;
}

const command* find_command(std::string_view name, bool only_zkcli) {
    const auto* const found = std::find_if(table.begin(), table.end(), [&](const command& each) {
        return each.name == name && (each.is_in_zkcli || !only_zkcli);
    });
    return found == table.end() ? nullptr : found;
}

std::string usage_line(const command& of) {
    return of.usage.empty() ? std::string{of.name} : fmt::format("{} {}", of.name, of.usage);
}

std::string zkcli_help() {
    std::string text =
        "ZooKeeper -server host:port -client-configuration properties-file cmd args\n";
    for (const command& each : table) {
        if (each.is_in_zkcli) {
            text += fmt::format("\t{} {}\n", each.name, each.usage);
        }
    }
    return text;
}

} // namespace conclave::shell
