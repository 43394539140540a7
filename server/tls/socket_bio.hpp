/// How OpenSSL reaches a socket.
#pragma once

#include "server/tls/openssl.hpp"

namespace conclave::tls {

/// Reads and writes a socket that does not block. Unlike OpenSSL's own it raises no signal when the
/// other side is gone. The socket belongs to somebody else.
[[nodiscard]] bio_pointer make_socket_bio(int descriptor);

} // namespace conclave::tls
