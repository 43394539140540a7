/// Expectations as ZooKeeper 3.8.0 on Java 17 judges ids of the scheme x509.
#include "server/tree/distinguished_name.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

TEST_CASE("distinguished name: attributes and their separators", "[tree][acl]") {
    for (const bytes_view name :
         {"CN=alice",
          "CN=alice,O=Example,C=DE",
          "cn = alice ; o = Example",
          "CN=alice+UID=7,DC=org",
          "CN=",
          "",
          "1.2.840.113549.1.9.1=#16056140622e63,CN=alice",
          "OID.2.5.4.3=x",
          "EMAILADDRESS=a@b.c,CN=x"}) {
        INFO(name);
        CHECK(is_distinguished_name(name));
    }
}

TEST_CASE("distinguished name: what is no attribute is no name", "[tree][acl]") {
    for (const bytes_view name :
         {"alice", "CN", "=alice", "XY=alice", "CN=alice,", "CN=a,b", "3.1=x", "1.40=x", "1=x"}) {
        INFO(name);
        CHECK_FALSE(is_distinguished_name(name));
    }
}

TEST_CASE("distinguished name: values may be quoted and escaped", "[tree][acl]") {
    for (const bytes_view name :
         {R"(CN=a\,b)", R"(CN=a\2Cb)", R"(CN="a,b;c+d",O=x)", R"(CN="a" ,O=x)", R"(CN=a=b)"}) {
        INFO(name);
        CHECK(is_distinguished_name(name));
    }
    for (const bytes_view name :
         {R"(CN=a\qb)",
          R"(CN=a<b)",
          R"(CN="a)",
          R"(CN="a"b)",
          R"(CN=a"b)",
          R"(CN=#1)",
          R"(CN=a\)"}) {
        INFO(name);
        CHECK_FALSE(is_distinguished_name(name));
    }
}
