#include "server/admin/http_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <sys/socket.h>

namespace conclave::admin {

http_stream::http_stream(socket connected) : socket_(std::move(connected)) {
    error_code ignored; // a connection that breaks now is found broken by its first read
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay{true}, ignored);
}

void http_stream::detect_tls(asio::any_completion_handler<void(error_code, bool is_tls)> then) {
    socket_.async_wait(
        socket::wait_read,
        [this, then = std::move(then)](const error_code& failed) mutable {
            constexpr char handshake_record = 0x16;
            char first = 0;
            const bool is_there =
                !failed && ::recv(socket_.native_handle(), &first, sizeof first, MSG_PEEK) == 1;
            std::move(then)(failed, is_there && first == handshake_record);
        }
    );
}

void http_stream::begin_tls(const tls::context& keys, completed then) {
    tls_.emplace(keys, socket_.native_handle(), tls::session::side::acceptor);
    shake_hands(std::move(then));
}

/// What was posted before the end comes behind it; the number of the descriptor, which TLS keeps,
/// may be another connection's by then.
bool http_stream::is_over() const {
    return !socket_.is_open();
}

void http_stream::shake_hands(completed then) {
    if (is_over()) {
        return std::move(then)(asio::error::operation_aborted);
    }
    const tls::progress reached = tls_->shake_hands();
    if (reached == tls::progress::done) {
        return std::move(then)(error_code{});
    }
    if (reached != tls::progress::wants_read && reached != tls::progress::wants_write) {
        return std::move(then)(asio::error::connection_aborted);
    }
    socket_.async_wait(
        reached == tls::progress::wants_read ? socket::wait_read : socket::wait_write,
        [this, then = std::move(then)](const error_code& failed) mutable {
            failed ? std::move(then)(failed) : shake_hands(std::move(then));
        }
    );
}

/// Tries again once the socket is ready, or reports what is final.
template <class Again>
void http_stream::when_ready(tls::progress wanted, transferred then, Again again) {
    if (wanted == tls::progress::wants_read || wanted == tls::progress::wants_write) {
        return socket_.async_wait(
            wanted == tls::progress::wants_read ? socket::wait_read : socket::wait_write,
            [then = std::move(then), again](const error_code& failed) mutable {
                failed ? std::move(then)(failed, 0) : again(std::move(then));
            }
        );
    }
    const error_code failure = wanted == tls::progress::ended
                                   ? error_code{asio::error::eof}
                                   : error_code{asio::error::connection_aborted};
    complete(std::move(then), failure);
}

void http_stream::complete(transferred then, error_code failure) {
    asio::post(get_executor(), [then = std::move(then), failure]() mutable {
        std::move(then)(failure, 0);
    });
}

void http_stream::read(asio::mutable_buffer into, transferred then) {
    if (!tls_) {
        return socket_.async_read_some(into, std::move(then));
    }
    if (is_over()) {
        return complete(std::move(then), asio::error::operation_aborted);
    }
    const tls::transfer got = tls_->read_some({static_cast<char*>(into.data()), into.size()});
    if (got.is == tls::progress::done) {
        return asio::post(get_executor(), [then = std::move(then), got]() mutable {
            std::move(then)(error_code{}, got.size);
        });
    }
    when_ready(got.is, std::move(then), [this, into](transferred next) {
        read(into, std::move(next));
    });
}

void http_stream::write(asio::const_buffer from, transferred then) {
    if (!tls_) {
        return socket_.async_write_some(from, std::move(then));
    }
    if (is_over()) {
        return complete(std::move(then), asio::error::operation_aborted);
    }
    const tls::transfer sent =
        tls_->write_some({static_cast<const char*>(from.data()), from.size()});
    if (sent.is == tls::progress::done) {
        return asio::post(get_executor(), [then = std::move(then), sent]() mutable {
            std::move(then)(error_code{}, sent.size);
        });
    }
    when_ready(sent.is, std::move(then), [this, from](transferred next) {
        write(from, std::move(next));
    });
}

std::size_t http_stream::try_write(bytes_view from) {
    if (tls_) {
        return 0; // it wants to be asked again with the same octets
    }
    error_code failed;
    return socket_.write_some(asio::const_buffer{from.data(), from.size()}, failed);
}

void http_stream::end_output() {
    if (is_over()) {
        return;
    }
    if (tls_) {
        static_cast<void>(tls_->end_output()); // a courtesy: the message before was whole
    }
    error_code ignored; // the peer may be gone already
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void http_stream::cancel() {
    error_code ignored; // nothing is waited for then
    socket_.cancel(ignored);
}

void http_stream::close() {
    error_code ignored; // the descriptor is gone in any case
    socket_.close(ignored);
}

} // namespace conclave::admin
