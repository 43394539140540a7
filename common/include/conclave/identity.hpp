/// Who a connection is, and the hashes by which it proves that.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "conclave/types.hpp"

namespace conclave {

/// One identity of a connection or one holder of a permission, such as ("digest", "bob:ikIa...").
struct identity {
    bytes scheme;
    bytes id;

    static void fields(auto& archive, auto& record) { archive(record.scheme, record.id); }

    friend auto operator<=>(const identity&, const identity&) = default;
};

using identities = std::vector<identity>;

/// The id that scheme "digest" gives to `credentials` ("user:password"): user ":"
/// base64(hash(credentials)). `algorithm` is an OpenSSL name such as "SHA1" or "SHA-256" (key
/// digestAlg); empty result if it is unknown.
[[nodiscard]] bytes digest_id(bytes_view credentials, const char* algorithm = "SHA1");

/// Standard base64 with padding.
[[nodiscard]] bytes base64(bytes_view data);

using secret = std::array<char, 16>;

/// A keyed hash of a session id: the password that lets a client resume it
/// (zookeeper-protocol 2.3). The same on every server that knows the secret.
[[nodiscard]] bytes session_password(const secret& key, session_id id);

/// Names what shares a secret, such as the servers of one ensemble.
using cluster_id = std::array<std::uint8_t, 16>;

/// The name under which an ensemble with this secret is known; tells nothing of the secret.
[[nodiscard]] cluster_id cluster_id_of(const secret& key);

/// Compares without telling by its duration where the texts differ.
[[nodiscard]] bool equal_in_constant_time(bytes_view left, bytes_view right);

} // namespace conclave
