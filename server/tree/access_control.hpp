/// ACLs: checking them, validating and expanding the lists that clients send (zookeeper-protocol
/// 9).
#pragma once

#include <conclave/identity.hpp>
#include <conclave/protocol.hpp>
#include <conclave/result.hpp>

namespace conclave::tree {

struct access_settings {
    bool skip_acl = false;      ///< key skipACL
    bool digest_enabled = true; ///< key DigestAuthenticationProvider.enabled
    bool x509_enabled = false;  ///< clients can show certificates
};

/// The encoded list that grants everything to everybody; kept as the empty string.
inline constexpr bytes_view open_acl{};

/// Longer lists, as encoded, are refused: "auth" multiplies what a client sends by the identities
/// that it has.
inline constexpr std::size_t acl_size_max = std::size_t{1} << 20U;

/// True when some entry of the encoded list has any of the `needed` bits and matches one of the
/// identities, when one of them is ("super", ...), or when the list is empty.
[[nodiscard]] bool is_allowed(
    bytes_view acl, std::int32_t needed, const identities& who, const access_settings& settings
);

/// Checks and rewrites a list as zookeeper-protocol 9.3 says: duplicates removed, "auth" expanded.
/// @return the encoded list; errc::invalid_acl, or errc::marshalling_error for a null id.
[[nodiscard]] result<bytes> make_acl(
    const std::vector<acl_record>& entries, const identities& who, const access_settings& settings
);

/// Appends the list as getACL sends it; with `redact`, digest ids lose their hash
/// (zookeeper-protocol 9.4).
void append_acl(bytes& out, bytes_view acl, bool redact);

} // namespace conclave::tree
