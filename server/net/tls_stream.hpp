/// The encrypted form of a connection between servers.
#pragma once

#include "server/net/peer_stream.hpp"
#include "server/net/tls_keys.hpp"

#include <memory>

namespace conclave::net {

/// Which connections between servers are encrypted, and what certificates must say.
struct peer_tls_policy {
    bool dials_secure = true;      ///< else without TLS
    bool accepts_plain = false;    ///< besides TLS: the first octet tells them apart
    bool verifies_dialed = true;   ///< the certificate of a server that was dialed must be for it
    bool verifies_accepted = true; ///< as well that of one that has dialed
};

/// Streams that follow the policy. Both sides show certificates, always.
[[nodiscard]] peer_stream_factory
make_tls_streams(std::shared_ptr<const tls_keys> keys, peer_tls_policy policy);

} // namespace conclave::net
