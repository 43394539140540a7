/// A client in a test: makes request frames and takes apart what the server sends, without a
/// socket.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "conclave/frame_reader.hpp"
#include "conclave/protocol.hpp"

namespace conclave::test {

/// The open ACL as a client sends it.
[[nodiscard]] std::vector<acl_record> world_acl(std::int32_t permissions = permission::all);

/// A request frame without its length: header, then the fields of the record.
template <class... Fields>
[[nodiscard]] bytes request_frame(std::int32_t id, opcode type, const Fields&... fields) {
    bytes frame;
    jute::writer to{frame};
    to(request_header{xid{id}, type});
    (to.write(fields), ...);
    return frame;
}

[[nodiscard]] bytes connect_frame(
    std::int32_t timeout_ms,
    session_id session = {},
    bytes_view password = {},
    zxid last_seen = {},
    bool read_only = false
);

[[nodiscard]] bytes create_frame(
    std::int32_t id,
    bytes_view path,
    bytes_view data = {},
    create_mode mode = create_mode::persistent,
    opcode type = opcode::create
);

/// What a server sent in one frame.
struct received_frame {
    reply_header header;
    bytes body; ///< behind the header

    [[nodiscard]] bool is_event() const { return header.id == notification_xid; }

    [[nodiscard]] std::string event_text() const; ///< such as "created /a", for comparisons
    [[nodiscard]] stat stat_at_end() const;
    [[nodiscard]] bytes text() const; ///< a body that is one string
};

struct connect_outcome {
    std::int32_t timeout_ms{};
    session_id session;
    bytes password;
    bool read_only = false;
};

/// Collects the octets that a connection gets and cuts them into a handshake and frames.
class frame_log {
public:
    void append(bytes_view data);

    std::optional<connect_outcome> handshake;
    std::deque<received_frame> frames;
    bool closed = false;

    /// Takes the oldest frame. Precondition: there is one.
    received_frame take();

private:
    frame_reader reader_{std::size_t{64} << 20U};
};

} // namespace conclave::test
