#include "server/net/peer_output.hpp"

#include <conclave/assert.hpp>

#include <algorithm>

namespace conclave::net {

namespace {

/// As many as one system call is given.
constexpr std::size_t buffer_count_max = 64;

} // namespace

std::size_t peer_output::cost_of(const peer_frame& frame) {
    return peer_frame_head{}.size() + size_of(frame) + frame.size() * piece_cost;
}

void peer_output::push(const peer_frame& frame) {
    CONCLAVE_ASSERT(size_of(frame) != 0);
    size_ += cost_of(frame);
    peer_frame_head head = head_of(frame);
    std::size_t head_size = head.size();
    for (const std::shared_ptr<const bytes>& each : frame) {
        pieces_.push_back({head, head_size, each});
        head_size = 0;
    }
}

void peer_output::gather(std::vector<boost::asio::const_buffer>& into) const {
    into.clear();
    std::size_t skipped = sent_;
    const auto add = [&](const char* data, std::size_t size) {
        const std::size_t skip = std::min(skipped, size);
        skipped -= skip;
        if (skip != size) {
            into.emplace_back(data + skip, size - skip);
        }
    };
    for (const piece& each : pieces_) {
        if (into.size() + 2 > buffer_count_max) {
            return;
        }
        add(each.head.data(), each.head_size);
        add(each.body->data(), each.body->size());
    }
}

void peer_output::consume(std::size_t size) {
    size_ -= size;
    sent_ += size;
    while (!pieces_.empty() && sent_ >= pieces_.front().size()) {
        sent_ -= pieces_.front().size();
        size_ -= piece_cost;
        pieces_.pop_front();
    }
    CONCLAVE_ASSERT(!pieces_.empty() || (sent_ == 0 && size_ == 0));
}

} // namespace conclave::net
