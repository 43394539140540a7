#include "client/shell/client_configuration.hpp"
#include "client/shell/invocation.hpp"

#include <catch2/catch.hpp>

using namespace conclave::shell;
using words = std::vector<std::string>;

namespace {

invocation must_parse(const words& given) {
    const auto parsed = parse_invocation(given);
    REQUIRE(parsed);
    return *parsed;
}

} // namespace

TEST_CASE("invocation: zkCli.sh's options are known", "[shell][invocation]") {
    const invocation called = must_parse(
        {"-server", "a:1,b:2/x", "-timeout", "500", "-r", "-waitforconnection", "get", "-s", "/a"}
    );
    CHECK(called.servers == "a:1,b:2/x");
    CHECK(called.timeout == std::chrono::milliseconds{500});
    CHECK(called.is_read_only);
    CHECK(called.waits_for_connection);
    CHECK(called.words == words{"get", "-s", "/a"});
}

TEST_CASE("invocation: two dashes say the same", "[shell][invocation]") {
    const invocation called = must_parse({"--server", "a:1", "--output", "json", "ls", "/"});
    CHECK(called.servers == "a:1");
    CHECK(called.output == look::json);
    CHECK(called.words == words{"ls", "/"});
    CHECK(must_parse({"--server=a:1", "ls"}).servers == "a:1");
    CHECK(must_parse({"--server=a:1", "ls"}).words == words{"ls"});
}

TEST_CASE("invocation: options of the command are left to it", "[shell][invocation]") {
    const invocation called = must_parse({"--zkcli", "ls", "-server", "--help"});
    CHECK(called.output == look::zkcli);
    CHECK(called.words == words{"ls", "-server", "--help"});
}

TEST_CASE("invocation: zkCli.sh passes over what it does not know", "[shell][invocation]") {
    const invocation called = must_parse({"--zkcli", "-secure", "-server", "a:1", "-x", "ls", "/"});
    CHECK(called.servers == "a:1");
    CHECK(called.words == words{"ls", "/"});
    CHECK(must_parse({"--zkcli", "--auth", "-odd", "ls"}).identities == words{"-odd"});
    CHECK_FALSE(parse_invocation({"--zkcli", "--secure", "ls"}));
    CHECK_FALSE(parse_invocation({"-x", "ls"}));
}

TEST_CASE("invocation: without a command there are no words", "[shell][invocation]") {
    CHECK(must_parse({}).words.empty());
    CHECK(must_parse({}).timeout == std::chrono::seconds{30});
}

TEST_CASE("invocation: mistakes end the program with a sentence", "[shell][invocation]") {
    for (const words& given :
         {words{"--nosuch"}, words{"-timeout", "0"}, words{"-timeout"}, words{"-o", "xml"}}) {
        const auto parsed = parse_invocation(given);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == exit_code::usage);
        CHECK(parsed.error().text.starts_with("conclave: "));
    }
    CHECK(parse_invocation({"--help"}).error().code == exit_code::done);
    CHECK(parse_invocation({"--version"}).error().text.starts_with("conclave "));
}

TEST_CASE("configuration: properties are read line by line", "[shell][configuration]") {
    const properties read =
        parse_properties("# comment\n! too\n a = b \nc:d\nlong=1\\\n  2\nnothing\n");
    CHECK(read == properties{{"a", "b"}, {"c", "d"}, {"long", "12"}});
}

TEST_CASE("configuration: PEM stores become files", "[shell][configuration]") {
    invocation called;
    REQUIRE(apply_client_configuration(
        {{"zookeeper.client.secure", "true"},
         {"zookeeper.ssl.keyStore.location", "/k.pem"},
         {"zookeeper.ssl.keyStore.password", "secret"},
         {"zookeeper.ssl.trustStore.location", "/t"},
         {"zookeeper.ssl.trustStore.type", "PEM"},
         {"zookeeper.ssl.hostnameVerification", "false"}},
        called
    ));
    CHECK(called.uses_tls);
    CHECK(called.tls.certificate == "/k.pem");
    CHECK(called.tls.private_key == "/k.pem");
    CHECK(called.tls.private_key_password == "secret");
    CHECK(called.tls.trusted == "/t");
    CHECK_FALSE(called.verifies_host_name);
}

TEST_CASE("configuration: other stores are refused with the way out", "[shell][configuration]") {
    invocation called;
    const auto refused = apply_client_configuration(
        {{"zookeeper.client.secure", "true"}, {"zookeeper.ssl.trustStore.location", "/t.jks"}},
        called
    );
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("keytool") != std::string::npos);
}

TEST_CASE("configuration: what is not secure stays so", "[shell][configuration]") {
    invocation called;
    REQUIRE(apply_client_configuration({{"zookeeper.ssl.keyStore.location", "/k.pem"}}, called));
    CHECK_FALSE(called.uses_tls);
}
