/// Frames between servers: a length, a checksum, a payload (docs/formats/peer-transport.md).
#pragma once

#include <conclave/frame_reader.hpp>
#include <conclave/types.hpp>

#include <array>
#include <memory>
#include <vector>

namespace conclave::net {

/// The payload of a frame in pieces, which several links may share. No piece is null.
using peer_frame = std::vector<std::shared_ptr<const bytes>>;

/// What stands in front of a payload.
using peer_frame_head = std::array<char, 8>;

[[nodiscard]] std::size_t size_of(const peer_frame& frame);

[[nodiscard]] peer_frame_head head_of(const peer_frame& frame);

/// Bytes in, payloads with the right checksum out. Knows no socket; holds no memory when all that
/// came in was taken.
class peer_frame_reader {
public:
    enum class status {
        need_more,
        frame,
        bad_length,   ///< no payload or one that is too large; final
        bad_checksum, ///< final: nothing behind it can be trusted to be a frame
    };

    explicit peer_frame_reader(std::size_t payload_size_max);

    /// Lets larger payloads through from the next one on.
    void raise_limit(std::size_t payload_size_max);

    void append(bytes_view data) { reader_.append(data); }

    /// The next payload; valid until `append`, `compact` or `raise_limit`.
    [[nodiscard]] status next(bytes_view& payload);

    /// Gives the memory of taken frames back.
    void compact() { reader_.compact(); }

    /// True if a part of a frame is waiting for the rest.
    [[nodiscard]] bool is_within_frame() const { return !reader_.buffered().empty(); }

private:
    frame_reader reader_;
};

} // namespace conclave::net
