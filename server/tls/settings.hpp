/// What protects a connection, as an operator says it.
#pragma once

#include <string>
#include <vector>

namespace conclave::tls {

enum class store_type {
    by_suffix, ///< of the file's name: .pem, .p12, .pfx, .jks, .bcfks
    pem,
    pkcs12,
    jks,   ///< Java's own format: refused, with a word on how to convert it
    bcfks, ///< Bouncy Castle's: refused as well
};

/// A file with keys or certificates.
struct store_settings {
    std::string location; ///< a path; empty: there is none
    store_type type = store_type::by_suffix;
    std::string password{};      ///< secret
    std::string password_file{}; ///< whose first line is the password; goes before `password`
};

/// What an acceptor asks of the other side. Whatever certificate is shown must be trusted.
enum class client_auth {
    none, ///< no certificate
    want, ///< one, if there is one
    need, ///< one
};

struct settings {
    store_settings key_store;   ///< the own key, its certificate and those between it and the root
    store_settings trust_store; ///< certificates of whom to believe; revocation lists, too, in PEM
    client_auth authentication = client_auth::need;
    std::vector<std::string> protocols; ///< TLSv1.2, TLSv1.3; empty: both
    /// In the order of preference, as Java or OpenSSL names them; empty: those of OpenSSL.
    std::vector<std::string> cipher_suites;
    bool checks_revocation = false; ///< by the lists in the trust store, which must then be there
};

} // namespace conclave::tls
