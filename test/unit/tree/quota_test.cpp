#include "server/tree/quota.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

TEST_CASE("quota: limits as the shell writes them", "[tree][quota]") {
    CHECK(
        quota_limits::parse("count=5,bytes=-1=;byteHardLimit=100;countHardLimit=-1") ==
        quota_limits{5, -1, -1, 100}
    );
    CHECK(quota_limits::parse("count=1,bytes=2") == quota_limits{1, 2, -1, -1});
    CHECK(quota_limits::parse("countHardLimit=0") == quota_limits{-1, -1, 0, -1});
    CHECK(quota_limits::parse("") == quota_limits{});
}

TEST_CASE("quota: what ZooKeeper 3.8.0 parses is parsed", "[tree][quota]") {
    for (const bytes_view text :
         {"", ",", "count=5;;", "count=+5", "count=-5", "foo=9", " count=5", "count=5=6=7"}) {
        INFO(text);
        CHECK(quota_record::parse(text));
    }
}

TEST_CASE("quota: what ZooKeeper 3.8.0 chokes on limits nothing", "[tree][quota]") {
    for (const bytes_view text :
         {"count",
          "count=",
          "=;count=5",
          ";;count=5",
          "foo=bar",
          "count=5x",
          "count=+-5",
          "count=99999999999999999999",
          "\xff\xfe"}) {
        INFO(text);
        CHECK_FALSE(quota_record::parse(text));
        CHECK(quota_limits::parse(text) == quota_limits{});
    }
}

TEST_CASE("quota: statistics are written as ZooKeeper writes them", "[tree][quota]") {
    quota_record record;
    record.set("count", 3);
    record.set("bytes", 7);
    CHECK(record.to_text() == "count=3,bytes=7");

    auto kept = quota_record::parse("count=1,bytes=1,foo=7;bar=8");
    REQUIRE(kept);
    kept->set("bytes", 2);
    CHECK(kept->to_text() == "count=1,bytes=2=;bar=8;foo=7");
    CHECK(quota_record::parse(kept->to_text())->to_text() == kept->to_text());
    CHECK(quota_record{}.to_text() == "count=-1,bytes=-1");
}

TEST_CASE("quota: paths of limits and statistics", "[tree][quota]") {
    CHECK(quota_limits_path("/a/b") == "/zookeeper/quota/a/b/zookeeper_limits");
    CHECK(quota_stats_path("/a/b") == "/zookeeper/quota/a/b/zookeeper_stats");
    CHECK(prefix_of_quota_limits("/zookeeper/quota/a/b/zookeeper_limits") == "/a/b");
    CHECK(prefix_of_quota_stats("/zookeeper/quota/a/b/zookeeper_stats") == "/a/b");

    CHECK(prefix_of_quota_limits("/zookeeper/quota/a/b/zookeeper_stats").empty());
    CHECK(prefix_of_quota_limits("/zookeeper/quota/a").empty());
    CHECK(prefix_of_quota_limits("/zookeeper/quotax/zookeeper_limits").empty());
    CHECK(prefix_of_quota_limits("/zookeeper/quota/xzookeeper_limits").empty());
    CHECK(prefix_of_quota_limits("/a/zookeeper_limits").empty());

    CHECK(prefix_of_quota_limits("/zookeeper/quota/zookeeper_limits").empty());
    CHECK(is_root_quota("/zookeeper/quota/zookeeper_limits"));
    CHECK_FALSE(is_root_quota("/zookeeper/quota/a/zookeeper_limits"));
    CHECK_FALSE(is_root_quota("/zookeeper/quota/zookeeper_stats"));
}

TEST_CASE("quota: the longest prefix covers and by component only", "[tree][quota]") {
    quota_table quotas;
    CHECK(quotas.empty());
    CHECK(quotas.covering("/a") == nullptr);
    for (const bytes_view prefix : {"/qq", "/qq/b/c", "/qq/b/c!", "/z", "/qq/bb"}) {
        quotas.arm(prefix, {});
    }
    const auto covering = [&](bytes_view path) {
        const auto* found = quotas.covering(path);
        return found == nullptr ? bytes{} : found->first;
    };
    CHECK(covering("/qq") == "/qq");
    CHECK(covering("/qq/a") == "/qq");
    CHECK(covering("/qq/b") == "/qq");
    CHECK(covering("/qq/b/c") == "/qq/b/c");
    CHECK(covering("/qq/b/c/d") == "/qq/b/c");
    CHECK(covering("/qq/b/c/d/e/f") == "/qq/b/c");
    CHECK(covering("/qq/b/cc") == "/qq");
    CHECK(covering("/qq/b/c!/x") == "/qq/b/c!");
    CHECK(covering("/qq/bb/x") == "/qq/bb");
    CHECK(covering("/qqq").empty());
    CHECK(covering("/q").empty());
    CHECK(covering("/zz").empty());
    CHECK(covering("/").empty());
    CHECK(covering("").empty());
    CHECK(covering("zzz").empty());

    quotas.disarm("/qq/b/c");
    CHECK(covering("/qq/b/c/d") == "/qq");
    quotas.disarm("/qq");
    CHECK(covering("/qq/b/c/d").empty());
    quotas.disarm("/never-armed");
}

TEST_CASE("quota: sums wrap instead of overflowing", "[tree][quota]") {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    CHECK(quota_usage{most, 1} + quota_usage{1, 1} == quota_usage{least, 2});
    CHECK(-quota_usage{least, 5} == quota_usage{least, -5});
}
