/// The endpoint over real sockets, in front of a replica that runs on no thread of its own.
#include "server/admin/assets.hpp"
#include "server/admin/endpoint.hpp"
#include "test/support/memory_tables.hpp"
#include "test/unit/admin/raw_client.hpp"

#include <conclave/protocol.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

using namespace conclave;
using namespace conclave::admin;
using namespace std::chrono_literals;
using conclave::test::raw_client;
using json = nlohmann::json;

namespace {

/// A replica that serves; questions run at once, on whatever thread asks, one after the other.
class endpoint_fixture {
public:
    explicit endpoint_fixture(endpoint_settings configured = {}) {
        server_.start(now_);
        settle();
        configured.door = {"127.0.0.1", 0};
        configured.effective_configuration = {"dataDir=/data", "secret=***"};
        configured.logging = {
            [] { return log_level::info; },
            [](log_level) {
            }};
        endpoint_.emplace(std::move(configured), [this](const core_gate::question& question) {
            const std::lock_guard lock{mutex_};
            if (is_core_alive) {
                question(view_, now_);
            }
        });
        endpoint_->start();
    }

    [[nodiscard]] admin::endpoint& served() { return *endpoint_; }

    [[nodiscard]] std::uint16_t port() const { return endpoint_->ports().front(); }

    void create(bytes_view path, bytes_view data, std::vector<acl_record> acl = open_acl()) {
        const std::lock_guard lock{mutex_};
        if (client_ == replica::connection_id{}) {
            client_ = server_.on_connect({"10.0.0.1", 5000}, now_);
            bytes hello;
            jute::writer{hello}(connect_request{0, {}, 10'000, {}, bytes_view{}, {}}, false);
            give(hello);
        }
        bytes frame;
        jute::writer{frame}(
            request_header{xid{1}, opcode::create}, create_request{path, data, std::move(acl), 0}
        );
        give(frame);
    }

    static std::vector<acl_record> open_acl() { return {{permission::all, "world", "anyone"}}; }

    std::atomic<bool> is_core_alive = true;

private:
    void give(bytes_view frame) {
        server_.on_frame(client_, frame, now_);
        settle();
    }

    void settle() {
        replica::outputs out;
        do {
            out = {};
            server_.take_outputs(out, now_);
            if (!out.records.empty()) {
                server_.on_persisted(out.operation, now_);
            }
        } while (!out.records.empty());
    }

    replica::instant now_{1h, 1'795'244'786'000};
    test::memory_tables tables_;
    replica::replica server_{{}, tables_};
    server_view view_{server_, {}};
    replica::connection_id client_;
    std::mutex mutex_;
    std::optional<admin::endpoint> endpoint_;
};

bytes get(std::uint16_t port, bytes_view target, bytes_view fields = "") {
    raw_client client{port};
    client.send(
        "GET " + bytes{target} + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
        bytes{fields} + "\r\n"
    );
    return client.receive_all();
}

bytes answer_to(std::uint16_t port, bytes_view octets) {
    raw_client client{port};
    client.send(octets);
    client.half_close();
    return client.receive_all();
}

json body_of(const bytes& response) {
    return json::parse(response.substr(response.find("\r\n\r\n") + 4));
}

const auto is_ok = Catch::StartsWith("HTTP/1.1 200 OK\r\n");

} // namespace

TEST_CASE("endpoint: the description of the API lists exactly the routes", "[admin][openapi]") {
    endpoint_fixture server;
    std::set<std::string> described;
    const json api = json::parse(asset_openapi_json);
    for (const auto& [path, methods] : api["paths"].items()) {
        for (const auto& [method, about] : methods.items()) {
            std::string name = method;
            std::transform(name.begin(), name.end(), name.begin(), ::toupper);
            CHECK(about.contains("summary"));
            CHECK(about.contains("responses"));
            described.insert(name + " " + path.substr(0, path.find('{')));
        }
    }
    std::set<std::string> served;
    for (const route& each : server.served().routes().all()) {
        const bool is_page = each.needs == operation::see_console && !each.path.starts_with("/v1/");
        if (!is_page && !each.path.starts_with("/commands")) {
            const bool has_tail = each.path.ends_with("/*");
            served.insert(
                each.method + " " + each.path.substr(0, each.path.size() - (has_tail ? 1 : 0))
            );
        }
    }
    CHECK(described == served);
}

TEST_CASE("endpoint: every route and every role", "[admin][authorization]") {
    const bytes token = "0123456789abcdef";
    const std::pair<role, bytes> callers[] = {
        {role::anybody, ""},
        {role::user, "Authorization: Basic " + base64("bob:pass") + "\r\n"},
        {role::operator_, "Authorization: Bearer " + token + "\r\n"}};
    for (const access_policy policy :
         {access_policy{}, access_policy{true, false}, access_policy{true, true}}) {
        endpoint_settings configured;
        configured.access = policy;
        configured.credentials.token = token;
        endpoint_fixture server{configured};
        for (const route& each : server.served().routes().all()) {
            const bool has_tail = each.path.ends_with("/*");
            const bytes path = each.path.substr(0, each.path.size() - (has_tail ? 1 : 0));
            for (const auto& [is, proof] : callers) {
                INFO(each.method << " " << path << " role " << static_cast<int>(is));
                const verdict expected = authorize(policy, {is, {}, {}}, each.needs);
                const bool may_be_asked = each.method == "GET" && !path.starts_with("/v1/watch");
                if (expected == verdict::allowed && !may_be_asked) {
                    continue; // it would change something, or never end
                }
                const bytes status =
                    answer_to(
                        server.port(),
                        each.method + " " + path + (has_tail ? "x" : "") +
                            " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + proof + "\r\n"
                    )
                        .substr(9, 3);
                if (expected == verdict::allowed) {
                    CHECK(status != "401");
                    CHECK(status != "403");
                } else {
                    CHECK(status == std::to_string(refusal_of(expected).status));
                }
            }
        }
    }
}

TEST_CASE("endpoint: commands answer with ZooKeeper's keys", "[admin]") {
    endpoint_fixture server;
    const bytes response = get(server.port(), "/commands/ruok");
    CHECK_THAT(response, is_ok);
    CHECK(body_of(response) == json{{"command", "ruok"}, {"error", nullptr}});
    CHECK(body_of(get(server.port(), "/commands/isro"))["command"] == "is_read_only");
    CHECK(body_of(get(server.port(), "/commands/bogus"))["error"] == "Unknown command: bogus");
    CHECK(body_of(get(server.port(), "/commands/leader"))["error"] == "server is not initialized");
    CHECK(body_of(get(server.port(), "/commands/stmk?traceMask=5"))["tracemask"] == 5);
    CHECK(body_of(get(server.port(), "/commands/gtmk"))["tracemask"] == 5);
    CHECK_THAT(
        get(server.port(), "/commands"),
        Catch::Contains("<a href=\"/commands/zabstate\">zabstate</a>\n<br/>\n")
    );
}

TEST_CASE("endpoint: every command answers with its own name", "[admin]") {
    endpoint_fixture server;
    for (const command_entry& each : all_commands()) {
        INFO(each.name);
        const json told = body_of(get(server.port(), "/commands/" + bytes{each.name}));
        CHECK(told["command"] == each.name);
        CHECK(told.contains("error"));
    }
}

TEST_CASE("endpoint: nodes are read in pages", "[admin][api]") {
    endpoint_fixture server;
    server.create("/a", "text");
    for (const char* const name : {"c", "a", "b b", "\xc3\xa4"}) {
        server.create(bytes{"/a/"} + name, "x");
    }
    const json node = body_of(get(server.port(), "/v1/znodes/a"));
    CHECK(node["data"] == json{{"encoding", "utf-8"}, {"value", "text"}});
    CHECK(node["stat"]["child_count"] == 4);
    CHECK_THAT(get(server.port(), "/v1/znodes/a?raw"), Catch::EndsWith("\r\n\r\ntext"));

    json page = body_of(get(server.port(), "/v1/children/a?limit=3&stat"));
    REQUIRE(page["children"].size() == 3);
    CHECK(page["children"][0]["name"] == "a");
    CHECK(page["children"][1]["name"] == "b b");
    CHECK(page["children"][1]["stat"]["data_length_bytes"] == 1);
    CHECK(page["next_after"] == "c");
    page = body_of(get(server.port(), "/v1/children/a?limit=3&after=c"));
    REQUIRE(page["children"].size() == 1);
    CHECK(page["children"][0]["name"] == "\xc3\xa4");
    CHECK(page["next_after"] == nullptr);
    CHECK(body_of(get(server.port(), "/v1/znodes/a/%C3%A4"))["path"] == "/a/\xc3\xa4");
    CHECK(body_of(get(server.port(), "/v1/children/"))["children"].size() == 2);
}

TEST_CASE("endpoint: the ACL of a node holds for readers over HTTP", "[admin][api]") {
    endpoint_fixture server;
    const bytes bob = digest_id("bob:pass");
    server.create("/secret", "hidden", {{permission::all, "digest", bob}});
    CHECK_THAT(get(server.port(), "/v1/znodes/secret"), Catch::StartsWith("HTTP/1.1 403 "));
    CHECK_THAT(get(server.port(), "/v1/children/secret"), Catch::StartsWith("HTTP/1.1 403 "));
    CHECK_THAT(get(server.port(), "/v1/acls/secret"), Catch::StartsWith("HTTP/1.1 403 "));
    const bytes proof = "Authorization: Basic " + base64("bob:pass") + "\r\n";
    CHECK(body_of(get(server.port(), "/v1/znodes/secret", proof))["data"]["value"] == "hidden");
    CHECK(body_of(get(server.port(), "/v1/acls/secret", proof))["acl"][0]["id"] == bob);
    const json listed = body_of(get(server.port(), "/v1/children/?data&stat"));
    for (const json& child : listed["children"]) {
        CHECK(child["readable"] == (child["name"] != "secret"));
        CHECK(child.contains("data") == (child["name"] != "secret"));
    }
}

TEST_CASE(
    "endpoint: what is not there or not allowed is a problem with a reason", "[admin][http]"
) {
    endpoint_fixture server;
    const auto status = [&](bytes_view target, bytes_view fields = "") {
        const bytes response = get(server.port(), target, fields);
        CHECK_THAT(response, Catch::Contains("application/problem+json"));
        CHECK(!body_of(response)["detail"].get<std::string>().empty());
        return response.substr(9, 3);
    };
    CHECK(status("/nothing") == "404");
    CHECK(status("/v1/znodes/missing") == "404");
    CHECK(status("/v1/znodes/a//b") == "400");
    CHECK(status("/v1/znodes/../../etc/passwd") == "400");
    CHECK(status("/v1/children/?limit=0") == "400");
    CHECK(status("/v1/children/?limit=1001") == "400");
    CHECK(status("/v1/sessions/xyz") == "400");
    CHECK(status("/v1/sessions/0x5") == "404");
    CHECK(status("/v1/status", "Origin: http://evil.example\r\n") == "403");
    CHECK(status("/v1/status", "Authorization: Bearer guess\r\n") == "401");
}

TEST_CASE("endpoint: methods are told apart", "[admin][http]") {
    endpoint_fixture server;
    const bytes refused = answer_to(
        server.port(), "DELETE /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    CHECK_THAT(
        refused,
        Catch::StartsWith("HTTP/1.1 405 ") && Catch::Contains("\r\nAllow: GET, HEAD, OPTIONS\r\n")
    );
    const bytes options =
        answer_to(server.port(), "OPTIONS /v1/status HTTP/1.1\r\nHost: x.localhost\r\n\r\n");
    CHECK_THAT(options, Catch::StartsWith("HTTP/1.1 204 "));
    const bytes head = answer_to(
        server.port(), "HEAD /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    CHECK_THAT(head, is_ok && Catch::EndsWith("\r\n\r\n") && !Catch::Contains("Content-Length: 0"));
    const bytes body = answer_to(
        server.port(), "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    );
    CHECK_THAT(body, Catch::StartsWith("HTTP/1.1 413 "));
    const bytes level = answer_to(
        server.port(),
        "PUT /v1/log-level HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        "17\r\n\r\n{\"level\":\"debug\"}"
    );
    CHECK_THAT(level, Catch::StartsWith("HTTP/1.1 401 "));
}

TEST_CASE("endpoint: requests follow each other on one connection", "[admin][http]") {
    endpoint_fixture server;
    raw_client client{server.port()};
    const bytes one = "GET /commands/ruok HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(one + one + one);
    for (int count = 0; count < 3; ++count) {
        CHECK_THAT(client.receive_one(), is_ok && Catch::Contains("\"ruok\""));
    }
    client.send("GET /commands/ruok HTTP/1.1\r\nHo");
    client.send("st: localhost\r\nConnection: close\r\n\r\n");
    CHECK_THAT(client.receive_all(), is_ok && Catch::Contains("\r\nConnection: close\r\n"));
}

TEST_CASE(
    "endpoint: a request of HTTP 1.0 is answered and the connection closed", "[admin][http]"
) {
    endpoint_fixture server;
    CHECK_THAT(answer_to(server.port(), "GET /commands/ruok HTTP/1.0\r\n\r\n"), is_ok);
}

TEST_CASE("endpoint: malformed requests are refused and nothing else happens", "[admin][http]") {
    endpoint_fixture server;
    const auto refused_as = [&](const char* code, bytes_view octets) {
        INFO(octets.substr(0, 100));
        CHECK_THAT(answer_to(server.port(), octets), Catch::StartsWith(bytes{"HTTP/1.1 "} + code));
    };
    refused_as("400", "GET /commands/ruok HTTP/1.1\r\n\r\n");
    refused_as("400", "GET /commands/ruok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    refused_as("400", "GET nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    refused_as("400", "GET / HTTP/7.9\r\nHost: a\r\n\r\n");
    refused_as("400", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    refused_as("400", "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n");
    refused_as("400", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n");
    refused_as(
        "400", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    );
    refused_as("431", "GET / HTTP/1.1\r\nHost: a\r\nX: " + bytes(20'000, 'x') + "\r\n\r\n");
    refused_as("431", "GET /" + bytes(70'000, 'x'));
    CHECK(answer_to(server.port(), "").empty());
    CHECK(answer_to(server.port(), "GET / HTTP/1.1\r\nHost:").empty());
    CHECK_THAT(get(server.port(), "/livez"), is_ok);
}

TEST_CASE("endpoint: a body of unknown length is not taken for none", "[admin][http]") {
    endpoint_fixture server;
    for (const char* const coding :
         {"gzip", "identity", "gzip, chunked", "chunked, gzip", "xchunked"}) {
        INFO(coding);
        const bytes answer = answer_to(
            server.port(),
            bytes{"GET /commands/ruok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "} + coding +
                "\r\n\r\nGET /commands/isro HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        CHECK_THAT(
            answer, Catch::StartsWith("HTTP/1.1 501 ") || Catch::StartsWith("HTTP/1.1 400 ")
        );
        CHECK_THAT(answer, !Catch::Contains("is_read_only"));
    }
}

TEST_CASE("endpoint: bodies that are very deep are refused", "[admin][http][hostile]") {
    endpoint_settings open;
    open.access.writes_enabled = true;
    open.credentials.token = "0123456789abcdef";
    endpoint_fixture server{open};
    const auto refuses =
        [&](const bytes& request, std::size_t depth, bytes_view before, bytes_view after) {
            const bytes body = bytes{before} + bytes(depth, '[') + bytes(depth, ']') + bytes{after};
            const bytes answer = answer_to(
                server.port(),
                request +
                    " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer 0123456789abcdef\r\n" +
                    "Connection: close\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body
            );
            INFO(request << ": " << answer);
            CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 400 "));
        };
    refuses(
        "POST /v1/multi",
        1'000'000,
        R"({"operations":[{"op":"create","path":"/a","data":{"value":"x","encoding":)",
        "}}]}"
    );
    refuses("POST /v1/multi", 8, R"({"operations":)", "}");
    refuses("PUT /v1/acls/", 500'000, R"({"acl":)", "}");
    refuses("PUT /v1/log-level", 30, R"({"level":)", "}");
    refuses("POST /v1/leadership", 30'000, R"({"server_id":)", "}");
    refuses("POST /v1/reconfiguration", 30'000, R"({"joining":)", "}");
    CHECK_THAT(get(server.port(), "/livez"), is_ok);
}

TEST_CASE("endpoint: what operators do, and who was refused, is audited", "[admin][audit]") {
    std::mutex mutex;
    std::vector<replica::audit_event> noted;
    endpoint_settings audited;
    audited.access.writes_enabled = true;
    audited.credentials.token = "0123456789abcdef";
    audited.audit = [&](replica::audit_event event) {
        const std::lock_guard lock{mutex};
        noted.push_back(std::move(event));
    };
    endpoint_fixture server{audited};
    const auto ask = [&](const bytes& request, bytes_view proof, const bytes& body = "") {
        return answer_to(
            server.port(),
            request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: " +
                bytes{proof} + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body
        );
    };
    const bytes token = "Bearer 0123456789abcdef";
    CHECK_THAT(ask("PUT /v1/log-level", token, R"({"level":"info"})"), is_ok);
    CHECK_THAT(ask("DELETE /v1/sessions/0x1f", token), Catch::StartsWith("HTTP/1.1 404 "));
    static_cast<void>(ask("POST /v1/leadership", token, R"({"server_id":2})"));
    static_cast<void>(ask("GET /v1/status", "Bearer wrong"));
    static_cast<void>(ask("DELETE /v1/sessions/0x1f", "digest bob:secret"));
    static_cast<void>(ask("GET /v1/status", token));

    const std::lock_guard lock{mutex};
    REQUIRE(noted.size() == 5);
    const auto is = [&](std::size_t at, bytes_view operation, bytes_view target, bool succeeded) {
        INFO(operation);
        CHECK(noted[at].operation == operation);
        CHECK(noted[at].target == target);
        CHECK(noted[at].succeeded == succeeded);
        REQUIRE_FALSE(noted[at].who.empty());
        CHECK(noted[at].who.front().scheme == "ip");
        CHECK(noted[at].who.front().id == "127.0.0.1");
    };
    is(0, "setLogLevel", "info", true);
    is(1, "endSession", "0x1f", false);
    is(2, "handOverLeadership", "2", false);
    is(3, "adminAuth", "GET /v1/status", false);
    is(4, "adminRequest", "DELETE /v1/sessions/0x1f", false);
    CHECK(noted[0].who.back().id == "operator");
    CHECK_THAT(bytes{noted[4].who.back().id}, Catch::StartsWith("bob:"));
}

TEST_CASE("endpoint: silent peers are cut off and slow ones told why", "[admin][http]") {
    endpoint_settings impatient;
    impatient.limits.idle_timeout = 100ms;
    endpoint_fixture server{impatient};
    raw_client silent{server.port()};
    raw_client slow{server.port()};
    slow.send("GET / HTTP/1.1\r\nX: y");
    raw_client slow_body{server.port()};
    slow_body.send("PUT /v1/log-level HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ");
    CHECK(silent.receive_all().empty());
    for (raw_client* each : {&slow, &slow_body}) {
        const bytes answer = each->receive_all();
        CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 408 "));
        CHECK_THAT(body_of(answer)["detail"].get<std::string>(), Catch::Contains("100 ms"));
    }
}

TEST_CASE("endpoint: probes of health leave no connection behind", "[admin][health]") {
    endpoint_settings narrow;
    narrow.limits.connection_count_max = 4;
    endpoint_fixture server{narrow};
    // Each takes a connection of its own; what waits for a core that is stuck must not hold it.
    for (int count = 0; count < 50; ++count) {
        INFO(count);
        CHECK_THAT(get(server.port(), "/livez"), is_ok);
        raw_client{server.port()}.receive_nothing_and_close();
    }
}

TEST_CASE("endpoint: a caller is told what it may do", "[admin][authorization]") {
    endpoint_settings configured;
    configured.access.writes_enabled = true;
    configured.credentials.token = "0123456789abcdef";
    endpoint_fixture server{configured};
    const json anybody = body_of(get(server.port(), "/v1/access"));
    CHECK(anybody["role"] == "anybody");
    CHECK(anybody["may"]["read_node"] == true);
    CHECK(anybody["may"]["write_node"] == false);
    const json by_token =
        body_of(get(server.port(), "/v1/access", "Authorization: Bearer 0123456789abcdef\r\n"));
    CHECK(by_token["role"] == "operator");
    CHECK(by_token["may"]["operate"] == true);
}

TEST_CASE("endpoint: names and passwords open nothing that is closed", "[admin][authorization]") {
    endpoint_settings closed;
    closed.access.authorization_required = true;
    closed.credentials.token = "0123456789abcdef";
    endpoint_fixture server{closed};
    const bytes made_up = "Authorization: Basic " + base64("any:body") + "\r\n";
    CHECK_THAT(get(server.port(), "/v1/status"), Catch::StartsWith("HTTP/1.1 401 "));
    CHECK_THAT(get(server.port(), "/v1/status", made_up), Catch::StartsWith("HTTP/1.1 403 "));
    CHECK_THAT(get(server.port(), "/v1/znodes/", made_up), Catch::StartsWith("HTTP/1.1 403 "));
    CHECK_THAT(
        get(server.port(), "/v1/status", "Authorization: Bearer 0123456789abcdef\r\n"), is_ok
    );
    CHECK_THAT(get(server.port(), "/livez"), is_ok);
}

TEST_CASE("endpoint: children are found by the beginning of their names", "[admin][api]") {
    endpoint_fixture server;
    server.create("/f", "");
    for (const char* const name : {"a", "ab", "abc", "abd", "b", "aa"}) {
        server.create(bytes{"/f/"} + name, "x");
    }
    const auto names = [&](bytes_view query) {
        std::vector<std::string> found;
        const json page = body_of(get(server.port(), "/v1/children/f?" + bytes{query}));
        for (const json& each : page["children"]) {
            found.push_back(each["name"]);
        }
        return found;
    };
    CHECK(names("prefix=ab") == std::vector<std::string>{"ab", "abc", "abd"});
    CHECK(names("prefix=ab&after=ab") == std::vector<std::string>{"abc", "abd"});
    CHECK(names("prefix=abc&stat&data") == std::vector<std::string>{"abc"});
    CHECK(names("prefix=ab&limit=2") == std::vector<std::string>{"ab", "abc"});
    CHECK(names("prefix=zz").empty());
    CHECK(names("prefix=a%2F").empty());
    CHECK(names("prefix=").size() == 6);
}

TEST_CASE("endpoint: questions are answered by a server alone too", "[admin][why]") {
    endpoint_fixture server;
    server.create("/l", "");
    CHECK(body_of(get(server.port(), "/v1/why/no-leader"))["leader_id"] == 1);
    CHECK(body_of(get(server.port(), "/v1/why/slow"))["count"] == 0);
    CHECK(body_of(get(server.port(), "/v1/why/disk"))["servers"].empty());
    CHECK(body_of(get(server.port(), "/v1/why/sessions"))["sessions"].empty());
    CHECK(body_of(get(server.port(), "/v1/why/lock/l"))["holders"].empty());
    CHECK(body_of(get(server.port(), "/v1/locks"))["locks"].empty());
    CHECK(body_of(get(server.port(), "/v1/top"))["operations"][0]["operation"] == "create");
    CHECK_THAT(get(server.port(), "/v1/why/lock/none"), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(get(server.port(), "/v1/why/session/0x5"), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(get(server.port(), "/v1/why/session/x"), Catch::StartsWith("HTTP/1.1 400 "));
}

TEST_CASE("endpoint: connections beyond the limit are told so", "[admin][http]") {
    endpoint_settings narrow;
    narrow.limits.connection_count_max = 2;
    endpoint_fixture server{narrow};
    const bytes one = "GET /commands/ruok HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw_client first{server.port()};
    raw_client second{server.port()};
    for (raw_client* each : {&first, &second}) {
        each->send(one);
        CHECK_THAT(each->receive_one(), is_ok);
    }
    raw_client third{server.port()};
    CHECK_THAT(
        third.receive_all(),
        Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("admin.maxConnections")
    );
}

TEST_CASE(
    "endpoint: a core that does not answer makes health fail at the stop at latest", "[admin]"
) {
    auto server = std::make_unique<endpoint_fixture>();
    server->is_core_alive = false;
    raw_client client{server->port()};
    client.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.reset(); // stops although an answer is owed
    CHECK(client.receive_all().empty());
}

TEST_CASE("endpoint: metrics have a door of their own that shows nothing else", "[admin][http]") {
    endpoint_settings two;
    two.metrics_door = {"127.0.0.1", 0};
    endpoint_fixture server{two};
    const std::uint16_t metrics = server.served().ports().back();
    CHECK_THAT(get(metrics, "/metrics"), is_ok && Catch::Contains("\nznode_count 5\n"));
    CHECK_THAT(get(metrics, "/v1/status"), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(get(metrics, "/"), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(get(server.port(), "/metrics"), is_ok);
}

TEST_CASE("endpoint: the console may load its own files alone", "[admin][console]") {
    endpoint_fixture server;
    const bytes page = get(server.port(), "/");
    CHECK_THAT(
        page,
        is_ok &&
            Catch::Contains("Content-Security-Policy: default-src 'none'; script-src 'self'") &&
            Catch::Contains("X-Frame-Options: DENY") && !Catch::Contains("://")
    );
    CHECK_THAT(get(server.port(), "/console.js"), is_ok && Catch::EndsWith("show();\n"));
    CHECK_THAT(get(server.port(), "/console.css"), is_ok);
}

TEST_CASE("endpoint: it is ready when it serves", "[admin][health]") {
    endpoint_fixture server;
    CHECK(body_of(get(server.port(), "/livez"))["status"] == "ok");
    CHECK(body_of(get(server.port(), "/readyz"))["reasons"].empty());
}
