#include "server/admin/watch_event.hpp"

#include "server/admin/values.hpp"

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

std::optional<std::uint32_t> parse_count(bytes_view text) {
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, count);
    const bool is_whole = failed == std::errc{} && stop == end && count > 0;
    return is_whole ? std::optional{count} : std::nullopt;
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
    return id.number == 1 ? hex(id.at.value) : fmt::format("{}.{}", hex(id.at.value), id.number);
}

std::optional<event_id> parse_event_id(bytes_view text) {
    const std::size_t dot = text.find('.');
    const auto at = parse_zxid(text.substr(0, dot));
    const auto number =
        dot == bytes_view::npos ? std::optional{1U} : parse_count(text.substr(dot + 1));
    return at && number ? std::optional{event_id{*at, *number}} : std::nullopt;
}

} // namespace conclave::admin
