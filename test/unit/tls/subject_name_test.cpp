#include "server/tls/subject_name.hpp"
#include "test/support/certificates.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

/// The expectations were printed by `X500Principal.getName()` of Java 17; the integration test of
/// TLS compares such names with the real server.
bytes text_of(std::vector<std::pair<std::string, std::string>> subject) {
    const credentials holder{{std::move(subject)}};
    return tls::subject_text(X509_get_subject_name(holder.certificate()));
}

} // namespace

TEST_CASE("subject name: from the special to the general", "[tls]") {
    CHECK(text_of({{"C", "DE"}, {"O", "Example"}, {"CN", "alice"}}) == "CN=alice,O=Example,C=DE");
}

TEST_CASE("subject name: nothing is an empty text", "[tls]") {
    CHECK(text_of({}).empty());
}

TEST_CASE("subject name: attributes that RFC 2253 does not name are numbers", "[tls]") {
    CHECK(
        text_of({{"CN", "alice"}, {"emailAddress", "a@b.c"}}) ==
        "1.2.840.113549.1.9.1=#16056140622e63,CN=alice"
    );
    CHECK(text_of({{"serialNumber", "7"}}) == "2.5.4.5=#130137");
    CHECK(text_of({{"DC", "org"}, {"UID", "u"}, {"street", "s"}}) == "STREET=s,UID=u,DC=org");
}

TEST_CASE("subject name: what could be mistaken is escaped", "[tls]") {
    CHECK(text_of({{"CN", "a,b+c\"d\\e<f>g;h=i#j"}}) == R"(CN=a\,b\+c\"d\\e\<f\>g\;h\=i\#j)");
    CHECK(text_of({{"CN", "  a b "}}) == R"(CN=\ \ a b\ )");
    CHECK(text_of({{"CN", " "}}) == R"(CN=\ )");
}

TEST_CASE("subject name: letters of other languages stay as they are", "[tls]") {
    CHECK(text_of({{"CN", "Jürgen Đặng"}}) == "CN=Jürgen Đặng");
}
