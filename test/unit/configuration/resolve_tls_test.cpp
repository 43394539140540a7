#include "server/configuration/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace {

using namespace conclave;
using namespace conclave::configuration;

constexpr std::string_view stores = "ssl.keyStore.location=/keys/server.pem\n"
                                    "ssl.trustStore.location=/keys/trust.pem\n";

loaded parse_lines(std::string_view lines) {
    return parse("dataDir=/data\n" + std::string{lines}, "zoo.cfg");
}

bool says(const loaded& outcome, std::string_view text) {
    return std::any_of(
        outcome.diagnostics.begin(),
        outcome.diagnostics.end(),
        [text](const diagnostic& each) { return to_string(each).find(text) != std::string::npos; }
    );
}

bool is_refused(std::string_view lines, std::string_view text) {
    const loaded outcome = parse_lines(lines);
    return !outcome.usable() && says(outcome, text);
}

TEST_CASE("resolve tls: a secure port stands beside the plain one or alone", "[tls]") {
    const std::string secure = std::string{stores} + "secureClientPort=2281\n";
    const loaded alone = parse_lines(secure);
    REQUIRE(alone.usable());
    CHECK(alone.values.listeners.empty());
    CHECK(alone.values.secure_listeners == std::vector<endpoint>{{"127.0.0.1", 2281}});
    CHECK(says(alone, "port 2281 is opened on 127.0.0.1 only"));
    const loaded both =
        parse_lines(secure + "secureClientPortAddress=*\nclientPort=2181\nclientPortAddress=::1\n");
    REQUIRE(both.usable());
    CHECK(both.values.listeners == std::vector<endpoint>{{"::1", 2181}});
    CHECK(both.values.secure_listeners == std::vector<endpoint>{{"0.0.0.0", 2281}});
}

TEST_CASE("resolve tls: two listeners cannot have one address", "[tls]") {
    CHECK(is_refused(
        std::string{stores} + "clientPort=2181\nsecureClientPort=2181\n",
        "client.portUnification=true lets clientPort take both"
    ));
}

TEST_CASE("resolve tls: every key works with and without its prefix", "[tls]") {
    const std::string lines = "ssl.keyStore.location=/k\nssl.keyStore.type=PEM\n"
                              "ssl.keyStore.password=p\nssl.keyStore.passwordPath=/pp\n"
                              "ssl.trustStore.location=/t\nssl.clientAuth=want\n"
                              "ssl.enabledProtocols=TLSv1.3,TLSv1.2\nssl.ciphersuites=A,B\n"
                              "ssl.crl=true\nssl.clientHostnameVerification=true\n";
    const tls_options plain = parse_lines(lines).values.client_tls;
    CHECK(plain.key_store == tls_store{"/k", "PEM", "p", "/pp"});
    CHECK(plain.trust_store == tls_store{"/t", "", "", ""});
    CHECK(plain.authentication == client_auth::want);
    CHECK(plain.enabled_protocols == std::vector<std::string>{"TLSv1.3", "TLSv1.2"});
    CHECK(plain.cipher_suites == std::vector<std::string>{"A", "B"});
    CHECK(plain.checks_revocation);
    CHECK(plain.verifies_client_host_name);
    std::string prefixed;
    for (std::size_t begin = 0; begin < lines.size(); begin = lines.find('\n', begin) + 1) {
        prefixed += "zookeeper." + lines.substr(begin, lines.find('\n', begin) + 1 - begin);
    }
    CHECK(parse_lines(prefixed).values.client_tls == plain);
}

TEST_CASE("resolve tls: the keys between servers are a family of their own", "[tls]") {
    const settings values = parse_lines("sslQuorum=true\nssl.quorum.keyStore.location=/k.pem\n"
                                        "ssl.quorum.trustStore.location=/t.pem\n"
                                        "ssl.quorum.hostnameVerification=false\n")
                                .values;
    CHECK(values.quorum_uses_tls);
    CHECK(values.quorum_tls.key_store.location == "/k.pem");
    CHECK_FALSE(values.quorum_tls.verifies_host_name);
    CHECK(values.client_tls == tls_options{});
}

TEST_CASE("resolve tls: TLS without its files is refused", "[tls]") {
    CHECK(is_refused("secureClientPort=2281\n", "secureClientPort needs ssl.keyStore.location"));
    CHECK(is_refused(
        "secureClientPort=2281\nssl.keyStore.location=/k.pem\n",
        "secureClientPort needs ssl.trustStore.location"
    ));
    CHECK(parse_lines("secureClientPort=2281\nssl.keyStore.location=/k.pem\nssl.clientAuth=none\n")
              .usable());
    CHECK(is_refused("sslQuorum=true\n", "sslQuorum needs ssl.quorum.keyStore.location"));
    CHECK(is_refused("portUnification=true\n", "portUnification needs ssl.quorum.trustStore"));
    CHECK(is_refused("client.portUnification=true\n", "client.portUnification needs ssl.keyStore"));
}

TEST_CASE("resolve tls: a single protocol counts where there is no list", "[tls]") {
    const auto protocols = [](std::string_view lines) {
        return parse_lines(lines).values.client_tls.enabled_protocols;
    };
    CHECK(protocols("ssl.protocol=TLSv1.3\n") == std::vector<std::string>{"TLSv1.3"});
    CHECK(protocols("ssl.protocol=TLS\n").empty());
    CHECK(
        protocols("ssl.protocol=TLSv1.3\nssl.enabledProtocols=TLSv1.2\n") ==
        std::vector<std::string>{"TLSv1.2"}
    );
}

TEST_CASE("resolve tls: outdated protocols are left out and never the only ones", "[tls]") {
    const loaded mixed = parse_lines("ssl.enabledProtocols=TLSv1.1,TLSv1.2\n");
    CHECK(mixed.usable());
    CHECK(says(mixed, "warning: ssl.enabledProtocols: TLSv1.1 is not spoken here"));
    CHECK(mixed.values.client_tls.enabled_protocols == std::vector<std::string>{"TLSv1.2"});
    CHECK(is_refused("ssl.protocol=TLSv1\n", "ssl.protocol names no protocol that is spoken here"));
}

TEST_CASE("resolve tls: what would weaken a check is an error", "[tls]") {
    CHECK(is_refused("ssl.ocsp=true\n", "ssl.ocsp: no server of an authority is asked"));
    CHECK(parse_lines("ssl.ocsp=false\n").usable());
    CHECK(is_refused("ssl.keyStore.type=DER\n", "ssl.keyStore.type: \"DER\" is none of"));
    CHECK(is_refused("secureClientPort=many\n", "secureClientPort"));
    CHECK(is_refused("ssl.clientAuth=maybe\n", "ssl.clientAuth"));
}

} // namespace
