#include "server/tree/pending_usage.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

TEST_CASE("pending usage: growth counts until it is applied", "[tree][pending]") {
    pending_usage usage;
    usage.add("/a", {1, 10});
    usage.accept(zxid{1});
    usage.add("/a", {1, 5});
    usage.add("/b", {-1, 0});
    usage.accept(zxid{2});
    CHECK(usage.of("/a") == quota_usage{2, 15});
    CHECK(usage.of("/b") == quota_usage{-1, 0});
    CHECK(usage.of("/c") == quota_usage{});
    usage.release(zxid{1});
    CHECK(usage.of("/a") == quota_usage{1, 5});
    usage.release(zxid{2});
    CHECK(usage.size() == 0);
}

TEST_CASE("pending usage: discarded growth is taken back", "[tree][pending]") {
    pending_usage usage;
    usage.add("/a", {1, 10});
    usage.accept(zxid{1});
    usage.add("/a", {5, 50});
    usage.add("/b", {5, 50});
    usage.discard();
    CHECK(usage.of("/a") == quota_usage{1, 10});
    CHECK(usage.size() == 1);
    usage.clear();
    CHECK(usage.size() == 0);
    usage.release(zxid{9});
    CHECK(usage.of("/a") == quota_usage{});
}
