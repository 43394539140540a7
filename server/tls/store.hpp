/// Files with keys and certificates.
#pragma once

#include "server/tls/openssl.hpp"
#include "server/tls/settings.hpp"

#include <string>
#include <vector>

namespace conclave::tls {

/// Who a server is.
struct own_identity {
    key_pointer key;
    certificate_pointer certificate;
    std::vector<certificate_pointer> intermediates; ///< from the own one towards the root
};

/// Whom a server believes.
struct trust {
    std::vector<certificate_pointer> certificates; ///< never empty
    std::vector<revocation_pointer> revocations;
};

/// Of a PEM file, the first certificate is the own one.
/// @throws std::runtime_error with a sentence for the operator
[[nodiscard]] own_identity load_own_identity(const store_settings& from);

/// @throws std::runtime_error with a sentence for the operator
[[nodiscard]] trust load_trust(const store_settings& from);

/// The files that a store is made of.
[[nodiscard]] std::vector<std::string> files_of(const store_settings& store);

} // namespace conclave::tls
