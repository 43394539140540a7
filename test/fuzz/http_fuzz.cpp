/// Any octets as an HTTP request, to all the routes that the admin endpoint has, in front of a
/// server with some nodes: each request is answered at most once, with a status that exists, and
/// what is refused with a problem that says why.
#include "server/admin/all_routes.hpp"
#include "server/admin/http_head.hpp"
#include "test/support/local_server.hpp"

#include <conclave/assert.hpp>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
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

    void send(const stream_part_pointer&) override {}

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

/// A server with some nodes, and all routes in front of it.
class scene {
public:
    scene() {
        for (const char* const path : {"/app", "/app/x", "/locks", "/locks/a-0000000001"}) {
            server_.give(test::create_frame(1, path, "data"));
        }
        server_.settle();
        add_all_routes(
            routes_,
            {server_.context,
             server_.clients,
             watches_,
             commands_,
             command_url_,
             backups_,
             server_.worker,
             access_}
        );
    }

    void serve(http_request asked) {
        const route_table::match to = routes_.find(asked.method, asked.path);
        const std::optional<caller> by = identify(asked, credentials_);
        if (to.found == nullptr || !by || asked.body.size() > to.found->body_size_max) {
            return;
        }
        if (const verdict decided = authorize(access_, *by, to.found->needs);
            decided != verdict::allowed) {
            return fuzzed_exchange::check(refusal_of(decided));
        }
        if (to.found->refuse) {
            return fuzzed_exchange::check(to.found->refuse());
        }
        to.found->serve({std::make_shared<fuzzed_exchange>(std::move(asked)), *by, to.tail});
        server_.settle();
        server_.later.clear();
    }

private:
    test::local_server server_;
    watch_hub watches_{{server_.context, server_.clients, server_.worker, {}}};
    command_answers commands_{server_.core, {"dataDir=/data"}};
    bytes command_url_ = "/commands";
    backup_port backups_;
    access_policy access_{true, false};
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
