/// Who watches what (zookeeper-protocol 8), with the rules of ZooKeeper 3.9: standard, persistent
/// and recursive watches of one connection stand side by side on one path.
#pragma once

#include <conclave/function_ref.hpp>
#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <string_view>
#include <unordered_map>
#include <vector>

namespace conclave::session {

/// A connection: watches belong to it and go with it.
using watcher_id = strong_integer<struct watcher_id_tag, std::uint64_t>;

enum class watch_kind : std::uint8_t { data, child, persistent, recursive };

/// The `type` of checkWatches and removeWatches.
enum class watch_selection : std::int32_t {
    child = 1,
    data = 2,
    any = 3,
    persistent = 4,
    recursive = 5
};

/// Owner: the replica; core thread only. Order of watchers in every answer: ascending id, so that
/// runs repeat exactly. Memory: a watch costs its path once per path plus a few words per watcher
/// (under 150 octets for the first watcher of a short path, under 40 for each further one; a unit
/// test measures both). Paths are taken as they are, valid or not (ZooKeeper's addWatch checks
/// none). How many watches a connection may set is the caller's bound.
class watch_table {
public:
    watch_table() = default;
    watch_table(const watch_table&) = delete;
    watch_table& operator=(const watch_table&) = delete;

    /// Idempotent.
    void add(watcher_id watcher, bytes_view path, watch_kind kind);

    /// Calls `notify` once for each watcher that gets an event of this type for this path, and
    /// consumes one-shot watches, exactly as the table of zookeeper-protocol 8.3 says. `deleted`
    /// fires data and child watches with one event. The caller reports a create or delete twice:
    /// (created|deleted, path), then (children_changed, parent). `notify` runs after all watches of
    /// this event are consumed and may change the table, but not trigger again. Without a recursive
    /// watch anywhere a call costs one hash lookup, else one per component of the path; no memory
    /// is taken unless more watchers hear of it than ever before.
    void trigger(event_type type, bytes_view path, function_ref<void(watcher_id)> notify);

    [[nodiscard]] bool contains(watcher_id watcher, bytes_view path, watch_selection which) const;

    /// @return false if there was none.
    bool remove(watcher_id watcher, bytes_view path, watch_selection which);

    /// The connection is gone. The cost follows the number of its watches, not the size of the
    /// table.
    void drop(watcher_id watcher);

    [[nodiscard]] std::size_t watcher_count() const; ///< connections that hold a watch
    [[nodiscard]] std::size_t path_count() const;
    [[nodiscard]] std::size_t watch_count() const; ///< (path, watcher, kind) triples

    /// For `wchc` and `wchp`: visits each (path, watcher) pair that holds a watch of any kind,
    /// paths ascending, and for each path watchers ascending.
    void for_each(function_ref<void(bytes_view path, watcher_id watcher)> visit) const;

    /// For listings that must not take long at once: visits the pairs of at least `count` rows
    /// (fewer at the end), in no order, beginning at `position` (0 at first). What was added or
    /// removed between two calls is seen or not; if the table grew much, a pair may be seen twice.
    /// @return  where to go on, or 0 when it is through
    [[nodiscard]] std::size_t visit_some(
        std::size_t position,
        std::size_t count,
        function_ref<void(bytes_view path, watcher_id watcher)> visit
    ) const;

private:
    using kind_set = std::uint8_t; ///< one bit per `watch_kind`

    /// One watcher of one path.
    struct holder {
        watcher_id watcher;
        std::uint32_t position{}; ///< where the path stands in the list of this watcher
        kind_set kinds{};         ///< never empty
    };

    /// Not `noexcept` on purpose: it makes the standard library keep the hash in each row (in
    /// octets that the allocator would round up to anyhow), so that a growing table need not read
    /// every path again.
    struct path_hash {
        using is_transparent = void;

        std::size_t operator()(bytes_view path) const { return std::hash<bytes_view>{}(path); }
    };

    /// Path -> its holders, ascending by watcher, never empty. Rows do not move, so pointers to
    /// them are kept.
    using path_map = std::unordered_map<bytes, std::vector<holder>, path_hash, std::equal_to<>>;
    using row = path_map::value_type;

    /// A path with recursive watches. A table of their own, because every event looks for all
    /// ancestors of its path here, and this one stays small.
    struct recursive_root {
        const row* at{};
        std::size_t count{}; ///< never 0
    };

    static constexpr kind_set bit(watch_kind kind) {
        return static_cast<kind_set>(1U << static_cast<unsigned>(kind));
    }

    static kind_set fired_by(event_type type);
    static kind_set selected_by(watch_selection which);

    void fire_at(bytes_view path, kind_set fired);
    void fire_above(bytes_view path);
    bool remove_at(path_map::iterator at, watcher_id watcher, kind_set selected);

    /// Takes kinds from a holder, with everything that counts them. A holder without kinds must
    /// then be erased.
    void take(const row& from, holder& held, kind_set taken);
    void unlink(const holder& held);

    path_map paths_;
    std::unordered_map<watcher_id, std::vector<row*>>
        watchers_; ///< the paths of each, unordered, never empty
    std::unordered_map<bytes_view, recursive_root>
        recursive_; ///< keys are views of keys of `paths_`
    std::size_t watch_count_ = 0;
    std::vector<watcher_id> heard_; ///< of the running `trigger`; kept for its memory
};

} // namespace conclave::session
