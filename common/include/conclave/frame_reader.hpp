/// Cuts frames (length, then payload) out of a byte stream.
#pragma once

#include <optional>

#include "conclave/types.hpp"

namespace conclave {

/// Bytes in, frames out. Used by the server, the client and the fuzzers alike; knows no socket.
///
/// Frames are views into the buffer, valid until the next `append` or `compact`. Memory is taken as
/// bytes arrive, never for a length that is only claimed, and `compact` gives it back when the
/// buffer has run empty: an idle connection holds none.
class frame_reader {
public:
    enum class status { need_more, frame, bad_length };

    /// `payload_size_max`: a frame with a larger or negative length is refused (`bad_length`,
    /// final).
    explicit frame_reader(std::size_t payload_size_max) : payload_size_max_(payload_size_max) {}

    /// Appends bytes that were read.
    void append(bytes_view data);

    /// `append` without a copy, if nothing else is buffered: `data` must stay valid until the next
    /// `append`, `borrow` or `compact`.
    void borrow(bytes_view data);

    /// The next whole frame, if there is one.
    status next(bytes_view& payload);

    /// Everything that is buffered and not yet taken, for the first four bytes of a connection.
    [[nodiscard]] bytes_view buffered() const { return all().substr(taken_); }

    /// Gives the memory of taken frames back, and keeps what is left of borrowed octets.
    void compact();

private:
    /// One of the two is empty.
    [[nodiscard]] bytes_view all() const { return borrowed_.empty() ? buffer_ : borrowed_; }

    bytes buffer_;
    bytes_view borrowed_;
    std::size_t taken_ = 0;
    std::size_t payload_size_max_;
};

} // namespace conclave
