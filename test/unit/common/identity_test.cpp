#include <catch2/catch.hpp>

#include "conclave/checksum.hpp"
#include "conclave/identity.hpp"

using namespace conclave;

TEST_CASE("identity: the digest id of the protocol page", "[identity]") {
    CHECK(digest_id("bob:pw") == "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=");
}

TEST_CASE("identity: credentials without a colon name the whole text as user", "[identity]") {
    CHECK(digest_id("nocolon").starts_with("nocolon:"));
    CHECK(digest_id("").starts_with(":"));
}

TEST_CASE(
    "identity: another digest algorithm gives another id and an unknown one none", "[identity]"
) {
    CHECK(digest_id("bob:pw", "SHA256") != digest_id("bob:pw"));
    CHECK(digest_id("bob:pw", "no such thing").empty());
}

TEST_CASE("identity: base64 pads", "[identity]") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE(
    "identity: a session password depends on key and session and has 16 octets", "[identity]"
) {
    const secret key{'k'};
    const secret other{'o'};
    const bytes password = session_password(key, session_id{1});
    CHECK(password.size() == 16);
    CHECK(password == session_password(key, session_id{1}));
    CHECK(password != session_password(key, session_id{2}));
    CHECK(password != session_password(other, session_id{1}));
    CHECK(equal_in_constant_time(password, session_password(key, session_id{1})));
    CHECK_FALSE(equal_in_constant_time(password, "short"));
}

TEST_CASE("identity: who shares a secret has the same cluster id", "[identity]") {
    CHECK(cluster_id_of(secret{'k'}) == cluster_id_of(secret{'k'}));
    CHECK(cluster_id_of(secret{'k'}) != cluster_id_of(secret{'o'}));
    CHECK(cluster_id_of(secret{}) != cluster_id{});
}

TEST_CASE("checksum: CRC-32C of the reference text and in parts", "[checksum]") {
    CHECK(crc32c("123456789") == 0xe3069283U);
    CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
    CHECK(crc32c("") == 0);
    CHECK(crc32c(bytes(32, '\0')) == 0x8a9136aaU);
}
