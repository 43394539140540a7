/// The tree and the preparation against a model that is too simple to be wrong.
#include "test/unit/tree/leader.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>
#include <random>

using namespace conclave;

namespace {

struct model_node {
    std::optional<bytes> data;
    std::int64_t owner = 0;
    std::int32_t version = 0;
    std::int32_t creates = 0;
    std::int32_t deletes = 0;
};

/// Executes each request at once, in the order in which they are prepared.
class model {
public:
    std::map<bytes, model_node> nodes{
        {"/", {"", 0, 0, 0, -1}},
        {"/zookeeper", {"", 0, 0, 0, -2}},
        {"/zookeeper/config", {"", 0, 0, 0, 0}},
        {"/zookeeper/quota", {"", 0, 0, 0, 0}}};

    errc create(bytes& path, bool is_sequential, std::optional<bytes> data, std::int64_t owner) {
        const auto parent = nodes.find(bytes{path::parent_of(path)});
        if (parent == nodes.end()) {
            return errc::no_node;
        }
        if (is_sequential) {
            path += fmt::format("{:010d}", parent->second.creates);
        }
        if (nodes.contains(path)) {
            return errc::node_exists;
        }
        if (parent->second.owner > 0) {
            return errc::no_children_for_ephemerals;
        }
        ++parent->second.creates;
        nodes[path] = {std::move(data), owner, 0, 0, 0};
        return errc::ok;
    }

    errc remove(const bytes& path, std::int32_t version) {
        const auto node = nodes.find(path);
        if (node == nodes.end()) {
            return errc::no_node;
        }
        if (version != -1 && version != node->second.version) {
            return errc::bad_version;
        }
        if (!children(path).empty()) {
            return errc::not_empty;
        }
        ++nodes.at(bytes{path::parent_of(path)}).deletes;
        nodes.erase(node);
        return errc::ok;
    }

    errc set(const bytes& path, std::optional<bytes> data, std::int32_t version) {
        const auto node = nodes.find(path);
        if (node == nodes.end()) {
            return errc::no_node;
        }
        if (version != -1 && version != node->second.version) {
            return errc::bad_version;
        }
        node->second.data = std::move(data);
        ++node->second.version;
        return errc::ok;
    }

    errc check(const bytes& path, std::int32_t version) const {
        const auto node = nodes.find(path);
        if (node == nodes.end()) {
            return errc::no_node;
        }
        return version == -1 || version == node->second.version ? errc::ok : errc::bad_version;
    }

    std::vector<bytes> owned_by(std::int64_t owner) const {
        std::vector<bytes> paths;
        for (const auto& [path, node] : nodes) {
            if (node.owner == owner) {
                paths.push_back(path);
            }
        }
        return paths;
    }

    std::vector<bytes> children(const bytes& path) const {
        std::vector<bytes> names;
        for (const auto& [other, node] : nodes) {
            if (path::parent_of(other) == path) {
                names.emplace_back(path::name_of(other));
            }
        }
        return names;
    }
};

class trial {
public:
    explicit trial(unsigned seed) : random_(seed) {}

    /// Operations that changed something: a model test in which everything fails tests nothing.
    [[nodiscard]] int success_count() const { return success_count_; }

    void run(int steps) {
        for (int step = 0; step < steps; ++step) {
            const unsigned dice = draw(100);
            if (dice < 70) {
                request();
            } else if (dice < 78) {
                multi();
            } else if (dice < 82) {
                close();
            } else if (dice < 94) {
                apply_some();
            } else if (dice < 97) {
                checkpoint_step();
            } else {
                settle();
            }
        }
        settle();
    }

private:
    unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

    bytes draw_name() {
        const bytes beyond_keys(600, 'n');
        const std::vector<bytes> names{"a", "b", "c", beyond_keys + "1", beyond_keys + "2"};
        return names[draw(static_cast<unsigned>(names.size()))];
    }

    /// A path that exists, or one that could be a child of such a path, or any.
    bytes draw_path() {
        if (draw(6) == 0) {
            return "/" + draw_name() + "/" + draw_name();
        }
        auto existing = model_.nodes.begin();
        std::advance(existing, draw(static_cast<unsigned>(model_.nodes.size())));
        const bool is_reserved = existing->first.starts_with("/zookeeper");
        const bytes path = is_reserved ? "/" : existing->first;
        const bool has_room = path.size() < 2000;
        return path == "/" || (has_room && draw(2) == 0) ? path::join(path, draw_name()) : path;
    }

    std::optional<bytes> draw_data() {
        return draw(8) == 0 ? std::nullopt : std::optional{bytes(draw(20), 'd')};
    }

    std::int32_t draw_version() { return draw(2) == 0 ? -1 : static_cast<std::int32_t>(draw(3)); }

    /// Prepares one operation, and has the model do it; both must come to the same end.
    errc operation(std::vector<tree::change>& changes) {
        bytes path = draw_path();
        const std::int32_t version = draw_version();
        switch (draw(5)) {
        case 0:
        case 1: {
            const std::int32_t flags = static_cast<std::int32_t>(draw(4));
            const auto data = draw_data();
            here_.session = session_id{1 + draw(2)};
            const std::int64_t owner = flags % 2 == 1 ? here_.session.value : 0;
            const auto made = here_.try_create(path, flags, data);
            const errc expected = model_.create(path, flags >= 2, data, owner);
            if (made) {
                REQUIRE(made.value().path == path);
            }
            return compare(made, expected, changes);
        }
        case 2:
            return compare(
                here_.prepare.remove({path, version}, here_.by()),
                model_.remove(path, version),
                changes
            );
        case 3: {
            const auto data = draw_data();
            return compare(
                here_.prepare.set({path, data, version}, here_.by()),
                model_.set(path, data, version),
                changes
            );
        }
        default:
            return compare(
                here_.prepare.check({path, version}, here_.by()),
                model_.check(path, version),
                changes
            );
        }
    }

    template <class Change>
    errc compare(const result<Change>& made, errc expected, std::vector<tree::change>& changes) {
        const errc actual = made ? errc::ok : made.error();
        REQUIRE(name(actual) == name(expected));
        if (made) {
            changes.emplace_back(*made);
            ++success_count_;
        }
        return actual;
    }

    void request() {
        std::vector<tree::change> changes;
        here_.prepare.begin();
        const errc outcome = operation(changes);
        finish(outcome, std::move(changes));
    }

    void multi() {
        const model before = model_;
        std::vector<tree::change> changes;
        here_.prepare.begin(true);
        errc outcome = errc::ok;
        for (unsigned left = 1 + draw(5); left > 0 && outcome == errc::ok; --left) {
            outcome = operation(changes);
        }
        if (outcome != errc::ok) {
            model_ = before;
        }
        finish(outcome, std::move(changes));
    }

    void finish(errc outcome, std::vector<tree::change> changes) {
        if (outcome == errc::ok) {
            here_.propose_all(std::move(changes));
        } else {
            here_.prepare.discard();
        }
    }

    void close() {
        const session_id session{1 + draw(2)};
        const std::vector<bytes> expected = model_.owned_by(session.value);
        REQUIRE(here_.close(session) == expected);
        for (const bytes& path : expected) {
            REQUIRE(model_.remove(path, -1) == errc::ok);
        }
    }

    void apply_some() {
        for (unsigned count = draw(6); count > 0 && !here_.in_flight.empty(); --count) {
            here_.apply_next();
        }
    }

    void checkpoint_step() {
        if (!frozen_) {
            here_.nodes->save_counters();
            frozen_ = here_.rows->freeze();
        } else if (draw(2) == 0) {
            here_.tables.commit(*frozen_);
            here_.rows->release_frozen();
            frozen_.reset();
        } else {
            here_.rows->restore_frozen();
            frozen_.reset();
        }
    }

    /// Applies everything and compares; sometimes behind a checkpoint and a restart.
    void settle() {
        here_.apply_all();
        REQUIRE(here_.prepare.pending_count() == 0);
        compare_trees(*here_.nodes);
        if (draw(2) == 0 && !frozen_) {
            here_.checkpoint();
            test::memory_tables copy = here_.tables;
            tree::write_buffer rows{copy};
            const tree::tree reopened{rows, 0};
            compare_trees(reopened);
            REQUIRE(reopened.current_digest() == here_.nodes->current_digest());
            REQUIRE(reopened.ephemerals() == here_.nodes->ephemerals());
        }
    }

    void compare_trees(const tree::tree& nodes) {
        std::int64_t data_size = 0;
        std::int64_t ephemeral_count = 0;
        for (const auto& [path, expected] : model_.nodes) {
            INFO(path);
            const auto node = nodes.find(path);
            REQUIRE(node);
            REQUIRE(node->data == expected.data);
            REQUIRE(node->head.owner == expected.owner);
            REQUIRE(node->head.child_counter == expected.creates);
            const stat shown = node->to_stat();
            REQUIRE(shown.version == expected.version);
            REQUIRE(shown.cversion == expected.creates + expected.deletes);
            const std::vector<bytes> names = model_.children(path);
            REQUIRE(shown.num_children == static_cast<std::int32_t>(names.size()));
            compare_children(nodes, path, names);
            data_size += static_cast<std::int64_t>(path.size() + expected.data.value_or("").size());
            if (expected.owner > 0) {
                ++ephemeral_count;
                REQUIRE(nodes.ephemerals_of(session_id{expected.owner}).contains(path));
            }
        }
        REQUIRE(nodes.node_count() == static_cast<std::int64_t>(model_.nodes.size()) + 1);
        REQUIRE(nodes.data_size() == data_size);
        REQUIRE(nodes.ephemeral_count() == ephemeral_count);
        REQUIRE(nodes.current_digest() == nodes.compute_digest());
    }

    static void compare_children(
        const tree::tree& nodes, const bytes& path, const std::vector<bytes>& expected
    ) {
        std::vector<bytes> names;
        nodes.for_each_child(path, [&](bytes_view name) {
            names.emplace_back(name);
            return true;
        });
        std::sort(names.begin(), names.end());
        REQUIRE(names == expected);
    }

    std::mt19937 random_;
    test::leader here_;
    model model_;
    std::shared_ptr<const tree::change_set> frozen_;
    int success_count_ = 0;
};

} // namespace

TEST_CASE("model: random requests and checkpoints leave what they should", "[tree][model]") {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        INFO("seed " << seed);
        trial one{seed};
        one.run(400);
        CHECK(one.success_count() > 100);
    }
}
