/// A tree over tables in memory, with short ways to change it.
#pragma once

#include "server/tree/preparation.hpp"
#include "server/tree/tree.hpp"
#include "test/support/memory_tables.hpp"

#include <conclave/path.hpp>

#include <memory>
#include <ostream>
#include <tuple>
#include <vector>

namespace conclave::tree {

inline std::ostream& operator<<(std::ostream& out, const digest& sum) {
    return out << std::hex << sum.high << ':' << sum.low << std::dec;
}

} // namespace conclave::tree

namespace conclave::test {

inline constexpr std::uint64_t hash_seed = 0x0123456789abcdef;

struct seen_event {
    event_type type{};
    bytes path;
    bytes acl;

    friend bool operator==(const seen_event&, const seen_event&) = default;

    friend std::ostream& operator<<(std::ostream& out, const seen_event& one) {
        return out << static_cast<int>(one.type) << ' ' << one.path;
    }
};

struct recorder final : tree::change_listener {
    std::vector<seen_event> events;

    void on_event(event_type type, bytes_view path, bytes_view acl) override {
        events.push_back({type, bytes{path}, bytes{acl}});
    }
};

class world {
public:
    memory_tables tables;
    std::unique_ptr<tree::write_buffer> rows;
    std::unique_ptr<tree::tree> nodes;
    recorder seen;
    tree::apply_context now{zxid{0}, 1000};

    world() { start(); }

    /// A new process on the same tables: what was not in a checkpoint is lost.
    void start() {
        nodes.reset();
        tables.reopen();
        rows = std::make_unique<tree::write_buffer>(tables);
        nodes = std::make_unique<tree::tree>(*rows, hash_seed);
    }

    void checkpoint() {
        nodes->save_counters();
        tables.commit(*rows->freeze());
        rows->release_frozen();
    }

    void restart() {
        checkpoint();
        start();
    }

    /// Applies at the next zxid.
    result<tree::change_result> apply(const tree::change& what) {
        now.at = now.at.next();
        ++now.time_ms;
        return apply_again(what);
    }

    /// Applies at the zxid of the change before.
    result<tree::change_result> apply_again(const tree::change& what) {
        return nodes->apply(what, now, seen);
    }

    /// The change that a leader would make of a create.
    [[nodiscard]] tree::create_node creation(
        bytes_view path,
        std::optional<bytes_view> data = bytes_view{},
        std::int64_t owner = 0,
        bytes_view acl = {}
    ) const {
        tree::create_node what;
        what.path = path;
        what.data = data;
        what.owner = owner;
        what.acl = acl;
        const auto parent = nodes->find(path::parent_of(path));
        const std::int32_t counter = parent ? parent->head.child_counter : 0;
        what.parent_child_counter =
            static_cast<std::int32_t>(static_cast<std::uint32_t>(counter) + 1);
        return what;
    }

    stat create(
        bytes_view path,
        std::optional<bytes_view> data = bytes_view{},
        std::int64_t owner = 0,
        bytes_view acl = {}
    ) {
        return apply(creation(path, data, owner, acl)).value().after;
    }

    stat set(bytes_view path, std::optional<bytes_view> data) {
        tree::set_data what;
        what.path = path;
        what.data = data;
        what.version = nodes->find(path).value().head.version + 1;
        return apply(what).value().after;
    }

    void remove(bytes_view path) {
        if (!apply(tree::delete_node{bytes{path}})) {
            throw std::logic_error{"the node could not be removed"};
        }
    }

    [[nodiscard]] std::optional<bytes> data(bytes_view path) const {
        const auto node = nodes->find(path);
        return node && node->data ? std::optional<bytes>{*node->data} : std::nullopt;
    }

    [[nodiscard]] stat stat_of(bytes_view path) const {
        return nodes->find(path).value().to_stat();
    }

    [[nodiscard]] bool has(bytes_view path) const { return nodes->find(path).has_value(); }

    [[nodiscard]] std::vector<bytes> children(bytes_view path) const {
        std::vector<bytes> names;
        nodes->for_each_child(path, [&](bytes_view name) {
            names.emplace_back(name);
            return true;
        });
        return names;
    }
};

} // namespace conclave::test
