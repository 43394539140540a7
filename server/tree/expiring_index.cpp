#include "server/tree/expiring_index.hpp"

#include <limits>

namespace conclave::tree {

namespace {

constexpr std::int64_t at_once = std::numeric_limits<std::int64_t>::min();

/// The last moment at which something with that age limit stays; times come from clients' far
/// future too.
std::int64_t last_moment(std::int64_t mtime_ms, std::int64_t age_ms_max) {
    std::int64_t moment = 0;
    return __builtin_add_overflow(mtime_ms, age_ms_max, &moment)
               ? std::numeric_limits<std::int64_t>::max()
               : moment;
}

} // namespace

expiring_index::place expiring_index::place_of(const node_head* node) {
    if (node == nullptr || node->num_children > 0) {
        return {};
    }
    switch (node->kind()) {
    case node_kind::persistent:
    case node_kind::ephemeral:
        return {};
    case node_kind::ttl:
        return {&due_, last_moment(node->mtime_ms, node->ttl_ms())};
    case node_kind::container:
        return node->child_counter == 0 ? place{&unused_containers_, node->mtime_ms}
                                        : place{&due_, at_once};
    }
    return {};
}

void expiring_index::on_change(
    const path_hash& path, const node_head* before, const node_head* after
) {
    const place old_place = place_of(before);
    const place new_place = place_of(after);
    if (old_place == new_place) {
        return;
    }
    if (old_place.in != nullptr) {
        old_place.in->erase({old_place.time_ms, path});
    }
    if (new_place.in != nullptr) {
        new_place.in->insert({new_place.time_ms, path});
    }
}

void expiring_index::for_each_due(
    std::int64_t now_ms,
    std::int64_t container_never_used_ms,
    function_ref<bool(const path_hash& path)> visit
) const {
    for (const entry& candidate : due_) {
        if (candidate.time_ms >= now_ms) {
            break;
        }
        if (!visit(candidate.path)) {
            return;
        }
    }
    if (container_never_used_ms <= 0) {
        return;
    }
    for (const entry& candidate : unused_containers_) {
        if (last_moment(candidate.time_ms, container_never_used_ms) >= now_ms ||
            !visit(candidate.path)) {
            return;
        }
    }
}

} // namespace conclave::tree
