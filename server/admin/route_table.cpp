#include "server/admin/route_table.hpp"

namespace conclave::admin {

namespace {

constexpr bytes_view any_tail = "/*";

/// What of `path` stands behind the route's own part; nothing if it is not this route's.
std::optional<bytes_view> tail_of(const route& of, bytes_view path) {
    const bytes_view pattern = of.path;
    if (!pattern.ends_with(any_tail)) {
        return path == pattern ? std::optional<bytes_view>{bytes_view{}} : std::nullopt;
    }
    const bytes_view stem = pattern.substr(0, pattern.size() - any_tail.size());
    const bool is_below = path.starts_with(stem) && path.substr(stem.size()).starts_with('/');
    return is_below ? std::optional{path.substr(stem.size())} : std::nullopt;
}

} // namespace

route_table::match route_table::find(bytes_view method, bytes_view path) const {
    std::size_t best = 0;
    for (const route& each : routes_) {
        if (tail_of(each, path)) {
            best = std::max(best, each.path.size());
        }
    }
    match found;
    const bytes_view sought = method == "HEAD" ? "GET" : method;
    for (const route& each : routes_) {
        const std::optional<bytes_view> tail = tail_of(each, path);
        if (!tail || each.path.size() != best) {
            continue;
        }
        found.allowed += found.allowed.empty() ? "" : ", ";
        found.allowed += each.method == "GET" ? "GET, HEAD" : each.method;
        if (each.method == sought) {
            found.found = &each;
            found.tail = *tail;
        }
    }
    return found;
}

} // namespace conclave::admin
