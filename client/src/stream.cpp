#include "client/src/stream.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace conclave::client {

namespace {

class tcp_stream final : public stream {
public:
    explicit tcp_stream(tcp::socket socket) : socket_(std::move(socket)) {}

    void async_open(plain_handler handler) override {
        asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable {
            std::move(handler)(error_code{});
        });
    }

    void async_read_some(asio::mutable_buffer into, io_handler handler) override {
        socket_.async_read_some(into, std::move(handler));
    }

    void async_write(asio::const_buffer all, io_handler handler) override {
        asio::async_write(socket_, all, std::move(handler));
    }

    void close() override {
        error_code ignored; // the descriptor is released whatever the system says
        socket_.close(ignored);
    }

private:
    tcp::socket socket_;
};

class tls_stream final : public stream {
public:
    tls_stream(tcp::socket socket, asio::ssl::context& context)
        : stream_(std::move(socket), context) {}

    /// @return false if OpenSSL refuses the name
    [[nodiscard]] bool expect_host(const std::string& host, bool verifies) {
        error_code is_name;
        asio::ip::make_address(host, is_name);
        if (is_name && SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str()) != 1) {
            return false;
        }
        if (verifies) {
            error_code failed;
            stream_.set_verify_callback(asio::ssl::host_name_verification{host}, failed);
            return !failed;
        }
        return true;
    }

    void async_open(plain_handler handler) override {
        stream_.async_handshake(asio::ssl::stream_base::client, std::move(handler));
    }

    void async_read_some(asio::mutable_buffer into, io_handler handler) override {
        stream_.async_read_some(into, std::move(handler));
    }

    void async_write(asio::const_buffer all, io_handler handler) override {
        asio::async_write(stream_, all, std::move(handler));
    }

    /// Without TLS's own farewell: ZooKeeper frames say themselves where they end.
    void close() override {
        error_code ignored; // the descriptor is released whatever the system says
        stream_.lowest_layer().close(ignored);
    }

private:
    asio::ssl::stream<tcp::socket> stream_;
};

} // namespace

std::unique_ptr<stream>
make_stream(tcp::socket socket, const settings& chosen, const std::string& host) {
    if (chosen.tls == nullptr) {
        return std::make_unique<tcp_stream>(std::move(socket));
    }
    auto made = std::make_unique<tls_stream>(std::move(socket), *chosen.tls);
    if (!made->expect_host(host, chosen.verifies_host_name)) {
        return nullptr;
    }
    return made;
}

} // namespace conclave::client
