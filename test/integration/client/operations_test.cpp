/// Every operation, against a real server.
#include "test/integration/client/fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

asio::awaitable<void> write_and_read() {
    co_await make_room("nodes");
    const session zk = co_await connected(settings_for("nodes"));

    const created_node made = co_await zk.async_create("/a", "one", throwing);
    CHECK(made.path == "/a");
    REQUIRE(made.stat);
    CHECK(made.stat->data_length == 3);
    const node_data read = co_await zk.async_get("/a", throwing);
    CHECK(read.data == "one");
    CHECK(read.stat == *made.stat);
    CHECK_FALSE(read.is_null);

    const node_stat written = co_await zk.async_set("/a", "two", read.stat.version, throwing);
    CHECK(written.version == data_version{1});
    CHECK(written.mzxid > read.stat.mzxid);
    auto [stale, nothing] = co_await zk.async_set("/a", "three", read.stat.version, as_result);
    CHECK(stale == errc::bad_version);

    co_await zk.async_set("/a", std::nullopt, throwing);
    const node_data null = co_await zk.async_get("/a", throwing);
    CHECK(null.is_null);
    CHECK(null.data.empty());

    co_await zk.async_create("/a/x", "", throwing);
    co_await zk.async_create("/a/y", "", throwing);
    node_children children = co_await zk.async_get_children("/a", throwing);
    std::sort(children.names.begin(), children.names.end());
    CHECK(children.names == std::vector<std::string>{"x", "y"});
    CHECK(children.stat.num_children == 2);
    const std::int32_t below = co_await zk.async_get_all_children_number("/a", throwing);
    CHECK(below == 2);

    auto [not_empty] = co_await zk.async_remove("/a", as_result);
    CHECK(not_empty == errc::not_empty);
    co_await zk.async_remove("/a/x", data_version{0}, throwing);
    auto [gone, no_data] = co_await zk.async_get("/a/x", as_result);
    CHECK(gone == errc::no_node);
    const auto is_there = co_await zk.async_exists("/a", throwing);
    CHECK(is_there);
    const auto is_gone = co_await zk.async_exists("/a/x", throwing);
    CHECK_FALSE(is_gone);
    co_await zk.async_sync("/", throwing);
    CHECK(zk.last_zxid() >= written.mzxid);
    co_await zk.async_close(throwing);
    CHECK(zk.state() == session_state::lost);
}

asio::awaitable<void> create_modes() {
    co_await make_room("modes");
    const session zk = co_await connected(settings_for("modes"));
    const auto mine = co_await zk.async_create("/e", "", create_mode::ephemeral, throwing);
    REQUIRE(mine.stat);
    CHECK(mine.stat->ephemeral_owner == zk.key().id);
    const auto first =
        co_await zk.async_create("/s-", "", create_mode::persistent_sequential, throwing);
    CHECK(first.path == "/s-0000000001");
    const auto second =
        co_await zk.async_create("/", "", create_mode::ephemeral_sequential, throwing);
    CHECK(second.path == "/0000000002");
    const auto box = co_await zk.async_create("/c", "", create_mode::container, throwing);
    CHECK(box.path == "/c");
    auto owned = co_await zk.async_get_ephemerals("/", throwing);
    std::sort(owned.begin(), owned.end());
    CHECK(owned == std::vector<std::string>{"/0000000002", "/e"});
    create_options short_lived{create_mode::persistent_ttl};
    short_lived.with_ttl(1h);
    const auto kept = co_await zk.async_create("/t", "", short_lived, throwing);
    CHECK(kept.path == "/t");
    co_await zk.async_close(throwing);

    const session next = co_await connected(settings_for("modes"));
    const auto is_there = co_await next.async_exists("/e", throwing);
    CHECK_FALSE(is_there);
    co_await next.async_close(throwing);
}

asio::awaitable<void> transactions() {
    co_await make_room("multi");
    const session zk = co_await connected(settings_for("multi"));
    transaction both;
    both.create("/a", "1")
        .create("/a/s-", "", create_mode::persistent_sequential)
        .set("/a", "2")
        .check("/a", data_version{1})
        .create("/b", "")
        .remove("/b");
    const auto results = co_await zk.async_commit(both, throwing);
    REQUIRE(results.size() == 6);
    CHECK(results[0].path == "/a");
    CHECK(results[1].path == "/a/s-0000000000");
    REQUIRE(results[2].stat);
    CHECK(results[2].stat->version == data_version{1});

    transaction failing;
    failing.set("/a", "3").remove("/none").create("/c", "");
    auto [failed, why] = co_await zk.async_commit(failing, as_result);
    CHECK(failed == errc::no_node);
    REQUIRE(why.size() == 3);
    CHECK_FALSE(why[0].error);
    CHECK(why[1].error == errc::no_node);
    CHECK(why[2].error == errc::runtime_inconsistency);
    const node_data unchanged = co_await zk.async_get("/a", throwing);
    CHECK(unchanged.data == "2");

    auto [empty_failed, none] = co_await zk.async_commit(transaction{}, as_result);
    CHECK_FALSE(empty_failed);
    CHECK(none.empty());

    read_batch reads;
    reads.get("/a").get_children("/a").get("/none");
    const auto seen = co_await zk.async_read(reads, throwing);
    REQUIRE(seen.size() == 3);
    REQUIRE(seen[0].data);
    CHECK(seen[0].data->data == "2");
    REQUIRE(seen[1].children);
    CHECK(*seen[1].children == std::vector<std::string>{"s-0000000000"});
    CHECK(seen[2].error == errc::no_node);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> access_control() {
    co_await make_room("acl");
    const session zk = co_await connected(settings_for("acl"));
    co_await zk.async_add_auth("digest", "bob:secret", throwing);
    create_options mine;
    mine.with_acl(creator_acl());
    co_await zk.async_create("/private", "x", mine, throwing);
    const node_acl seen = co_await zk.async_get_acl("/private", throwing);
    CHECK(seen.entries == acl{digest_entry("bob", "secret")});

    const auto who = co_await zk.async_who_am_i(throwing);
    const bool is_bob = std::any_of(who.begin(), who.end(), [](const identity& each) {
        return each.scheme == "digest" && each.id == "bob";
    });
    CHECK(is_bob);

    const session other = co_await connected(settings_for("acl"));
    auto [denied, nothing] = co_await other.async_get("/private", as_result);
    CHECK(denied == errc::no_auth);
    const node_stat opened = co_await zk.async_set_acl("/private", read_only_acl(), throwing);
    CHECK(opened.aversion == acl_version{1});
    const node_data read = co_await other.async_get("/private", throwing);
    CHECK(read.data == "x");
    co_await other.async_close(throwing);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> wrong_scheme() {
    const session zk = co_await connected(settings_for(""));
    auto [failed] = co_await zk.async_add_auth("no-such-scheme", "x", as_result);
    CHECK(failed == errc::auth_failed);
    CHECK(failed == condition::session_lost);
    CHECK(zk.state() == session_state::lost);
    auto [over, nothing] = co_await zk.async_get("/", as_result);
    CHECK(over == errc::auth_failed);
}

asio::awaitable<void> refused_here() {
    co_await make_room("refused");
    const session zk = co_await connected(settings_for("refused"));
    for (const std::string path : {"", "a", "/a/", "//", "/a//b", "/./a", "/a/..", "/\x01"}) {
        INFO(path);
        auto [no_read, data] = co_await zk.async_get(path, as_result);
        CHECK(no_read == errc::bad_arguments);
        auto [no_write, made] = co_await zk.async_create(path, "", as_result);
        CHECK(no_write == errc::bad_arguments);
    }
    const bytes large(std::size_t{1} << 20U, 'x');
    auto [too_large, made] = co_await zk.async_create("/large", large, as_result);
    CHECK(too_large == error::request_too_large);
    const node_data root = co_await zk.async_get("/", throwing);
    CHECK(root.stat.num_children == 0);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> configuration() {
    co_await make_room("config");
    const session zk = co_await connected(settings_for("config"));
    const node_data text = co_await zk.async_get_config(throwing);
    CHECK(text.stat.num_children == 0);
    reconfiguration change;
    change.leaving = "9";
    auto [failed, nothing] = co_await zk.async_reconfig(change, as_result);
    CHECK(failed == errc::reconfig_disabled);
    co_await zk.async_close(throwing);
}

} // namespace

TEST_CASE("client: nodes are written and read", "[client]") {
    asio::io_context context;
    run(context, write_and_read);
}

TEST_CASE("client: every create mode", "[client]") {
    asio::io_context context;
    run(context, create_modes);
}

TEST_CASE("client: transactions happen together or not at all", "[client]") {
    asio::io_context context;
    run(context, transactions);
}

TEST_CASE("client: identities and access control", "[client]") {
    asio::io_context context;
    run(context, access_control);
}

TEST_CASE("client: an identity that is not accepted ends the session", "[client]") {
    asio::io_context context;
    run(context, wrong_scheme);
}

TEST_CASE("client: what no server would take is refused without asking", "[client]") {
    asio::io_context context;
    run(context, refused_here);
}

TEST_CASE("client: the configuration of the ensemble", "[client]") {
    asio::io_context context;
    run(context, configuration);
}
