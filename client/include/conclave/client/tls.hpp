/// TLS contexts from files. Programs that have an `asio::ssl::context` do not need this.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace conclave::client {

/// PEM files. Empty names are left out.
struct tls_files {
    std::string trusted;     ///< certificates that may sign a server's; none: those of the system
    std::string certificate; ///< of this program, with its chain, if servers ask for one
    std::string private_key;
    std::string private_key_password;
};

/// A client context: TLS 1.2 and later, servers are verified.
/// @throws std::runtime_error with the file and the reason if one cannot be used
[[nodiscard]] std::shared_ptr<boost::asio::ssl::context> make_tls_context(const tls_files& files);

} // namespace conclave::client
