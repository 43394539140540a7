#include "server/admin_download.hpp"

#include "server/version.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>

namespace conclave {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t problem_size_max = std::size_t{64} << 10U;

/// One request and its response, on a connection of their own. Each step is waited for, and fails
/// if the other side says nothing for too long.
class exchange {
public:
    explicit exchange(const admin_address& from) : from_(from), tcp_(context_) {}

    result<download_outcome, std::string>
    run(const std::string& target, function_ref<bool(bytes_view)> sink) {
        connect();
        secure();
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
    /// Begins an operation, whose handler gets an error first, and runs it to its end.
    template <class Begin>
    void await(Begin begin) {
        tcp_.expires_after(from_.patience);
        begin([this](const error_code& failed, auto&&...) { failed_ = failed; });
        context_.restart();
        context_.run();
    }

    void connect() {
        tcp::resolver resolver{context_};
        const auto found = resolver.resolve(from_.host, from_.port, failed_);
        if (!failed_) {
            await([&](auto done) { tcp_.async_connect(found, done); });
        }
    }

    void secure() {
        if (!from_.is_secure || !read_keys()) {
            return;
        }
        tls_.emplace(tcp_, keys_);
        ::SSL_set_tlsext_host_name(tls_->native_handle(), from_.host.c_str());
        tls_->set_verify_callback(ssl::host_name_verification{from_.host}, failed_);
        if (!failed_) {
            await([&](auto done) { tls_->async_handshake(ssl::stream_base::client, done); });
        }
    }

    bool read_keys() {
        const download_keys& files = from_.keys;
        const auto use = [&](const std::string& file, auto read) {
            if (!failed_ && !file.empty()) {
                read(file);
                unreadable_ = failed_ ? file : "";
            }
        };
        keys_.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
        keys_.set_verify_mode(ssl::verify_peer);
        if (!failed_ && files.trusted.empty()) {
            keys_.set_default_verify_paths(failed_);
        }
        use(files.trusted, [&](const auto& file) { keys_.load_verify_file(file, failed_); });
        use(files.certificate,
            [&](const auto& file) { keys_.use_certificate_chain_file(file, failed_); });
        use(files.private_key, [&](const auto& file) {
            keys_.use_private_key_file(file, ssl::context::pem, failed_);
        });
        return !failed_;
    }

    /// Does something to the stream that is spoken over.
    template <class What>
    void on_stream(What what) {
        tls_ ? what(*tls_) : what(tcp_);
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
        on_stream([&](auto& stream) {
            await([&](auto done) { http::async_write(stream, request, done); });
        });
    }

    void read_head() {
        parser_.body_limit(boost::none);
        parser_.eager(true);
        if (!failed_) {
            on_stream([&](auto& stream) {
                await([&](auto done) { http::async_read_header(stream, buffer_, parser_, done); });
            });
        }
    }

    void read_body(function_ref<bool(bytes_view)> sink) {
        std::array<char, 65536> portion;
        while (!failed_ && !parser_.is_done()) {
            parser_.get().body().data = portion.data();
            parser_.get().body().size = portion.size();
            on_stream([&](auto& stream) {
                await([&](auto done) { http::async_read_some(stream, buffer_, parser_, done); });
            });
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
        if (!unreadable_.empty()) {
            return fmt::format("{} cannot be used for TLS: {}", unreadable_, failed_.message());
        }
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
    boost::beast::tcp_stream tcp_;
    ssl::context keys_{ssl::context::tls_client};
    std::optional<ssl::stream<boost::beast::tcp_stream&>> tls_;
    std::string unreadable_; ///< a file of keys
    boost::beast::flat_buffer buffer_;
    http::response_parser<http::buffer_body> parser_;
    error_code failed_;
};

} // namespace

result<admin_address, std::string> parse_admin_address(const std::string& text) {
    std::string rest = text;
    admin_address found;
    found.is_secure = rest.starts_with("https://");
    if (const std::size_t scheme = rest.find("://");
        found.is_secure || rest.starts_with("http://")) {
        rest.erase(0, scheme + 3);
    }
    if (rest.ends_with('/')) {
        rest.pop_back();
    }
    const std::size_t colon = rest.rfind(':');
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
