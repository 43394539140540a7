#include "test/support/history/json_lines.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conclave::history {

namespace {

using nlohmann::json;

template <class Enum>
using names = std::initializer_list<std::pair<const char*, Enum>>;

constexpr names<operation_kind> operation_kinds{
    {"read", operation_kind::read},
    {"synced_read", operation_kind::synced_read},
    {"write", operation_kind::write},
    {"create", operation_kind::create},
    {"create_sequential", operation_kind::create_sequential},
    {"remove", operation_kind::remove},
    {"sync", operation_kind::sync},
};

constexpr names<outcome> outcomes{
    {"ok", outcome::succeeded},
    {"failed", outcome::failed},
    {"unknown", outcome::unknown},
};

constexpr names<failure> failures{
    {"no_node", failure::no_node},
    {"node_exists", failure::node_exists},
    {"bad_version", failure::bad_version},
    {"other", failure::other},
};

constexpr names<record_kind> record_kinds{
    {"create", record_kind::create},
    {"write", record_kind::write},
    {"remove", record_kind::remove},
    {"close_session", record_kind::close_session},
};

constexpr names<event_kind> event_kinds{
    {"watch_set", event_kind::watch_set},
    {"watch_fired", event_kind::watch_fired},
    {"reply", event_kind::reply},
    {"expired", event_kind::expired},
    {"closed", event_kind::closed},
};

constexpr names<watch_kind> watch_kinds{{"data", watch_kind::data}, {"child", watch_kind::child}};

constexpr names<watch_change> watch_changes{
    {"created", watch_change::created},
    {"changed", watch_change::changed},
    {"deleted", watch_change::deleted},
    {"children", watch_change::children},
};

/// What is wrong with a line. Never leaves this file.
struct refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

const json& member(const json& line, const char* key) {
    const auto found = line.find(key);
    if (found == line.end()) {
        throw refused{fmt::format("\"{}\" is missing", key)};
    }
    return *found;
}

template <class Enum>
Enum chosen(const json& line, const char* key, const names<Enum>& allowed) {
    const auto text = member(line, key).get<std::string>();
    std::string known;
    for (const auto& [name, value] : allowed) {
        if (text == name) {
            return value;
        }
        known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    }
    throw refused{fmt::format("\"{}\" is \"{}\", expected one of {}", key, text, known)};
}

std::string text(const json& line, const char* key) {
    return member(line, key).get<std::string>();
}

std::string text_or_empty(const json& line, const char* key) {
    return line.contains(key) ? text(line, key) : std::string{};
}

std::optional<std::string> optional_text(const json& line, const char* key) {
    return line.contains(key) ? std::optional{text(line, key)} : std::nullopt;
}

std::optional<std::int32_t> optional_number(const json& line, const char* key) {
    return line.contains(key) ? std::optional{member(line, key).get<std::int32_t>()} : std::nullopt;
}

/// A number, or text such as "0x100000003".
zxid zxid_of(const json& line) {
    const json& value = member(line, "zxid");
    if (!value.is_string()) {
        return zxid{value.get<std::int64_t>()};
    }
    const auto digits = value.get<std::string>();
    std::size_t used = 0;
    const auto number = static_cast<std::int64_t>(std::stoull(digits, &used, 16));
    if (used != digits.size()) {
        throw refused{fmt::format("\"zxid\" is \"{}\", expected a hexadecimal number", digits)};
    }
    return zxid{number};
}

std::optional<zxid> optional_zxid(const json& line) {
    return line.contains("zxid") ? std::optional{zxid_of(line)} : std::nullopt;
}

operation operation_of(const json& line, std::size_t number) {
    operation what;
    what.line = number;
    what.session = text(line, "session");
    what.kind = chosen(line, "kind", operation_kinds);
    what.path =
        what.kind == operation_kind::sync ? text_or_empty(line, "path") : text(line, "path");
    what.invoked = member(line, "invoked").get<instant>();
    what.ended = chosen(line, "outcome", outcomes);
    if (what.ended != outcome::unknown) {
        what.completed = member(line, "completed").get<instant>();
        if (what.completed < what.invoked) {
            throw refused{"\"completed\" is before \"invoked\""};
        }
    }
    if (what.ended == outcome::failed) {
        what.error = chosen(line, "error", failures);
    }
    what.value = optional_text(line, "value");
    what.expected_version = optional_number(line, "expected_version");
    what.version = optional_number(line, "version");
    what.position = optional_zxid(line);
    what.is_ephemeral = line.value("ephemeral", false);
    what.owner = optional_text(line, "owner");
    if (what.kind == operation_kind::create_sequential && what.ended == outcome::succeeded) {
        what.created_path = text(line, "created_path");
    }
    return what;
}

record record_of(const json& line, std::size_t number) {
    record what;
    what.line = number;
    what.at = zxid_of(line);
    what.kind = chosen(line, "kind", record_kinds);
    const bool is_of_session = what.kind == record_kind::close_session;
    what.path = is_of_session ? std::string{} : text(line, "path");
    what.session = is_of_session ? text(line, "session") : text_or_empty(line, "session");
    what.value = optional_text(line, "value");
    return what;
}

event event_of(const json& line, std::size_t number) {
    event what;
    what.line = number;
    what.session = text(line, "session");
    what.kind = chosen(line, "event", event_kinds);
    if (what.kind == event_kind::watch_set) {
        what.path = text(line, "path");
        what.watch = chosen(line, "watch", watch_kinds);
    } else if (what.kind == event_kind::watch_fired) {
        what.path = text(line, "path");
        what.change = chosen(line, "change", watch_changes);
    }
    what.position = optional_zxid(line);
    return what;
}

void take(const json& line, std::size_t number, history& to) {
    if (!line.is_object()) {
        throw refused{"not an object"};
    }
    const std::string type = text(line, "type");
    if (type == "operation") {
        to.operations.push_back(operation_of(line, number));
    } else if (type == "initial") {
        to.initial[text(line, "path")] = {
            text(line, "value"),
            line.contains("version") ? line["version"].get<std::int32_t>() : 0};
    } else if (type == "record") {
        to.records.push_back(record_of(line, number));
    } else if (type == "event") {
        to.events.push_back(event_of(line, number));
    } else {
        throw refused{fmt::format(
            "\"type\" is \"{}\", expected one of operation, initial, record, event", type
        )};
    }
}

} // namespace

result<std::size_t, std::string> read_json_lines(std::istream& input, history& to) {
    std::string line;
    std::size_t number = 0;
    while (std::getline(input, line)) {
        ++number;
        if (line.size() > line_size_max) {
            return unexpected{
                fmt::format("line {} is longer than {} octets", number, line_size_max)};
        }
        if (line.empty()) {
            continue;
        }
        try {
            take(json::parse(line), number, to);
        } catch (const std::exception& problem) { // also what the JSON library and stoull throw
            return unexpected{fmt::format("line {}: {}", number, problem.what())};
        }
    }
    return number;
}

} // namespace conclave::history
