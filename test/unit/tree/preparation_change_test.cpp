#include "server/tree/preparation.hpp"
#include "test/unit/tree/leader.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::leader;

namespace {

const std::vector<acl_record> everybody{{permission::all, "world", "anyone"}};

std::vector<acl_record> everybody_but(std::int32_t permissions) {
    return {{permission::all & ~permissions, "world", "anyone"}};
}

} // namespace

TEST_CASE("preparation change: delete checks in ZooKeeper's order", "[tree][preparation][delete]") {
    leader here;
    REQUIRE(here.create("/p") == errc::ok);
    REQUIRE(here.create("/p/a") == errc::ok);
    REQUIRE(here.create("/p/a/b") == errc::ok);
    for (const bytes_view path :
         {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "x", ""}) {
        INFO(path);
        CHECK(here.remove(path) == errc::bad_arguments);
    }
    CHECK(here.remove(bytes_view{"/a\0", 3}) == errc::bad_arguments);
    CHECK(here.remove("//x") == errc::no_node);
    CHECK(here.remove("/p/") == errc::no_node);
    CHECK(here.remove("/missing/x") == errc::no_node);
    CHECK(here.remove("/p/missing") == errc::no_node);
    CHECK(here.remove("/p/a", 5) == errc::bad_version);
    CHECK(here.remove("/p/a", -2) == errc::bad_version);
    CHECK(here.remove("/p/a", 0) == errc::not_empty);
    REQUIRE(here.set_access("/p", everybody_but(permission::remove)) == errc::ok);
    CHECK(here.remove("/p/missing") == errc::no_auth);
    CHECK(here.remove("/p/a", 5) == errc::no_auth);
    CHECK(here.remove("/p/a/b", 0) == errc::ok);
}

TEST_CASE("preparation change: delete needs nothing on the node", "[tree][preparation][delete]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    REQUIRE(here.set_access("/a", {{0, "world", "anyone"}}) == errc::ok);
    CHECK(here.remove("/a") == errc::ok);
}

TEST_CASE("preparation change: setData checks in ZooKeeper's order", "[tree][preparation][set]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    for (const bytes_view path : {"", "x", "/a/", "//a", "/a/."}) {
        INFO(path);
        CHECK(here.set(path, "") == errc::bad_arguments);
    }
    CHECK(here.set("/missing", "", 9) == errc::no_node);
    CHECK(here.set("/a", "", 9) == errc::bad_version);
    CHECK(here.set("/a", "", -2) == errc::bad_version);
    CHECK(here.set("/", "root") == errc::ok);
    CHECK(here.set("/zookeeper", "1") == errc::ok);
    CHECK(here.set("/zookeeper/config", "1") == errc::no_auth);
    REQUIRE(here.set_access("/a", everybody_but(permission::write)) == errc::ok);
    CHECK(here.set("/a", "", 9) == errc::no_auth);
    here.who.push_back({"super", ""});
    CHECK(here.set("/a", "", 9) == errc::bad_version);
    CHECK(here.set("/zookeeper/config", "1") == errc::ok);
}

TEST_CASE(
    "preparation change: a quota is looked at before the version", "[tree][preparation][set][quota]"
) {
    tree::preparation_settings settings;
    settings.enforce_quota = true;
    leader here{settings};
    for (const bytes_view path : {"/q", "/zookeeper/quota/q"}) {
        REQUIRE(here.create(path) == errc::ok);
    }
    REQUIRE(here.create("/zookeeper/quota/q/zookeeper_limits", 0, "byteHardLimit=3") == errc::ok);
    REQUIRE(here.create("/zookeeper/quota/q/zookeeper_stats") == errc::ok);
    here.apply_all();
    CHECK(here.set("/q", "1234", 9) == errc::quota_exceeded);
    CHECK(here.set("/q", "123", 9) == errc::bad_version);
    CHECK(here.set("/q", "123", 0) == errc::ok);
}

TEST_CASE("preparation change: versions count up and wrap", "[tree][preparation][set]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    here.apply_all();
    const auto version_after = [&](std::int32_t version) {
        REQUIRE(here.apply(tree::set_data{"/a", "", version}));
        here.prepare.begin();
        const auto made = here.prepare.set({"/a", "", -1}, here.by());
        here.prepare.discard();
        return made.value().version;
    };
    CHECK(version_after(0) == 1);
    CHECK(version_after(-1) == 0);
    CHECK(
        version_after(std::numeric_limits<std::int32_t>::max()) ==
        std::numeric_limits<std::int32_t>::min()
    );
}

TEST_CASE("preparation change: setACL checks in ZooKeeper's order", "[tree][preparation][acl]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    CHECK(here.set_access("/a/", {}) == errc::bad_arguments);
    CHECK(here.set_access("/missing", {}) == errc::invalid_acl);
    CHECK(here.set_access("/missing", everybody) == errc::no_node);
    CHECK(here.set_access("/a", everybody, 9) == errc::bad_version);
    CHECK(here.set_access("/a", everybody, 0) == errc::ok);
    CHECK(here.set_access("/a", everybody, 0) == errc::bad_version);
    CHECK(here.set_access("/a", everybody_but(permission::admin), 1) == errc::ok);
    CHECK(here.set_access("/a", everybody, 9) == errc::no_auth);
    here.apply_all();
    CHECK(here.stat_of("/a").aversion == 2);
    CHECK(here.stat_of("/a").version == 0);
    CHECK(here.set_access("/a", everybody, 9) == errc::no_auth);
    here.who.push_back({"super", ""});
    CHECK(here.set_access("/zookeeper/config", everybody, -1) == errc::ok);
    here.apply_all();
    CHECK(here.stat_of("/zookeeper/config").aversion == 0);
}

TEST_CASE("preparation change: check needs READ", "[tree][preparation][check]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    CHECK(here.check("/a/") == errc::bad_arguments);
    CHECK(here.check("/missing", 9) == errc::no_node);
    CHECK(here.check("/a", 9) == errc::bad_version);
    CHECK(here.check("/a", 0) == errc::ok);
    CHECK(here.check("/a", -1) == errc::ok);
    REQUIRE(here.set_access("/a", everybody_but(permission::read)) == errc::ok);
    CHECK(here.check("/a", 9) == errc::no_auth);
}

TEST_CASE("preparation change: skipACL lets everybody pass", "[tree][preparation]") {
    tree::preparation_settings settings;
    settings.access.skip_acl = true;
    leader here{settings};
    CHECK(here.set("/zookeeper/config", "1") == errc::ok);
    CHECK(here.create("/zookeeper/config/x") == errc::ok);
}
