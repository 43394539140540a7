#include "server/admin_download.hpp"

#include "server/version.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <sys/socket.h>
#include <sys/time.h>

namespace conclave {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr long patience_s = 180;
constexpr std::size_t problem_size_max = std::size_t{64} << 10U;

/// One request and its response, on a connection of their own.
class exchange {
public:
    explicit exchange(const admin_address& from) : from_(from), socket_(context_) {}

    result<download_outcome, std::string>
    run(const std::string& target, function_ref<bool(bytes_view)> sink) {
        connect();
        send(target);
        read_head();
        if (failed_) {
            return unexpected{failure()};
        }
        download_outcome outcome;
        outcome.status = parser_.get().result_int();
        const auto cluster = parser_.get()["Conclave-Cluster"];
        outcome.cluster.assign(cluster.data(), cluster.size());
        if (outcome.status == 200) {
            read_body(sink);
        } else {
            bytes body;
            read_body([&](bytes_view part) {
                body += part;
                return body.size() < problem_size_max;
            });
            outcome.problem = detail_of(body);
        }
        if (failed_) {
            return unexpected{failure()};
        }
        return outcome;
    }

private:
    void connect() {
        tcp::resolver resolver{context_};
        const auto found = resolver.resolve(from_.host, from_.port, failed_);
        if (!failed_) {
            asio::connect(socket_, found, failed_);
        }
        if (!failed_) {
            const timeval patience{patience_s, 0};
            ::setsockopt(
                socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience
            );
        }
    }

    void send(const std::string& target) {
        if (failed_) {
            return;
        }
        http::request<http::empty_body> request{http::verb::get, target, 11};
        request.set(http::field::host, from_.host);
        request.set(http::field::user_agent, std::string{"conclaved/"} + program_version);
        request.set(http::field::connection, "close");
        if (!from_.authorization.empty()) {
            request.set(http::field::authorization, from_.authorization);
        }
        http::write(socket_, request, failed_);
    }

    void read_head() {
        parser_.body_limit(boost::none);
        if (!failed_) {
            http::read_header(socket_, buffer_, parser_, failed_);
        }
    }

    void read_body(function_ref<bool(bytes_view)> sink) {
        std::array<char, 65536> portion;
        while (!failed_ && !parser_.is_done()) {
            parser_.get().body().data = portion.data();
            parser_.get().body().size = portion.size();
            http::read(socket_, buffer_, parser_, failed_);
            if (failed_ == http::error::need_buffer) {
                failed_ = {};
            }
            const std::size_t size = portion.size() - parser_.get().body().size;
            if (!failed_ && size > 0 && !sink({portion.data(), size})) {
                return;
            }
        }
    }

    [[nodiscard]] std::string failure() const {
        return fmt::format(
            "the admin endpoint at {}:{} gave no whole answer: {}",
            from_.host,
            from_.port,
            failed_.message()
        );
    }

    static std::string detail_of(const bytes& body) {
        const auto problem = nlohmann::json::parse(body, nullptr, false);
        return problem.is_object() && problem.contains("detail") && problem["detail"].is_string()
                   ? problem["detail"].get<std::string>()
                   : std::string{};
    }

    const admin_address& from_;
    asio::io_context context_;
    tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
    http::response_parser<http::buffer_body> parser_;
    error_code failed_;
};

} // namespace

result<admin_address, std::string> parse_admin_address(const std::string& text) {
    std::string rest = text;
    if (rest.starts_with("http://")) {
        rest.erase(0, 7);
    }
    if (rest.ends_with('/')) {
        rest.pop_back();
    }
    const std::size_t colon = rest.rfind(':');
    admin_address found;
    if (colon != std::string::npos) {
        found.host = rest.substr(0, colon);
        found.port = rest.substr(colon + 1);
    }
    if (found.host.starts_with('[') && found.host.ends_with(']')) {
        found.host = found.host.substr(1, found.host.size() - 2);
    }
    const bool is_number = found.port.find_first_not_of("0123456789") == std::string::npos;
    if (found.host.empty() || found.port.empty() || !is_number) {
        return unexpected{
            fmt::format("\"{}\" is no address: HOST:PORT of the admin endpoint is wanted", text)};
    }
    return found;
}

result<download_outcome, std::string> download(
    const admin_address& from, const std::string& target, function_ref<bool(bytes_view)> sink
) {
    return exchange{from}.run(target, sink);
}

} // namespace conclave
