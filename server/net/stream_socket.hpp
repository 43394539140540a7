/// A connected socket, with or without TLS.
#pragma once

#include "server/net/asio.hpp"
#include "server/tls/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <span>
#include <utility>

namespace conclave::net {

/// Never blocks: what cannot be done now says `would_block` and is to be tried again when the wait
/// is over. Without TLS it costs one comparison per system call. One thread.
class stream_socket {
public:
    /// `tls` is null for a plain one; else its handshake is done, and it speaks on this socket.
    explicit stream_socket(tcp_socket socket, std::unique_ptr<tls::session> tls = nullptr)
        : socket_(std::move(socket)), tls_(std::move(tls)) {}

    /// `eof` when the other side sends nothing more.
    std::size_t read_some(std::span<char> into, error_code& failed) {
        return tls_ == nullptr ? socket_.read_some(asio::buffer(into.data(), into.size()), failed)
                               : read_some_secure(into, failed);
    }

    /// After `would_block` the next call must offer the same octets again, perhaps more behind
    /// them.
    std::size_t write_some(bytes_view from, error_code& failed) {
        return tls_ == nullptr ? socket_.write_some(asio::buffer(from.data(), from.size()), failed)
                               : write_some_secure(from, failed);
    }

    template <class Handler>
    void async_wait_readable(Handler&& handler) {
        if (tls_ != nullptr && tls_->holds_input()) {
            return asio::post(
                socket_.get_executor(),
                [handler = std::forward<Handler>(handler)]() mutable {
                    std::move(handler)(error_code{});
                }
            );
        }
        socket_.async_wait(read_wait_, std::forward<Handler>(handler));
    }

    template <class Handler>
    void async_wait_writable(Handler&& handler) {
        socket_.async_wait(write_wait_, std::forward<Handler>(handler));
    }

    /// Tells the other side that nothing more follows.
    void end_output(error_code& failed);

    [[nodiscard]] executor get_executor() { return socket_.get_executor(); }

    void close();

    /// What is not sent yet is lost.
    void abort();

    /// Null without TLS.
    [[nodiscard]] const tls::session* tls() const { return tls_.get(); }

private:
    std::size_t read_some_secure(std::span<char> into, error_code& failed);
    std::size_t write_some_secure(bytes_view from, error_code& failed);

    tcp_socket socket_;
    std::unique_ptr<tls::session> tls_;
    tcp_socket::wait_type read_wait_ = tcp_socket::wait_read;
    tcp_socket::wait_type write_wait_ = tcp_socket::wait_write;
};

} // namespace conclave::net
