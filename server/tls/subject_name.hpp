/// The names of the holders of certificates, as Java's `X500Principal` prints them: the ids of the
/// scheme x509.
#pragma once

#include <conclave/types.hpp>

#include <openssl/x509.h>

namespace conclave::tls {

/// RFC 2253: from the most special part to the most general, such as "CN=alice,O=Example,C=DE".
/// Attributes without a short name in that document appear as numbers, with their value in
/// hexadecimal digits.
[[nodiscard]] bytes subject_text(const X509_NAME* name);

} // namespace conclave::tls
