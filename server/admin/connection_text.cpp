#include "server/admin/connection_text.hpp"

#include "server/admin/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace conclave::admin {

bytes_view operation_name(opcode type) {
    switch (type) {
    case opcode::create_session:
        return "SESS";
    case opcode::close_session:
        return "CLOS";
    case opcode::ping:
        return "PING";
    case opcode::create:
    case opcode::create2:
    case opcode::create_container:
    case opcode::create_ttl:
        return "CREA";
    case opcode::remove:
    case opcode::delete_container:
        return "DELE";
    case opcode::set_data:
        return "SETD";
    case opcode::set_acl:
        return "SETA";
    case opcode::exists:
        return "EXIS";
    case opcode::get_data:
        return "GETD";
    case opcode::get_acl:
        return "GETA";
    case opcode::get_children:
    case opcode::get_children2:
        return "GETC";
    case opcode::get_all_children_number:
        return "GETACN";
    case opcode::get_ephemerals:
        return "GETE";
    case opcode::sync:
        return "SYNC";
    case opcode::multi:
        return "MULT";
    case opcode::multi_read:
        return "MLTR";
    case opcode::check:
        return "CHEC";
    case opcode::reconfig:
        return "RECO";
    case opcode::set_watches:
        return "SETW";
    case opcode::set_watches2:
        return "STW2";
    case opcode::add_watch:
        return "ADDW";
    case opcode::check_watches:
        return "CHKW";
    case opcode::remove_watches:
        return "REMW";
    case opcode::who_am_i:
        return "HOMI";
    case opcode::notification:
    case opcode::error:
    case opcode::auth:
    case opcode::sasl:
        return "NA";
    }
    return "NA"; // a number that some client made up
}

bytes connection_line(const replica::connection& of, bool is_read, bool is_long) {
    const replica::connection_statistics& counted = of.statistics;
    bytes line = fmt::format(
        " {}[{}](queued={},recved={},sent={}",
        address(of.peer),
        is_read ? 1 : 0,
        of.waiting.size(),
        counted.received,
        counted.sent
    );
    if (is_long && of.session != session_id{}) {
        fmt::format_to(
            std::back_inserter(line),
            ",sid={},lop={},est={},to={}",
            hex(of.session.value),
            operation_name(counted.last_operation),
            counted.established_wall_ms,
            of.timeout_ms
        );
        if (counted.last_xid.value >= 0) {
            line += ",lcxid=" + hex(counted.last_xid.value);
        }
        fmt::format_to(
            std::back_inserter(line),
            ",lzxid={},lresp={},llat={},minlat={},avglat={},maxlat={}",
            hex(counted.last_zxid.value),
            counted.last_response_ms,
            counted.latency_ms_last,
            counted.latency_ms_min,
            counted.latency_count == 0 ? 0 : counted.latency_ms_sum / counted.latency_count,
            counted.latency_ms_max
        );
    }
    return line + ")\n";
}

namespace {

/// A set of things that expire, as ZooKeeper prints it: when, and which. `Lines` maps a time to
/// lines.
bytes expiry_text(
    const std::map<std::int64_t, std::vector<bytes>>& lines_by_wall_ms, std::size_t count
) {
    bytes out = fmt::format("Sets ({})/({}):\n", lines_by_wall_ms.size(), count);
    for (const auto& [wall_ms, lines] : lines_by_wall_ms) {
        fmt::format_to(std::back_inserter(out), "{} expire at {}:\n", lines.size(), date(wall_ms));
        for (const bytes& line : lines) {
            out += "\t" + line + "\n";
        }
    }
    return out;
}

bytes sessions_text(const dump_facts& facts) {
    std::map<std::int64_t, std::vector<bytes>> lines;
    std::size_t count = 0;
    for (const auto& [deadline, sessions] : facts.sessions_by_deadline) {
        const auto left = deadline - facts.now.monotonic;
        std::vector<bytes>& at = lines[facts.now.wall_ms + left / std::chrono::milliseconds{1}];
        for (const session_id session : sessions) {
            at.push_back(hex(session.value));
        }
        count += sessions.size();
    }
    return "Session " + expiry_text(lines, count);
}

bytes followed_sessions_text(const std::map<session_id, std::chrono::milliseconds>& sessions) {
    bytes out = fmt::format("Global Sessions({}):\n", sessions.size());
    for (const auto& [id, timeout] : sessions) {
        fmt::format_to(std::back_inserter(out), "{}\t{}ms\n", hex(id.value), timeout.count());
    }
    return out;
}

bytes ephemerals_text(const dump_facts& facts) {
    bytes lists;
    std::size_t count = 0;
    for (const auto& [session, paths] : facts.ephemerals) {
        if (paths.empty()) {
            continue;
        }
        ++count;
        lists += hex(session.value) + ":\n";
        for (const bytes& path : paths) {
            lists += "\t" + path + "\n";
        }
    }
    return fmt::format("Sessions with Ephemerals ({}):\n{}", count, lists);
}

bytes connections_text(const dump_facts& facts) {
    std::map<std::int64_t, std::vector<bytes>> lines;
    for (const connection_expiry& each : facts.connections) {
        lines[each.at_wall_ms].push_back(
            fmt::format("ip: {} sessionId: {}", address(each.peer), hex(each.session.value))
        );
    }
    return "Connections " + expiry_text(lines, facts.connections.size());
}

} // namespace

bytes dump_text(const dump_facts& facts) {
    const bytes sessions = facts.followed_sessions
                               ? followed_sessions_text(*facts.followed_sessions)
                               : sessions_text(facts);
    return "SessionTracker dump:\n" + sessions + "ephemeral nodes dump:\n" +
           ephemerals_text(facts) + "Connections dump:\n" + connections_text(facts);
}

} // namespace conclave::admin
