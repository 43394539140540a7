/// What all connections under one set of keys share.
#pragma once

#include "server/tls/openssl.hpp"
#include "server/tls/settings.hpp"

namespace conclave::tls {

/// Own key and certificate, whom to believe, protocols and ciphers; for both sides of connections.
/// Immutable; any thread. Sessions made from it may outlive it.
///
/// There is no renegotiation, no compression and no resumption: each connection proves anew who it
/// is, so a certificate that is taken out of the trust store is out with the next connection.
class context {
public:
    /// Reads the files.
    /// @throws std::runtime_error with a sentence for the operator
    explicit context(const settings& from);

    [[nodiscard]] SSL_CTX* native() const { return native_.get(); }

private:
    context_pointer native_;
};

} // namespace conclave::tls
