/// The messages with which two servers begin a connection (docs/formats/peer-transport.md).
#pragma once

#include "server/net/peer_settings.hpp"

#include <optional>
#include <string>
#include <variant>

namespace conclave::net {

/// The versions of the protocol between servers that this program speaks.
inline constexpr std::uint16_t peer_version_min = 1;
inline constexpr std::uint16_t peer_version_max = 1;

/// The largest payload of a message of the handshake, in octets.
inline constexpr std::size_t handshake_size_max = 1024;

/// Who a server is, and whom it takes the other one for.
struct peer_hello {
    std::uint16_t version_min = peer_version_min;
    std::uint16_t version_max = peer_version_max;
    server_id server;
    server_id addressee;              ///< whom the sender believes to speak to
    std::optional<unique_id> cluster; ///< none: belongs to no cluster yet
    unique_id storage{};
    std::uint64_t boot{};
    std::uint64_t lost_link{}; ///< number of the last link with the addressee that ended here, or 0

    friend bool operator==(const peer_hello&, const peer_hello&) = default;
};

/// Sent by the server with the smaller id: it agrees to a link.
struct peer_ready {
    friend bool operator==(const peer_ready&, const peer_ready&) = default;
};

/// Sent by the server with the greater id: this connection is the link.
struct peer_open {
    std::uint64_t link_number{}; ///< not 0, and never given twice

    friend bool operator==(const peer_open&, const peer_open&) = default;
};

/// The numbers on the wire. Others may come from a newer server.
enum class refusal_code : std::uint16_t {
    other_cluster = 1,
    wrong_id = 2,  ///< not the server that was dialed
    own_id = 3,    ///< the id of the one who refuses
    id_in_use = 4, ///< by a live link with a server on another storage
    no_common_version = 5,
    already_linked = 6,    ///< nothing is wrong: another connection of the pair was faster
    too_many = 7,          ///< links with unknown servers
    copied_storage = 8,    ///< two servers with one data directory
    wrong_certificate = 9, ///< for another host
};

/// The last message of a connection.
struct peer_refusal {
    refusal_code code{};
    std::string sentence; ///< for the operator

    friend bool operator==(const peer_refusal&, const peer_refusal&) = default;
};

using peer_message = std::variant<peer_hello, peer_ready, peer_open, peer_refusal>;

/// The payload of a frame.
[[nodiscard]] bytes encode(const peer_message& message);

/// Nothing if it is no such message. Of a hello with no version that this program speaks only the
/// versions are read. A sentence comes out printable and of bounded size.
[[nodiscard]] std::optional<peer_message> decode_peer_message(bytes_view payload);

/// True if there is a version that both sides speak.
[[nodiscard]] bool has_common_version(const peer_hello& hello);

/// In hexadecimal digits.
[[nodiscard]] std::string text_of(const unique_id& id);

} // namespace conclave::net
