#include "client/protocol/watch_restoration.hpp"

namespace conclave::client {

namespace {

/// Octets of paths, with their lengths, in one request: far below the 1 MiB that a server takes.
/// One path alone cannot be longer than a request was.
constexpr std::size_t paths_size_max = std::size_t{128} << 10U;

struct batch {
    std::array<std::vector<bytes_view>, watch_kind_count> paths;
    std::size_t size = 0;

    [[nodiscard]] bool needs_persistent_lists() const {
        return !paths[static_cast<std::size_t>(watch_kind::persistent)].empty() ||
               !paths[static_cast<std::size_t>(watch_kind::recursive)].empty();
    }
};

void append_request(bytes& out, const batch& watches, zxid seen) {
    const bool is_extended = watches.needs_persistent_lists();
    const jute::frame_scope frame{out};
    jute::writer to{out};
    to(request_header{set_watches_xid, is_extended ? opcode::set_watches2 : opcode::set_watches});
    to(seen);
    const std::size_t list_count = is_extended ? watch_kind_count : 3;
    for (std::size_t index = 0; index < list_count; ++index) {
        to(watches.paths[index]);
    }
}

} // namespace

std::size_t append_watch_restoration(bytes& out, const watch_registry& watches, zxid seen) {
    std::size_t request_count = 0;
    batch next;
    const auto finish = [&] {
        append_request(out, next, seen);
        next = {};
        ++request_count;
    };
    for (std::size_t index = 0; index < watch_kind_count; ++index) {
        for (const bytes_view path : watches.paths(static_cast<watch_kind>(index))) {
            next.paths[index].push_back(path);
            next.size += path.size() + sizeof(std::int32_t);
            if (next.size >= paths_size_max) {
                finish();
            }
        }
    }
    if (next.size != 0) {
        finish();
    }
    return request_count;
}

} // namespace conclave::client
