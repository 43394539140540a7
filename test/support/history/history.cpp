#include "test/support/history/history.hpp"

#include <fmt/format.h>

namespace conclave::history {

namespace {

const char* name_of(operation_kind kind) {
    switch (kind) {
    case operation_kind::read:
        return "read";
    case operation_kind::synced_read:
        return "synced_read";
    case operation_kind::write:
        return "write";
    case operation_kind::create:
        return "create";
    case operation_kind::create_sequential:
        return "create_sequential";
    case operation_kind::remove:
        return "remove";
    case operation_kind::sync:
        return "sync";
    }
    return "?";
}

const char* name_of(failure error) {
    switch (error) {
    case failure::no_node:
        return "no_node";
    case failure::node_exists:
        return "node_exists";
    case failure::bad_version:
        return "bad_version";
    case failure::other:
        return "other";
    }
    return "?";
}

const char* name_of(event_kind kind) {
    switch (kind) {
    case event_kind::watch_set:
        return "watch_set";
    case event_kind::watch_fired:
        return "watch_fired";
    case event_kind::reply:
        return "reply";
    case event_kind::expired:
        return "expired";
    case event_kind::closed:
        return "closed";
    }
    return "?";
}

const char* name_of(record_kind kind) {
    switch (kind) {
    case record_kind::create:
        return "create";
    case record_kind::write:
        return "write";
    case record_kind::remove:
        return "remove";
    case record_kind::close_session:
        return "close_session";
    }
    return "?";
}

std::string place(std::size_t line) {
    return line == 0 ? std::string{} : fmt::format("line {}: ", line);
}

std::string outcome_of(const operation& what) {
    if (what.ended == outcome::unknown) {
        return "outcome unknown";
    }
    std::string text = what.ended == outcome::failed ? fmt::format("failed {}", name_of(what.error))
                                                     : std::string{"ok"};
    if (what.version) {
        text += fmt::format(" version {}", *what.version);
    }
    if (is_read(what.kind) && what.value) {
        text += fmt::format(" value \"{}\"", *what.value);
    }
    if (!what.created_path.empty()) {
        text += " as " + what.created_path;
    }
    if (what.position) {
        text += fmt::format(" zxid {:#x}", what.position->value);
    }
    return text;
}

} // namespace

std::string describe(const operation& what) {
    std::string asked = fmt::format("{} {}", name_of(what.kind), what.path);
    if (!is_read(what.kind) && what.value) {
        asked += fmt::format(" \"{}\"", *what.value);
    }
    if (what.expected_version) {
        asked += fmt::format(" if version {}", *what.expected_version);
    }
    const std::string end =
        what.ended == outcome::unknown ? "..." : fmt::format("{}", what.completed);
    return fmt::format(
        "{}session {} [{} {}] {} -> {}",
        place(what.line),
        what.session,
        what.invoked,
        end,
        asked,
        outcome_of(what)
    );
}

std::string describe(const event& what) {
    std::string text =
        fmt::format("{}session {} {}", place(what.line), what.session, name_of(what.kind));
    if (!what.path.empty()) {
        text += " " + what.path;
    }
    if (what.position) {
        text += fmt::format(" zxid {:#x}", what.position->value);
    }
    return text;
}

std::string describe(const record& what) {
    std::string text = fmt::format(
        "{}record {:#x} {} {}", place(what.line), what.at.value, name_of(what.kind), what.path
    );
    if (what.value) {
        text += fmt::format(" \"{}\"", *what.value);
    }
    return text;
}

} // namespace conclave::history
