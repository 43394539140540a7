#include "server/replica/connection.hpp"

#include "server/replica/writes.hpp"

#include <utility>

#include "conclave/assert.hpp"

namespace conclave::replica {

namespace {

/// An emptied queue of up to this many requests keeps its memory for the next one.
constexpr std::size_t capacity_kept = 4;

/// A change of the membership is answered with a later zxid than its own, that of the activation:
/// what would be proposed right behind it would be answered with an earlier one. A login that came
/// right behind the handshake holds for every later request, or ends the connection before it.
bool holds_back(const waiting_request& request) {
    using state = waiting_request::state;
    return request.is == state::barrier ||
           (request.is == state::in_flight && request.header.type == opcode::reconfig) ||
           (request.is == state::deferred &&
            (is_ordered_by_leader(request.header.type) || is_authentication(request.header.type)));
}

} // namespace

std::size_t size_of(const identities& all) {
    std::size_t size = 0;
    for (const identity& each : all) {
        size += each.scheme.size() + each.id.size();
    }
    return size;
}

bool is_ordered_by_leader(opcode type) {
    return is_write(type) || type == opcode::sync;
}

bool is_authentication(opcode type) {
    return type == opcode::auth || type == opcode::sasl;
}

void request_queue::count(const waiting_request& request, bool is_added) {
    const std::size_t holding = holds_back(request) ? 1 : 0;
    const std::size_t deferred = request.is == waiting_request::state::deferred ? 1 : 0;
    if (is_added) {
        content_size_ += request.content.size();
        holding_count_ += holding;
        deferred_count_ += deferred;
    } else {
        content_size_ -= request.content.size();
        holding_count_ -= holding;
        deferred_count_ -= deferred;
    }
}

void request_queue::push(waiting_request request) {
    count(request, true);
    requests_.push_back(std::move(request));
}

waiting_request request_queue::pop() {
    waiting_request first = std::move(requests_[head_++]);
    count(first, false);
    if (empty()) {
        head_ = 0;
        requests_.clear();
        if (requests_.capacity() > capacity_kept) {
            std::vector<waiting_request>{}.swap(requests_);
        }
    } else if (head_ > requests_.size() / 2 && head_ > capacity_kept) {
        requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
    return first;
}

void request_queue::put_back(waiting_request request) {
    count(request, true);
    if (head_ != 0) {
        requests_[--head_] = std::move(request);
    } else {
        requests_.insert(requests_.begin(), std::move(request));
    }
}

void request_queue::keep_first(std::size_t count_kept) {
    while (size() > count_kept) {
        count(requests_.back(), false);
        requests_.pop_back();
    }
}

void request_queue::answer(std::uint64_t sequence, bytes reply) {
    auto* request = const_cast<waiting_request*>(find(sequence));
    CONCLAVE_ASSERT(request != nullptr);
    count(*request, false);
    request->content = std::move(reply);
    request->is = waiting_request::state::answered;
    count(*request, true);
}

const waiting_request* request_queue::find(std::uint64_t sequence) const {
    for (std::size_t index = head_; index < requests_.size(); ++index) {
        const waiting_request& request = requests_[index];
        const bool waits = request.is == waiting_request::state::in_flight ||
                           request.is == waiting_request::state::barrier;
        if (waits && request.sequence == sequence) {
            return &request;
        }
    }
    return nullptr;
}

} // namespace conclave::replica
