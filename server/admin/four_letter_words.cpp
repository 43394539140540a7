#include "server/admin/four_letter_words.hpp"

#include "server/admin/connection_text.hpp"
#include "server/admin/server_text.hpp"
#include "server/admin/values.hpp"

#include <conclave/jute.hpp>

#include <fmt/format.h>

#include <iterator>
#include <unordered_map>
#include <utility>

namespace conclave::admin {

four_letter_words::four_letter_words(
    server_view& view, std::function<bool(bytes_view text)> is_allowed
)
    : view_(view), is_allowed_(std::move(is_allowed)) {}

bool four_letter_words::is_allowed(bytes_view text) const {
    return is_allowed_ ? is_allowed_(text) : text == "srvr";
}

std::optional<bytes>
four_letter_words::answer(bytes_view text, bytes_view argument, replica::instant now) {
    const std::optional<word> which = find_word(text);
    if (!which || *which == word::telnet_break) {
        return std::nullopt;
    }
    if (!is_allowed(text)) {
        return refusal_of(text);
    }
    if (!view_.serves() && !is_answered_always(*which)) {
        return bytes{not_serving_text()};
    }
    return text_of(*which, argument, now);
}

bytes four_letter_words::text_of(word which, bytes_view argument, replica::instant now) {
    switch (which) {
    case word::conf:
        return conf_text(view_.configuration_now(), view_.sizes());
    case word::cons:
        return connection_lines(true) + "\n";
    case word::crst:
        return reset_connections();
    case word::dirs:
        return dirs_text(view_.sizes());
    case word::dump:
        return dump(now);
    case word::envi:
        return envi_text(read_process_facts(), view_.settings().version);
    case word::gtmk:
        return fmt::format("{}", view_.trace_mask());
    case word::hash:
        return hash();
    case word::isro:
        return view_.server().is_read_only()     ? "ro"
               : view_.server().serves_clients() ? "rw"
                                                 : "null";
    case word::mntr:
        return mntr(now);
    case word::ruok:
        return "imok";
    case word::srst:
        return reset_server();
    case word::srvr:
        return srvr_text(view_.server_now(now));
    case word::stat:
        return stat_text(view_.server_now(now), connection_lines(false));
    case word::stmk:
        return set_trace_mask(argument);
    case word::wchc:
        return wchc_text(data_watches());
    case word::wchp:
        return wchp_text(data_watches());
    case word::wchs:
        return wchs_text(data_watches());
    case word::telnet_break:
        return {};
    }
    return {};
}

bytes four_letter_words::connection_lines(bool is_long) const {
    bytes lines;
    view_.server().for_each_connection([&](const replica::connection& each) {
        lines += connection_line(each, view_.facts_of(each).is_read, is_long);
    });
    return lines;
}

bytes four_letter_words::dump(replica::instant now) const {
    std::vector<connection_expiry> connections;
    view_.server().for_each_connection([&](const replica::connection& each) {
        connections.push_back({view_.expiry_wall_ms(each, now), each.peer, each.session});
    });
    const session::session_table& sessions = view_.server().sessions();
    dump_facts facts{now, sessions.buckets(), view_.server().nodes().ephemerals(), connections};
    if (view_.server().is_following()) {
        auto& followed = facts.followed_sessions.emplace();
        for (const auto& [deadline, ids] : sessions.buckets()) {
            for (const session_id id : ids) {
                followed[id] = sessions.find(id)->timeout;
            }
        }
    }
    return dump_text(facts);
}

/// Clients read the digest as a Java long: of the 128 bits they get the lower half.
bytes four_letter_words::hash() const {
    bytes out;
    for (const replica::digest_point& each : view_.server().digest_log()) {
        fmt::format_to(
            std::back_inserter(out),
            "{:x}: {}\n",
            each.at.value,
            static_cast<std::int64_t>(each.value.low)
        );
    }
    return out;
}

bytes four_letter_words::mntr(replica::instant now) const {
    const measured_facts measured = view_.measured_now(now);
    const process_facts process = read_process_facts();
    return mntr_text(collect_metrics({measured, process}));
}

std::vector<watched_path> four_letter_words::data_watches() const {
    std::unordered_map<replica::connection_id, session_id> sessions;
    view_.server().for_each_connection([&](const replica::connection& each) {
        sessions.emplace(each.id, each.session);
    });
    std::vector<watched_path> found;
    view_.server().watches().for_each([&](bytes_view path, session::watcher_id watcher) {
        if (view_.tells_of(path, watcher)) {
            found.push_back({path, sessions[watcher]});
        }
    });
    return found;
}

bytes four_letter_words::reset_connections() {
    view_.reset_connections();
    return "Connection stats reset.\n";
}

bytes four_letter_words::reset_server() {
    view_.reset_server();
    return "Server stats reset.\n";
}

bytes four_letter_words::set_trace_mask(bytes_view argument) {
    std::int64_t mask = view_.trace_mask();
    jute::reader{argument}(mask);
    view_.set_trace_mask(mask);
    return fmt::format("{}", view_.trace_mask());
}

} // namespace conclave::admin
