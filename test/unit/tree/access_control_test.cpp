#include "server/tree/access_control.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

namespace {

bytes list(const std::vector<acl_record>& entries) {
    bytes encoded;
    jute::writer{encoded}(entries);
    return encoded;
}

const identities nobody{{"ip", "10.1.2.3"}};
const identities bob{{"ip", "10.1.2.3"}, {"digest", "bob:hash"}};

} // namespace

TEST_CASE("access: an open or empty list allows everything", "[tree][acl]") {
    CHECK(is_allowed(open_acl, permission::all, nobody, {}));
    CHECK(is_allowed(list({}), permission::admin, nobody, {}));
    CHECK(is_allowed(open_acl, permission::read, {}, {}));
}

TEST_CASE("access: any one of the needed bits is enough", "[tree][acl]") {
    const bytes readable = list({{permission::read, "world", "anyone"}});
    CHECK(is_allowed(readable, permission::read, nobody, {}));
    CHECK(is_allowed(readable, permission::read | permission::admin, nobody, {}));
    CHECK_FALSE(is_allowed(readable, permission::write, nobody, {}));
    CHECK_FALSE(is_allowed(list({{0, "world", "anyone"}}), permission::all, nobody, {}));
    CHECK(is_allowed(list({{-1, "world", "anyone"}}), permission::admin, nobody, {}));
}

TEST_CASE("access: identities match by scheme and id", "[tree][acl]") {
    const bytes of_bob = list({{permission::all, "digest", "bob:hash"}});
    CHECK(is_allowed(of_bob, permission::read, bob, {}));
    CHECK_FALSE(is_allowed(of_bob, permission::read, nobody, {}));
    CHECK_FALSE(is_allowed(of_bob, permission::read, {{"sasl", "bob:hash"}}, {}));
    CHECK_FALSE(is_allowed(of_bob, permission::read, {{"digest", "bob:hash2"}}, {}));
    CHECK(is_allowed(list({{1, "sasl", "bob"}}), permission::read, {{"sasl", "bob"}}, {}));
    CHECK_FALSE(is_allowed(list({{1, "world", "somebody"}}), permission::read, bob, {}));
}

TEST_CASE("access: later entries count too and nothing is denied", "[tree][acl]") {
    const bytes mixed = list(
        {{0, "digest", "bob:hash"},
         {permission::read, "world", "anyone"},
         {permission::write, "digest", "bob:hash"}}
    );
    CHECK(is_allowed(mixed, permission::write, bob, {}));
    CHECK_FALSE(is_allowed(mixed, permission::write, nobody, {}));
}

TEST_CASE("access: addresses match by their range", "[tree][acl]") {
    const bytes of_net = list({{permission::all, "ip", "10.0.0.0/8"}});
    CHECK(is_allowed(of_net, permission::read, nobody, {}));
    CHECK_FALSE(is_allowed(of_net, permission::read, {{"ip", "11.1.2.3"}}, {}));
    CHECK_FALSE(is_allowed(of_net, permission::read, {{"ip", "garbage"}}, {}));
    CHECK_FALSE(is_allowed(of_net, permission::read, {{"digest", "10.1.2.3"}}, {}));
    CHECK(is_allowed(
        list({{1, "ip", "2001:db8::/32"}}), permission::read, {{"ip", "2001:db8::7"}}, {}
    ));
}

TEST_CASE("access: super users and skipACL pass everything", "[tree][acl]") {
    const bytes closed = list({{0, "world", "anyone"}});
    CHECK_FALSE(is_allowed(closed, permission::read, bob, {}));
    CHECK(is_allowed(closed, permission::admin, {{"super", ""}}, {}));
    access_settings settings;
    settings.skip_acl = true;
    CHECK(is_allowed(closed, permission::admin, nobody, settings));
}

TEST_CASE("access: digest entries match nobody when the provider is off", "[tree][acl]") {
    access_settings settings;
    settings.digest_enabled = false;
    CHECK_FALSE(is_allowed(list({{31, "digest", "bob:hash"}}), permission::read, bob, settings));
}

TEST_CASE("access: a list is sent as it was stored", "[tree][acl]") {
    bytes sent;
    append_acl(sent, open_acl, false);
    CHECK(sent == list({{permission::all, "world", "anyone"}}));

    const bytes stored = list({{1, "digest", "bob:hash"}, {-1, "ip", "::1"}});
    sent.clear();
    append_acl(sent, stored, false);
    CHECK(sent == stored);
}

TEST_CASE("access: hashes are hidden from those who may not administer", "[tree][acl]") {
    bytes sent = "before";
    append_acl(
        sent,
        list(
            {{1, "digest", "bob:hash"},
             {2, "digest", ":b"},
             {4, "digest", "a:b:"},
             {8, "ip", "::1"},
             {9, "world", "anyone"}}
        ),
        true
    );
    CHECK(
        sent == "before" + list(
                               {{1, "digest", "bob:x"},
                                {2, "digest", ":x"},
                                {4, "digest", "a:x"},
                                {8, "ip", "::1"},
                                {9, "world", "anyone"}}
                           )
    );
    sent.clear();
    append_acl(sent, open_acl, true);
    CHECK(sent == list({{permission::all, "world", "anyone"}}));
}
