/// Records that travel to the log together.
#pragma once

#include "server/log/record.hpp"
#include "server/log/segment_format.hpp"

#include <optional>

namespace conclave::txnlog {

/// An ordered group of records, already in the form in which they are written: adding one costs a
/// copy of its octets into one buffer and no other allocation, and writing the group costs none at
/// all. Cleared, it keeps its memory.
///
/// A plain value: fill it on the core's thread, move it to the log's. One that was moved from is
/// used again after `clear`.
class record_batch {
public:
    record_batch() { clear(); }

    void add(const record& item);

    void add(record_type type, zxid id, bytes_view payload) { add(record{type, id, payload}); }

    /// Appends the records of `other`, and takes its head payload if it has one. `other` is not
    /// sealed.
    void add(const record_batch& other);

    /// What the head of a segment that starts *behind* this group shall carry (log_writer,
    /// `head_payload`). At most head_payload_size_max octets.
    void set_head_payload(bytes payload);

    void clear();

    [[nodiscard]] bool empty() const { return record_count_ == 0; }

    [[nodiscard]] std::uint32_t record_count() const { return record_count_; }

    /// Octets of the encoded records. Constant time.
    [[nodiscard]] std::size_t body_size() const { return body_size_; }

    /// The smallest and the greatest zxid of the records; of no meaning while empty.
    [[nodiscard]] zxid lowest() const { return lowest_; }

    [[nodiscard]] zxid highest() const { return highest_; }

    [[nodiscard]] const std::optional<bytes>& head_payload() const { return head_payload_; }

    /// Completes `header` with what the records decide, writes it in front of them and pads to
    /// whole blocks. The view is the octets for the file; it lives until the next change of this
    /// batch. May be called again.
    [[nodiscard]] bytes_view seal(batch_header header, std::uint32_t block_size);

private:
    void include(zxid lowest, zxid highest);

    bytes buffer_; ///< room for a header, then body_size_ octets of records, then padding if sealed
    std::size_t body_size_ = 0;
    std::uint32_t record_count_ = 0;
    zxid lowest_;
    zxid highest_;
    std::optional<bytes> head_payload_;
};

} // namespace conclave::txnlog
