/// How TLS sessions and sockets understand each other.
#pragma once

#include "server/net/asio.hpp"
#include "server/tls/session.hpp"

#include <boost/asio/error.hpp>

namespace conclave::net {

/// The first octet of a TLS connection: the type of the record that holds a handshake. As the first
/// octet of a length it would announce more than any frame may hold, and it begins no word.
inline constexpr char tls_handshake_record = 0x16;

/// `would_block` for what is to be tried again, after `wait_of`.
[[nodiscard]] inline error_code error_of(tls::progress is) {
    switch (is) {
    case tls::progress::done:
        return {};
    case tls::progress::wants_read:
    case tls::progress::wants_write:
        return asio::error::would_block;
    case tls::progress::ended:
        return asio::error::eof;
    case tls::progress::failed:
        break;
    }
    return asio::error::connection_aborted;
}

[[nodiscard]] inline tcp_socket::wait_type wait_of(tls::progress is) {
    return is == tls::progress::wants_write ? tcp_socket::wait_write : tcp_socket::wait_read;
}

} // namespace conclave::net
