/// What of the log in memory is already on disk.
#pragma once

#include "server/zab/entry.hpp"

#include <deque>

namespace conclave::zab {

/// A request to make records durable, completed in the order of submission.
using operation_id = strong_integer<struct operation_id_tag, std::uint64_t>;

/// Matches completions with what they made durable. A completion of records that were truncated and
/// written anew meanwhile says nothing about the new ones.
class durability {
public:
    durability(epoch promised, zxid end) : promised_(promised), end_(end), covered_(end) {}

    // What the operation that is being filled will make durable, in order.
    void promise(epoch to) { filling_.promised = to; }

    void append(zxid at) {
        filling_.end = at;
        filling_.has_end = true;
    }

    void truncate(zxid keep);

    /// What was filled in becomes an operation, and the next one begins.
    operation_id submit();

    /// This operation and all before it are durable.
    void complete(operation_id done);

    /// Newest promise on disk.
    [[nodiscard]] epoch promised() const { return promised_; }

    /// The log in memory and the one on disk are the same up to here.
    [[nodiscard]] zxid covered() const { return covered_; }

private:
    struct operation {
        operation_id id;
        epoch promised;
        bool has_end = false;
        bool has_cut = false;
        zxid end; ///< of the log when this is durable
        zxid cut; ///< lowest end on the way there
    };

    epoch promised_;
    zxid end_;     ///< of the log on disk
    zxid covered_; ///< never behind a cut that is on its way
    std::deque<operation> pending_;
    operation filling_;
    operation_id next_{1};
};

} // namespace conclave::zab
