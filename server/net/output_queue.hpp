/// What a connection has not sent yet.
#pragma once

#include <conclave/types.hpp>

namespace conclave::net {

/// Octets in order. Holds no memory while it is empty.
class output_queue {
public:
    void push(bytes&& more);

    [[nodiscard]] bool empty() const { return size() == 0; }

    [[nodiscard]] std::size_t size() const { return data_.size() - sent_; }

    /// All of it, in one piece. Valid until the next call of another method.
    [[nodiscard]] bytes_view front() const { return bytes_view{data_}.substr(sent_); }

    /// The first `size` octets were sent.
    void consume(std::size_t size);

    void clear();

private:
    bytes data_;
    std::size_t sent_ = 0;
};

} // namespace conclave::net
