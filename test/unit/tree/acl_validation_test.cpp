#include "server/tree/access_control.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

namespace {

const identities nobody{{"ip", "10.1.2.3"}};
const identities bob{{"ip", "10.1.2.3"}, {"digest", "bob:hash"}};

errc verdict(
    std::optional<bytes_view> scheme, std::optional<bytes_view> id, const identities& who = nobody
) {
    const auto made = make_acl({{31, scheme, id}}, who, {});
    return made ? errc::ok : made.error();
}

bytes list(const std::vector<acl_record>& entries) {
    bytes encoded;
    jute::writer{encoded}(entries);
    return encoded;
}

} // namespace

TEST_CASE("acl validation: an empty list is invalid", "[tree][acl]") {
    CHECK(make_acl({}, bob, {}).error() == errc::invalid_acl);
}

TEST_CASE("acl validation: the open list is kept as nothing", "[tree][acl]") {
    CHECK(make_acl({{31, "world", "anyone"}}, nobody, {}).value() == open_acl);
    CHECK(
        make_acl({{30, "world", "anyone"}}, nobody, {}).value() == list({{30, "world", "anyone"}})
    );
}

TEST_CASE("acl validation: ids as ZooKeeper 3.8.0 judges them", "[tree][acl]") {
    for (const bytes_view id : {"a:b", ":b", "a:b:"}) {
        INFO(id);
        CHECK(verdict("digest", id) == errc::ok);
    }
    for (const bytes_view id : {"a:", "a:b:c", "", ":", "ab"}) {
        INFO(id);
        CHECK(verdict("digest", id) == errc::invalid_acl);
    }
    CHECK(verdict("ip", "1.2.3.4/8") == errc::ok);
    CHECK(verdict("ip", "::1") == errc::ok); // since 3.9.4
    CHECK(verdict("ip", "1.2.3") == errc::invalid_acl);
    CHECK(verdict("world", "anyone") == errc::ok);
    CHECK(verdict("world", "x") == errc::invalid_acl);
}

TEST_CASE("acl validation: schemes without a provider are invalid", "[tree][acl]") {
    for (const bytes_view scheme : {"super", "sasl", "x509", "foo", ""}) {
        INFO(scheme);
        CHECK(verdict(scheme, "x") == errc::invalid_acl);
    }
    access_settings settings;
    settings.digest_enabled = false;
    CHECK(make_acl({{31, "digest", "a:b"}}, bob, settings).error() == errc::invalid_acl);
    CHECK(make_acl({{31, "auth", ""}}, bob, settings).error() == errc::invalid_acl);
}

TEST_CASE("acl validation: names of certificates where clients can show them", "[tree][acl]") {
    access_settings settings;
    settings.x509_enabled = true;
    const auto verdict_on = [&](bytes_view id) {
        const auto made = make_acl({{31, "x509", id}}, nobody, settings);
        return made ? errc::ok : made.error();
    };
    CHECK(verdict_on("CN=alice,O=Example,C=DE") == errc::ok);
    CHECK(verdict_on("alice") == errc::invalid_acl);
}

TEST_CASE("acl validation: null schemes and ids", "[tree][acl]") {
    CHECK(verdict(std::nullopt, "x") == errc::invalid_acl);
    CHECK(verdict("foo", std::nullopt) == errc::invalid_acl);
    for (const bytes_view scheme : {"digest", "world", "ip"}) {
        INFO(scheme);
        CHECK(verdict(scheme, std::nullopt) == errc::marshalling_error);
    }
    CHECK(verdict("auth", std::nullopt, bob) == errc::ok);
}

TEST_CASE("acl validation: auth stands for the identities that were proved", "[tree][acl]") {
    CHECK(verdict("auth", "", nobody) == errc::invalid_acl);
    CHECK(verdict("auth", "", {{"super", ""}}) == errc::invalid_acl);
    const identities many{{"ip", "::1"}, {"digest", "a:1"}, {"sasl", "b"}, {"x509", "CN=c"}};
    CHECK(
        make_acl({{5, "auth", "whatever"}, {1, "world", "anyone"}}, many, {}).value() ==
        list({{5, "digest", "a:1"}, {5, "sasl", "b"}, {5, "x509", "CN=c"}, {1, "world", "anyone"}})
    );
}

TEST_CASE("acl validation: exact duplicates go and the order stays", "[tree][acl]") {
    CHECK(
        make_acl(
            {{1, "digest", "b:1"},
             {2, "digest", "a:1"},
             {1, "digest", "b:1"},
             {2, "digest", "b:1"},
             {2, "digest", "a:1"}},
            nobody,
            {}
        )
            .value() == list({{1, "digest", "b:1"}, {2, "digest", "a:1"}, {2, "digest", "b:1"}})
    );
    // Before "auth" is expanded, as ZooKeeper 3.8.0 was seen to do.
    CHECK(
        make_acl({{1, "auth", "x"}, {1, "auth", "y"}, {1, "auth", "x"}}, bob, {}).value() ==
        list({{1, "digest", "bob:hash"}, {1, "digest", "bob:hash"}})
    );
}

TEST_CASE("acl validation: the first invalid entry decides", "[tree][acl]") {
    CHECK(
        make_acl({{1, "world", std::nullopt}, {1, "foo", "x"}}, bob, {}).error() ==
        errc::marshalling_error
    );
    CHECK(
        make_acl({{1, "foo", "x"}, {1, "world", std::nullopt}}, bob, {}).error() ==
        errc::invalid_acl
    );
}

TEST_CASE("acl validation: malformed text is replaced as Java would", "[tree][acl]") {
    CHECK(
        make_acl({{1, "digest", "b\xff:1"}}, nobody, {}).value() ==
        list({{1, "digest", "b\xef\xbf\xbd:1"}})
    );
}

TEST_CASE("acl validation: auth cannot multiply a list without bound", "[tree][acl]") {
    identities many;
    for (int index = 0; index < 1000; ++index) {
        many.push_back({"digest", "user" + std::to_string(index) + ":" + bytes(100, 'h')});
    }
    std::vector<acl_record> entries;
    for (std::int32_t bits = 1; bits <= 8; ++bits) {
        entries.push_back({bits, "auth", ""});
    }
    CHECK(make_acl(entries, many, {}));
    for (std::int32_t bits = 9; bits <= 16; ++bits) {
        entries.push_back({bits, "auth", ""});
    }
    CHECK(make_acl(entries, many, {}).error() == errc::invalid_acl);
}
