#include "server/net/stream_socket.hpp"

#include "server/net/tls_progress.hpp"

namespace conclave::net {

std::size_t stream_socket::read_some_secure(std::span<char> into, error_code& failed) {
    const tls::transfer read = tls_->read_some(into);
    failed = error_of(read.is);
    read_wait_ = wait_of(read.is);
    return read.size;
}

std::size_t stream_socket::write_some_secure(bytes_view from, error_code& failed) {
    const tls::transfer written = tls_->write_some(from);
    failed = error_of(written.is);
    write_wait_ = wait_of(written.is);
    return written.size;
}

void stream_socket::end_output(error_code& failed) {
    if (tls_ != nullptr) {
        const tls::progress is = tls_->end_output();
        write_wait_ = wait_of(is);
        if (failed = error_of(is); failed == asio::error::would_block) {
            return;
        }
    }
    socket_.shutdown(tcp_socket::shutdown_send, failed);
}

void stream_socket::close() {
    error_code ignored; // the descriptor is gone in any case
    socket_.close(ignored);
}

void stream_socket::abort() {
    error_code ignored; // the socket is closed next, whatever it says to this
    socket_.set_option(tcp_socket::linger{true, 0}, ignored);
    close();
}

} // namespace conclave::net
