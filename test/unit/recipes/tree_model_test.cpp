/// The copy of a subtree beside a server that a test plays.
#include "client/recipes/src/tree_model.hpp"

#include <conclave/path.hpp>

#include <catch2/catch.hpp>

#include <random>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::detail;

namespace {

using kind = client::watch_event::kind;
using change = tree_change::kind;

/// Nodes with a version each. Answers and events leave in one order, as on a connection; the test
/// decides when they arrive.
class played_server {
public:
    void put(const std::string& path) {
        const bool is_new = !nodes_.contains(path);
        client::node_data& node = nodes_[path];
        node.stat.mzxid = zxid{++last_zxid_};
        node.data = std::to_string(last_zxid_);
        if (is_new) {
            node.stat.czxid = zxid{last_zxid_};
        }
        tell({is_new ? kind::created : kind::data_changed, path, {}});
    }

    void remove(const std::string& path) {
        nodes_.erase(path);
        tell({kind::deleted, path, {}});
    }

    /// The connection is lost: what was on its way never arrives, nor do events until `reconnect`.
    void disconnect() {
        is_connected_ = false;
        for (const message& each : on_way_) {
            if (!each.event) {
                unanswered_.push_back(each.read);
            }
        }
        on_way_.clear();
    }

    void reconnect() {
        is_connected_ = true;
        tell({kind::restored, "/", {}});
    }

    /// Answers reads of the model, as of now.
    void take_reads(tree_model& model, std::size_t count) {
        while (is_connected_ && count-- > 0) {
            const auto next = model.next_read();
            if (!next) {
                return;
            }
            on_way_.push_back(answer(*next));
        }
    }

    void deliver(tree_model& model, std::size_t count) {
        for (const auto& each : unanswered_) {
            model.on_unanswered(each);
        }
        unanswered_.clear();
        while (count-- > 0 && !on_way_.empty()) {
            const message next = on_way_.front();
            on_way_.pop_front();
            if (next.event) {
                model.on_event(*next.event);
            } else if (next.read.wants_children) {
                model.on_children(next.read.path, next.names);
            } else {
                model.on_node(next.read.path, next.node);
            }
        }
    }

    void settle(tree_model& model) {
        do {
            deliver(model, 1'000'000);
            take_reads(model, 1'000'000);
        } while (!on_way_.empty());
    }

    [[nodiscard]] const std::map<std::string, client::node_data>& nodes() const { return nodes_; }

    [[nodiscard]] bool has(const std::string& path) const { return nodes_.contains(path); }

    [[nodiscard]] std::vector<std::string> names(const std::string& path) const {
        std::vector<std::string> found;
        for (const auto& [each, node] : nodes_) {
            if (each != "/" && path::parent_of(each) == path) {
                found.emplace_back(path::name_of(each));
            }
        }
        return found;
    }

private:
    struct message {
        std::optional<client::watch_event> event;
        tree_model::read read;
        std::optional<client::node_data> node;
        std::vector<std::string> names;
    };

    void tell(client::watch_event event) {
        if (is_connected_) {
            on_way_.push_back({std::move(event), {}, {}, {}});
        }
    }

    [[nodiscard]] message answer(const tree_model::read& read) const {
        message made;
        made.read = read;
        if (read.wants_children) {
            made.names = names(read.path);
        } else if (has(read.path)) {
            made.node = nodes_.at(read.path);
        }
        return made;
    }

    std::map<std::string, client::node_data> nodes_{{"/", {}}};
    std::deque<message> on_way_;
    std::vector<tree_model::read> unanswered_;
    std::int64_t last_zxid_ = 0;
    bool is_connected_ = true;
};

void check_same(const tree_model& model, const played_server& server) {
    std::map<std::string, std::string> shown;
    model.for_each([&](const std::string& path, const client::node_data& node) {
        shown[path] = node.data;
    });
    std::map<std::string, std::string> there;
    for (const auto& [path, node] : server.nodes()) {
        there[path] = node.data;
    }
    REQUIRE(shown == there);
}

tree_model filled(played_server& server, const tree_cache_limits& limits = {}) {
    tree_model model{"/", limits};
    model.begin();
    server.settle(model);
    REQUIRE(model.is_settled());
    static_cast<void>(model.publish());
    return model;
}

} // namespace

TEST_CASE("tree: the whole tree is read", "[recipes][tree]") {
    played_server server;
    for (const char* path : {"/a", "/a/b", "/a/b/c", "/a-b", "/d"}) {
        server.put(path);
    }
    const tree_model model = filled(server);
    check_same(model, server);
    CHECK(model.children("/") == server.names("/"));
    CHECK(model.children("/a") == server.names("/a"));
    CHECK(model.children("/a/b/c").empty());
    CHECK(model.find("/a/b")->data == "2");
    CHECK(model.find("/x") == nullptr);
}

TEST_CASE("tree: nothing is shown before it is settled", "[recipes][tree]") {
    played_server server;
    server.put("/a");
    tree_model model = filled(server);
    server.put("/a");
    server.put("/b");
    server.deliver(model, 2);
    CHECK_FALSE(model.is_settled());
    CHECK(model.find("/a")->data == "1");
    server.settle(model);
    CHECK(
        model.publish() == std::vector<tree_change>{{change::changed, "/a"}, {change::added, "/b"}}
    );
    check_same(model, server);
}

TEST_CASE("tree: a node that comes and goes is no change", "[recipes][tree]") {
    played_server server;
    tree_model model = filled(server);
    server.put("/a");
    server.remove("/a");
    server.settle(model);
    CHECK(model.publish().empty());
    server.put("/b");
    server.settle(model);
    static_cast<void>(model.publish());
    server.remove("/b");
    server.settle(model);
    CHECK(model.publish() == std::vector<tree_change>{{change::removed, "/b"}});
}

TEST_CASE("tree: what was missed while cut off is found", "[recipes][tree]") {
    played_server server;
    for (const char* path : {"/gone", "/gone/too", "/kept", "/changed"}) {
        server.put(path);
    }
    tree_model model = filled(server);
    server.disconnect();
    server.remove("/gone/too");
    server.remove("/gone");
    server.put("/changed");
    server.put("/new");
    server.reconnect();
    server.settle(model);
    CHECK(
        model.publish() ==
        std::vector<tree_change>{
            {change::changed, "/changed"},
            {change::removed, "/gone"},
            {change::removed, "/gone/too"},
            {change::added, "/new"}}
    );
    check_same(model, server);
}

TEST_CASE("tree: a root that is missing is an empty tree until it comes", "[recipes][tree]") {
    tree_model model{"/app", {}};
    model.begin();
    for (int count = 0; count < 2; ++count) {
        const auto next = model.next_read();
        REQUIRE(next);
        next->wants_children ? model.on_children(next->path, {})
                             : model.on_node(next->path, std::nullopt);
    }
    REQUIRE(model.is_settled());
    CHECK(model.publish().empty());
    model.on_event({kind::created, "/app", {}});
    CHECK_FALSE(model.is_settled());
    CHECK(model.next_read()->path == "/app");
    model.on_node("/app", client::node_data{});
    CHECK(model.publish() == std::vector<tree_change>{{change::added, "/app"}});
}

TEST_CASE("tree: limits are kept", "[recipes][tree]") {
    tree_cache_limits limits;
    limits.node_count_max = 4;
    played_server server;
    for (const char* path : {"/a", "/b", "/c"}) {
        server.put(path);
    }
    tree_model model = filled(server, limits);
    CHECK_FALSE(model.is_too_large());
    server.put("/d");
    server.settle(model);
    CHECK(model.is_too_large());
    server.remove("/d");
    server.settle(model);
    CHECK_FALSE(model.is_too_large());

    limits.data_size_max = 9; // "/" and three paths of two octets with one of data each: 10
    played_server same;
    for (const char* path : {"/a", "/b", "/c"}) {
        same.put(path);
    }
    CHECK(filled(same, limits).is_too_large());
}

TEST_CASE("tree: a busy tree is shown all the same", "[recipes][tree]") {
    tree_cache_limits limits;
    limits.staged_changes_max = 3;
    played_server server;
    tree_model model = filled(server, limits);
    for (const char* path : {"/a", "/b", "/c", "/d"}) {
        server.put(path);
    }
    server.deliver(model, 4);
    server.take_reads(model, 3);
    server.deliver(model, 3);
    CHECK_FALSE(model.is_settled());
    CHECK(model.is_overdue());
    CHECK(model.publish().size() == 3);
    CHECK_FALSE(model.is_overdue());
    server.settle(model);
    CHECK(model.publish().size() == 1);
    check_same(model, server);
}

TEST_CASE("tree: whatever happens the copy agrees when it is settled", "[recipes][tree]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        std::mt19937_64 random{seed};
        played_server server;
        tree_model model{"/", {}};
        model.begin();
        const auto name = [&] {
            return std::string(1, static_cast<char>('a' + random() % 4));
        };
        bool is_cut = false;
        for (int step = 0; step < 300; ++step) {
            const std::string top = "/" + name();
            const std::string inner = top + "/" + name();
            switch (random() % 8) {
            case 0:
            case 1:
                server.put(top);
                break;
            case 2:
                if (server.has(top)) {
                    server.put(inner);
                }
                break;
            case 3:
                if (server.has(inner)) {
                    server.remove(inner);
                } else if (server.has(top) && server.names(top).empty()) {
                    server.remove(top);
                }
                break;
            case 4:
                server.take_reads(model, random() % 4);
                break;
            case 5:
            case 6:
                server.deliver(model, random() % 4);
                break;
            case 7:
                if (is_cut) {
                    server.reconnect();
                    is_cut = false;
                } else if (random() % 8 == 0) {
                    server.disconnect();
                    is_cut = true;
                }
                break;
            }
            if (random() % 16 == 0 && model.is_settled()) {
                static_cast<void>(model.publish());
            }
        }
        server.disconnect();
        server.reconnect();
        server.settle(model);
        REQUIRE(model.is_settled());
        static_cast<void>(model.publish());
        check_same(model, server);
    }
}
