#include "conclave/frame_reader.hpp"

#include "conclave/jute.hpp"

namespace conclave {

void frame_reader::append(bytes_view data) {
    if (taken_ != 0 || !borrowed_.empty()) {
        compact();
    }
    buffer_.append(data);
}

void frame_reader::borrow(bytes_view data) {
    if (buffered().empty()) {
        buffer_.clear();
        taken_ = 0;
        borrowed_ = data;
    } else {
        append(data);
    }
}

frame_reader::status frame_reader::next(bytes_view& payload) {
    const bytes_view waiting = buffered();
    if (waiting.size() < sizeof(std::int32_t)) {
        return status::need_more;
    }
    std::int32_t length = 0;
    jute::reader{waiting}(length);
    if (length < 0 || static_cast<std::size_t>(length) > payload_size_max_) {
        return status::bad_length;
    }
    const std::size_t whole = sizeof length + static_cast<std::size_t>(length);
    if (waiting.size() < whole) {
        return status::need_more;
    }
    payload = waiting.substr(sizeof length, static_cast<std::size_t>(length));
    taken_ += whole;
    return status::frame;
}

void frame_reader::compact() {
    if (!borrowed_.empty()) {
        buffer_.assign(borrowed_.substr(taken_));
        borrowed_ = {};
    } else if (taken_ == buffer_.size()) {
        bytes{}.swap(buffer_);
    } else {
        buffer_.erase(0, taken_);
    }
    taken_ = 0;
}

} // namespace conclave
