#include "server/admin/stream_queue.hpp"

#include <utility>

namespace conclave::admin {

namespace {

constexpr std::size_t together_size_max = std::size_t{16} << 10U;

} // namespace

void stream_queue::push(stream_part_pointer part, bytes_view rest) {
    all_.add(*part);
    size_ += rest.size();
    waiting_.push_back({std::move(part), rest});
}

stream_queue::entry stream_queue::take() {
    entry first = std::move(waiting_.front());
    waiting_.pop_front();
    size_ -= first.rest.size();
    all_.remove(*first.part);
    return first;
}

bytes_view stream_queue::begin_write() {
    entry first = take();
    const auto fits = [this](std::size_t size) {
        return !waiting_.empty() && size + waiting_.front().rest.size() <= together_size_max;
    };
    if (!fits(first.rest.size())) {
        written_ = std::move(first.part);
        return first.rest;
    }
    together_ = first.rest;
    while (fits(together_.size())) {
        together_ += take().rest;
    }
    return together_;
}

void stream_queue::end_write() {
    written_.reset();
    bytes{}.swap(together_);
}

void stream_queue::clear() {
    while (!waiting_.empty()) {
        static_cast<void>(take());
    }
}

} // namespace conclave::admin
