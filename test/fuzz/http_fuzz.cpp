/// Any octets as an HTTP request, to all the routes that the admin endpoint has, in front of a
/// server with some nodes: each request is answered at most once, with a status that exists, and
/// what is refused with a problem that says why.
#include "server/admin/http_head.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"
#include "test/support/memory_tables.hpp"
#include "test/support/wire_client.hpp"

#include <conclave/assert.hpp>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace {

using namespace conclave;
using namespace conclave::admin;
namespace http = boost::beast::http;

/// What came back.
class fuzzed_exchange final : public http_exchange {
public:
    explicit fuzzed_exchange(http_request asked) : asked_(std::move(asked)) {}

    [[nodiscard]] const http_request& request() const override { return asked_; }

    void respond(http_response response) override {
        CONCLAVE_ASSERT(!is_answered_);
        is_answered_ = true;
        check(response);
    }

    void begin_stream(http_response head, std::function<void()> gone) override {
        CONCLAVE_ASSERT(!is_answered_);
        is_answered_ = true;
        check(head);
        gone(); // the reader leaves at once
    }

    void send(bytes) override {}

    void on_drained(std::function<void()>) override {}

    void end_stream() override {}

    void abort_stream() override {}

    static void check(const http_response& response) {
        CONCLAVE_ASSERT(reason_phrase(response.status) != "Unknown");
        if (response.content_type.ends_with("json")) {
            CONCLAVE_ASSERT(!nlohmann::json::parse(response.body, nullptr, false).is_discarded());
        }
        if (response.status >= 400 && response.content_type == "application/problem+json") {
            CONCLAVE_ASSERT(!nlohmann::json::parse(response.body)["detail"].empty());
        }
        static_cast<void>(head_of(response, response.body.size(), false, true, "now"));
    }

private:
    http_request asked_;
    bool is_answered_ = false;
};

/// A server alone with the routes in front of it, all on one thread and at once.
class scene {
public:
    scene() {
        server_.start(now_);
        settle();
        const replica::connection_id client = server_.on_connect({"10.0.0.1", 5000}, now_);
        server_.on_frame(client, test::connect_frame(10'000), now_);
        settle();
        for (const char* const path : {"/app", "/app/x", "/locks", "/locks/a-0000000001"}) {
            server_.on_frame(client, test::create_frame(1, path, "data"), now_);
        }
        settle();
        add_health_routes(routes_, context_);
        add_metrics_route(routes_, context_);
        add_server_routes(routes_, context_);
        add_node_routes(routes_, context_);
        add_session_routes(routes_, context_);
        add_why_routes(routes_, context_);
        add_lock_routes(routes_, context_);
        add_write_routes(routes_, clients_);
        add_operator_routes(routes_, context_, clients_);
        add_watch_routes(routes_, context_, clients_);
        add_asset_routes(routes_);
    }

    void serve(http_request asked) {
        const route_table::match to = routes_.find(asked.method, asked.path);
        const std::optional<caller> by = identify(asked, credentials_);
        if (to.found == nullptr || !by || asked.body.size() > to.found->body_size_max) {
            return;
        }
        if (const verdict decided = authorize({true, false}, *by, to.found->needs);
            decided != verdict::allowed) {
            return fuzzed_exchange::check(refusal_of(decided));
        }
        to.found->serve({std::make_shared<fuzzed_exchange>(std::move(asked)), *by, to.tail});
        settle();
    }

private:
    local_client_port make_port() {
        return {
            [this](replica::peer_address peer, const identities& granted, auto receiver) {
                const replica::connection_id id = server_.on_connect(std::move(peer), now_);
                for (const identity& each : granted) {
                    server_.grant(id, each);
                }
                receivers_[id] = std::move(receiver);
                return id;
            },
            [this](replica::connection_id from, bytes_view frames) {
                while (!frames.empty()) {
                    std::int32_t length = 0;
                    jute::reader in{frames};
                    in(length);
                    const bytes_view frame = in.rest().substr(0, static_cast<std::size_t>(length));
                    server_.on_frame(from, frame, now_);
                    frames.remove_prefix(sizeof length + frame.size());
                }
            },
            [this](replica::connection_id gone) {
                receivers_.erase(gone);
                server_.on_disconnect(gone);
            }};
    }

    void settle() {
        replica::outputs out;
        do {
            out = {};
            server_.take_outputs(out, now_);
            if (!out.records.empty()) {
                server_.on_persisted(out.operation, now_);
            }
            for (replica::client_output& each : out.clients) {
                deliver(std::move(each));
            }
        } while (!out.records.empty() || !out.clients.empty());
    }

    void deliver(replica::client_output output) {
        const auto at = receivers_.find(output.to);
        if (at == receivers_.end()) {
            return;
        }
        const auto receive = at->second;
        if (output.close) {
            receivers_.erase(at);
            server_.on_disconnect(output.to);
        }
        receive(std::move(output.frames), output.close);
    }

    replica::instant now_{std::chrono::hours{1}, 1'700'000'000'000};
    test::memory_tables tables_;
    replica::replica server_{{}, tables_};
    server_view view_{server_, {}};
    std::map<replica::connection_id, local_client_port::receiver> receivers_;
    core_gate core_{
        [this](core_gate::question question) { question(view_, now_); },
        [](std::function<void()> what) {
            what();
        }};
    route_context context_{
        core_,
        {},
        {"dataDir=/data"},
        {[] { return log_level::info; },
         [](log_level) {
         }},
        [](std::chrono::milliseconds, std::function<void()>) {
        }};
    local_clients clients_{
        core_,
        make_port(),
        std::size_t{1} << 20U,
        [](std::function<void()> what) { what(); },
        context_.call_after};
    credential_settings credentials_{"0123456789abcdef", digest_id("super:secret")};
    route_table routes_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static scene served;
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.body_limit(std::uint64_t{1} << 20U);
    boost::system::error_code failed;
    boost::asio::const_buffer rest{data, size};
    while (rest.size() != 0 && !parser.is_done()) {
        const std::size_t taken = parser.put(rest, failed);
        if (failed || taken == 0) {
            break;
        }
        rest += taken;
    }
    if (!parser.is_header_done()) {
        return 0;
    }
    http_request asked;
    asked.peer_ip = "127.0.0.1";
    asked.is_local = true;
    if (const auto refusal = take_head(parser.get().base(), parser.chunked(), asked)) {
        fuzzed_exchange::check(*refusal);
        return 0;
    }
    asked.body = parser.get().body();
    served.serve(std::move(asked));
    return 0;
}
