#include "server/net/output_queue.hpp"

#include <conclave/assert.hpp>

#include <utility>

namespace conclave::net {

void output_queue::push(bytes&& more) {
    if (empty()) {
        data_ = std::move(more);
        sent_ = 0;
    } else {
        data_ += more;
    }
}

void output_queue::consume(std::size_t size) {
    CONCLAVE_ASSERT(size <= this->size());
    sent_ += size;
    if (empty()) {
        clear();
    } else if (sent_ > data_.size() / 2) {
        // Rarely enough that each octet is moved once on average.
        data_.erase(0, sent_);
        sent_ = 0;
    }
}

void output_queue::clear() {
    bytes{}.swap(data_);
    sent_ = 0;
}

} // namespace conclave::net
