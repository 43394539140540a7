/// What a link has not sent yet.
#pragma once

#include "server/net/peer_frame.hpp"

#include <boost/asio/buffer.hpp>

#include <deque>
#include <memory>
#include <vector>

namespace conclave::net {

/// Frames in order, none of their pieces copied.
class peer_output {
public:
    /// The memory that the queue itself takes for a piece, about; counted as if it were octets, so
    /// that many tiny frames are bounded, too.
    static constexpr std::size_t piece_cost = 64;

    /// What `push` would add to `size`.
    [[nodiscard]] static std::size_t cost_of(const peer_frame& frame);

    /// Precondition: the frame has a payload.
    void push(const peer_frame& frame);

    [[nodiscard]] bool empty() const { return pieces_.empty(); }

    /// The unsent octets, and `piece_cost` for each piece.
    [[nodiscard]] std::size_t size() const { return size_; }

    /// The first octets, for one gathering write. The buffers are valid until `consume`; `push`
    /// leaves them alone.
    void gather(std::vector<boost::asio::const_buffer>& into) const;

    /// The first `size` octets were sent.
    void consume(std::size_t size);

private:
    /// A part of a frame; the first one brings the head of the frame along.
    struct piece {
        peer_frame_head head{};
        std::size_t head_size = 0;
        std::shared_ptr<const bytes> body;

        [[nodiscard]] std::size_t size() const { return head_size + body->size(); }
    };

    std::deque<piece> pieces_;
    std::size_t size_ = 0;
    std::size_t sent_ = 0; ///< of the first piece
};

} // namespace conclave::net
