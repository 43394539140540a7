#include "server/net/peer_stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>
#include <utility>

namespace conclave::net {

namespace {

class plain_stream final : public peer_stream {
public:
    explicit plain_stream(tcp_socket socket) : socket_(std::move(socket)) {}

    void start(peer_side, started done) override {
        asio::post(socket_.get_executor(), [done = std::move(done)] { done({}); });
    }

    void read_some(asio::mutable_buffer into, transferred done) override {
        socket_.async_read_some(into, std::move(done));
    }

    void write_some(const std::vector<asio::const_buffer>& from, transferred done) override {
        // A view, so that Asio does not copy the vector.
        socket_.async_write_some(std::span{from}, std::move(done));
    }

    void end_output() override {
        error_code ignored; // a broken connection is found so by its reader
        socket_.shutdown(tcp_socket::shutdown_send, ignored);
    }

    void close(bool abort) override {
        error_code ignored; // the descriptor is gone in any case
        if (abort) {
            socket_.set_option(tcp_socket::linger{true, 0}, ignored);
        }
        socket_.close(ignored);
    }

    [[nodiscard]] std::optional<std::string> failure() const override { return std::nullopt; }

    [[nodiscard]] bool may_be_at(const std::vector<std::string>&) const override { return true; }

private:
    tcp_socket socket_;
};

/// What cannot be set is only noticed later than it could be.
void set_tcp_option(tcp_socket& socket, int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
}

} // namespace

std::unique_ptr<peer_stream> make_plain_stream(tcp_socket socket) {
    return std::make_unique<plain_stream>(std::move(socket));
}

void prepare_peer_socket(tcp_socket& socket, std::chrono::milliseconds vanished_timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(vanished_timeout).count();
    error_code ignored; // as in `set_tcp_option`
    socket.set_option(tcp::no_delay{true}, ignored);
    socket.set_option(tcp_socket::keep_alive{true}, ignored);
    set_tcp_option(socket, TCP_USER_TIMEOUT, static_cast<int>(vanished_timeout.count()));
    set_tcp_option(socket, TCP_KEEPIDLE, 1);
    set_tcp_option(socket, TCP_KEEPINTVL, 1);
    set_tcp_option(socket, TCP_KEEPCNT, std::max(1, static_cast<int>(seconds) - 1));
}

} // namespace conclave::net
