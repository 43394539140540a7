#include "server/admin/authorization.hpp"

#include <conclave/protocol.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace conclave;
using namespace conclave::admin;

namespace {

using enum verdict;

verdict
decide(operation what, role by, access_policy policy, provenance from = provenance::direct) {
    return authorize(policy, {by, {}, from}, what);
}

/// What each role may do, by default and with each switch. In the order anybody, user, operator.
struct expectation {
    verdict by_default[3];
    verdict with_writes[3];
    verdict with_requirement[3];
};

const std::map<operation, expectation> table{
    {operation::probe,
     {{allowed, allowed, allowed}, {allowed, allowed, allowed}, {allowed, allowed, allowed}}},
    {operation::see_console,
     {{allowed, allowed, allowed}, {allowed, allowed, allowed}, {allowed, allowed, allowed}}},
    {operation::read_metrics,
     {{allowed, allowed, allowed},
      {allowed, allowed, allowed},
      {not_authenticated, not_permitted, allowed}}},
    {operation::read_status,
     {{allowed, allowed, allowed},
      {allowed, allowed, allowed},
      {not_authenticated, not_permitted, allowed}}},
    {operation::read_node,
     {{allowed, allowed, allowed},
      {allowed, allowed, allowed},
      {not_authenticated, not_permitted, allowed}}},
    {operation::reset_statistics,
     {{allowed, allowed, allowed},
      {allowed, allowed, allowed},
      {not_authenticated, not_permitted, allowed}}},
    {operation::write_node,
     {{writes_disabled, writes_disabled, writes_disabled},
      {not_authenticated, allowed, allowed},
      {writes_disabled, writes_disabled, writes_disabled}}},
    {operation::back_up,
     {{not_authenticated, allowed, allowed},
      {not_authenticated, allowed, allowed},
      {not_authenticated, not_permitted, allowed}}},
    {operation::operate,
     {{not_authenticated, not_permitted, allowed},
      {not_authenticated, not_permitted, allowed},
      {not_authenticated, not_permitted, allowed}}},
};

const role all_roles[] = {role::anybody, role::user, role::operator_};

http_request request(name_values fields, bool is_local = true) {
    http_request made;
    made.fields = std::move(fields);
    made.peer_ip = "10.1.2.3";
    made.is_local = is_local;
    return made;
}

provenance provenance_of(name_values fields, bool is_local = true) {
    return identify(request(std::move(fields), is_local), {})->from;
}

credential_settings known() {
    credential_settings made;
    made.token = "0123456789abcdef";
    made.super_digest = digest_id("super:secret");
    return made;
}

std::optional<caller> identified(bytes_view authorization) {
    return identify(
        request({{"host", "localhost"}, {"authorization", bytes{authorization}}}), known()
    );
}

} // namespace

TEST_CASE("authorization: every operation and every role", "[admin][authorization]") {
    REQUIRE(table.size() == all_operations.size());
    for (const operation what : all_operations) {
        for (std::size_t index = 0; index < std::size(all_roles); ++index) {
            INFO("operation " << static_cast<int>(what) << " role " << index);
            const expectation& expected = table.at(what);
            CHECK(decide(what, all_roles[index], {}) == expected.by_default[index]);
            CHECK(decide(what, all_roles[index], {true, false}) == expected.with_writes[index]);
            CHECK(
                decide(what, all_roles[index], {false, true}) == expected.with_requirement[index]
            );
        }
    }
}

TEST_CASE("authorization: nobody comes from another origin", "[admin][authorization]") {
    for (const operation what : all_operations) {
        for (const role by : all_roles) {
            CHECK(decide(what, by, {true, false}, provenance::cross_origin) == cross_origin);
        }
    }
}

TEST_CASE(
    "authorization: a link from elsewhere shows, and neither changes nor takes along", "[admin][authorization]"
) {
    constexpr auto link = provenance::cross_site_navigation;
    for (const operation what : all_operations) {
        const bool only_shows = what != operation::reset_statistics &&
                                what != operation::write_node && what != operation::operate &&
                                what != operation::back_up;
        const verdict expected = only_shows ? allowed : cross_origin;
        CHECK(decide(what, role::operator_, {true, false}, link) == expected);
    }
}

TEST_CASE(
    "authorization: a browser's page of another site is told apart", "[admin][authorization]"
) {
    using enum provenance;
    CHECK(provenance_of({{"host", "127.0.0.1:2180"}}) == direct);
    CHECK(provenance_of({}) == direct); // HTTP 1.0
    CHECK(
        provenance_of({{"host", "localhost:2180"}, {"origin", "http://localhost:2180"}}) == direct
    );
    CHECK(
        provenance_of({{"host", "localhost:2180"}, {"origin", "http://localhost:8000"}}) ==
        provenance::cross_origin
    );
    CHECK(
        provenance_of({{"host", "127.0.0.1:2180"}, {"origin", "https://evil.example"}}) ==
        provenance::cross_origin
    );
    CHECK(
        provenance_of({{"host", "127.0.0.1:2180"}, {"origin", "null"}}) == provenance::cross_origin
    );
    CHECK(
        provenance_of({{"host", "[::1]:2180"}, {"sec-fetch-site", "cross-site"}}) ==
        provenance::cross_origin
    );
    CHECK(
        provenance_of(
            {{"host", "[::1]:2180"},
             {"sec-fetch-site", "cross-site"},
             {"sec-fetch-mode", "navigate"}}
        ) == cross_site_navigation
    );
    CHECK(provenance_of({{"host", "127.0.0.1"}, {"sec-fetch-site", "same-origin"}}) == direct);
}

TEST_CASE(
    "authorization: a stranger's name for this machine is not believed", "[admin][authorization]"
) {
    CHECK(provenance_of({{"host", "rebound.example:2180"}}) == provenance::cross_origin);
    CHECK(
        provenance_of({{"host", "rebound.example"}, {"origin", "http://rebound.example"}}) ==
        provenance::cross_origin
    );
    CHECK(provenance_of({{"host", "127.0.0.1.evil.example"}}) == provenance::cross_origin);
    CHECK(provenance_of({{"host", "zk1.localhost:2180"}}) == provenance::direct);
    // On an address that others reach, any name may be its own.
    CHECK(provenance_of({{"host", "zk1.example:2180"}}, false) == provenance::direct);
}

TEST_CASE(
    "authorization: without a claim one is anybody from an address", "[admin][authorization]"
) {
    const auto found = identify(request({{"host", "localhost"}}), known());
    REQUIRE(found);
    CHECK(found->is == role::anybody);
    CHECK(found->who == identities{{"ip", "10.1.2.3"}});
}

TEST_CASE("authorization: the token makes an operator", "[admin][authorization]") {
    const auto found = identified("Bearer 0123456789abcdef");
    REQUIRE(found);
    CHECK(found->is == role::operator_);
    CHECK(found->who == identities{{"ip", "10.1.2.3"}, {"super", ""}});
    CHECK(!identified("Bearer 0123456789abcdeF"));
    CHECK(!identified("Bearer "));
    CHECK(!identify(request({{"authorization", "Bearer "}}), {}));
}

TEST_CASE(
    "authorization: a name and a password make a user or the super user", "[admin][authorization]"
) {
    const auto user = identified("Basic " + base64("bob:pass"));
    REQUIRE(user);
    CHECK(user->is == role::user);
    CHECK(user->who == identities{{"ip", "10.1.2.3"}, {"digest", digest_id("bob:pass")}});
    const auto super = identified("digest super:secret");
    REQUIRE(super);
    CHECK(super->is == role::operator_);
    CHECK(super->who.at(1) == identity{"super", ""});
    CHECK(identified("digest super:other")->is == role::user);
}

TEST_CASE("authorization: a claim that is not understood is refused", "[admin][authorization]") {
    for (const char* const claim :
         {"Basic", "Basic !", "Basic Ym9i", "digest bob", "Negotiate abc", "Bearer", "x"}) {
        INFO(claim);
        CHECK(!identified(claim));
    }
    credential_settings closed = known();
    closed.digest_enabled = false;
    CHECK(!identify(request({{"authorization", "digest super:secret"}}), closed));
}

TEST_CASE("authorization: each refusal says what to do", "[admin][authorization]") {
    CHECK(refusal_of(cross_origin).status == 403);
    CHECK_THAT(refusal_of(writes_disabled).body, Catch::Contains("admin.enableWrites"));
    CHECK_THAT(refusal_of(not_permitted).body, Catch::Contains("admin.tokenFile"));
    const http_response challenge = refusal_of(not_authenticated);
    CHECK(challenge.status == 401);
    CHECK(challenge.fields.front().first == "WWW-Authenticate");
}

TEST_CASE("authorization: a backup takes everything and so all permissions on the root", "[admin][backup]") {
    const auto acl = [](const std::vector<acl_record>& entries) {
        bytes encoded;
        jute::writer{encoded}(entries);
        return encoded;
    };
    const acl_record world{permission::all, "world", "anyone"};
    const acl_record bob{permission::all, "digest", "bob:x"};
    const acl_record bob_reads{permission::read, "digest", "bob:x"};
    const caller known_as_bob{role::user, {{"ip", "10.1.2.3"}, {"digest", "bob:x"}}, {}};
    const caller stranger{role::anybody, {{"ip", "10.1.2.3"}}, {}};
    const caller chief{role::operator_, {{"super", ""}}, {}};

    CHECK(may_back_up(chief, {}, {}));
    CHECK(may_back_up(chief, acl({bob_reads}), {}));
    CHECK(may_back_up(known_as_bob, acl({bob}), {}));
    CHECK(may_back_up(known_as_bob, acl({world, bob}), {}));
    CHECK_FALSE(may_back_up(known_as_bob, {}, {}));
    CHECK_FALSE(may_back_up(known_as_bob, acl({world}), {}));
    CHECK_FALSE(may_back_up(known_as_bob, acl({world, bob_reads}), {}));
    CHECK_FALSE(may_back_up(known_as_bob, "rubbish", {}));
    CHECK_FALSE(may_back_up(stranger, acl({bob}), {}));
    CHECK_FALSE(may_back_up(stranger, acl({world}), {}));
}
