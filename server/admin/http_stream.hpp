/// The octets under an HTTP connection: a socket, with or without TLS. Private to this folder.
#pragma once

#include "server/tls/session.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <optional>
#include <utility>

namespace conclave::admin {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// A stream for Asio's and Beast's composed operations: one read and one write at a time. It must
/// outlive them; `cancel` or `close` ends them with an error.
class http_stream {
public:
    using executor_type = asio::io_context::executor_type;
    using socket = asio::basic_stream_socket<tcp, executor_type>;
    using error_code = boost::system::error_code;
    using transferred = asio::any_completion_handler<void(error_code, std::size_t)>;
    using completed = asio::any_completion_handler<void(error_code)>;

    explicit http_stream(socket connected);
    http_stream(const http_stream&) = delete;
    http_stream& operator=(const http_stream&) = delete;

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }

    [[nodiscard]] socket& raw() { return socket_; }

    /// Whether the peer begins as TLS does. Completes once its first octet is there.
    void detect_tls(asio::any_completion_handler<void(error_code, bool is_tls)> then);

    /// Speaks TLS from now on. Before any read or write.
    void begin_tls(const tls::context& keys, completed then);

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& into, Handler&& then) {
        read(*asio::buffer_sequence_begin(into), transferred{std::forward<Handler>(then)});
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler&& then) {
        write(*asio::buffer_sequence_begin(from), transferred{std::forward<Handler>(then)});
    }

    /// Writes what can be written at once, if no write is under way.
    /// @return how much that was; what is wrong with the connection shows with the next write
    [[nodiscard]] std::size_t try_write(bytes_view from);

    /// Nothing more will be written; what the peer still sends may be read.
    void end_output();

    void cancel();
    void close();

private:
    [[nodiscard]] bool is_over() const;
    void complete(transferred then, error_code failure);
    void shake_hands(completed then);
    void read(asio::mutable_buffer into, transferred then);
    void write(asio::const_buffer from, transferred then);

    template <class Again>
    void when_ready(tls::progress wanted, transferred then, Again again);

    socket socket_;
    std::optional<tls::session> tls_;
};

} // namespace conclave::admin
