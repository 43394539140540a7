#include "server/admin/watch_event.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <charconv>
#include <variant>

namespace conclave::admin {

namespace {

void append_family_event(event_type type, bytes_view path, zxid at, std::vector<watch_event>& to) {
    to.push_back({at, type, bytes{path}});
    to.push_back({at, event_type::children_changed, bytes{path::parent_of(path)}});
}

template <class Integer>
std::optional<Integer> parse_number(bytes_view text, int base) {
    Integer number{};
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number, base);
    const bool is_whole = failed == std::errc{} && stop == end && number >= 0;
    return is_whole ? std::optional{number} : std::nullopt;
}

} // namespace

void append_events(const replica::transaction& of, zxid at, std::vector<watch_event>& to) {
    if (const auto* changes = std::get_if<replica::tree_changes>(&of.what)) {
        for (const tree::change& each : changes->changes) {
            if (const auto* created = std::get_if<tree::create_node>(&each)) {
                append_family_event(event_type::created, created->path, at, to);
            } else if (const auto* deleted = std::get_if<tree::delete_node>(&each)) {
                append_family_event(event_type::deleted, deleted->path, at, to);
            } else if (const auto* written = std::get_if<tree::set_data>(&each)) {
                to.push_back({at, event_type::data_changed, written->path});
            }
        }
    } else if (const auto* closed = std::get_if<replica::close_session>(&of.what)) {
        for (const bytes& path : closed->ephemerals) {
            append_family_event(event_type::deleted, path, at, to);
        }
    }
}

bool watch_scope::covers(const watch_event& told) const {
    if (!is_recursive) {
        return told.path == path;
    }
    if (told.type == event_type::children_changed || !told.path.starts_with(path)) {
        return false;
    }
    return path == "/" || told.path.size() == path.size() || told.path[path.size()] == '/';
}

bytes text_of(event_id id) {
    return id.number == 1 ? fmt::format("0x{:x}", id.at.value)
                          : fmt::format("0x{:x}.{}", id.at.value, id.number);
}

std::optional<event_id> parse_event_id(bytes_view text) {
    const std::size_t dot = text.find('.');
    bytes_view place = text.substr(0, dot);
    const bool is_hex = place.starts_with("0x");
    place.remove_prefix(is_hex ? 2 : 0);
    const auto at = parse_number<std::int64_t>(place, is_hex ? 16 : 10);
    const auto number = dot == bytes_view::npos
                            ? std::optional<std::uint32_t>{1}
                            : parse_number<std::uint32_t>(text.substr(dot + 1), 10);
    return at && number && *number > 0 ? std::optional{event_id{zxid{*at}, *number}} : std::nullopt;
}

} // namespace conclave::admin
