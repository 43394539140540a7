/// From the records of a log to the state in which the replication core starts (zab 6.6).
#pragma once

#include "server/zab/entry.hpp"

#include <deque>
#include <string>

#include "conclave/function_ref.hpp"
#include "conclave/result.hpp"

namespace conclave::zab {

/// What a server knows when it starts.
struct recovered_state {
    promise promised;
    base_state base; ///< known to be committed; everything up to it was handed to `on_committed`
    std::int64_t time_ms{};        ///< of the newest entry
    std::deque<shared_entry> tail; ///< behind `base`: durable here, not known to be committed
};

/// Takes the records of the log in order. Entries that are known to be committed are handed on as
/// soon as that is known, so memory holds the uncertain tail only.
class recovery {
public:
    using apply = function_ref<void(const entry&)>;

    /// `checkpoint` is what the applied state already holds; entries up to it are skipped, and an
    /// entry at it must carry its chain.
    explicit recovery(base_state checkpoint, std::int64_t checkpoint_time_ms);

    /// One record. Promises may also be given out of order: the highest counts.
    /// @return a sentence that says what contradicts what; the data directory must not be used
    /// then.
    [[nodiscard]] result<void, std::string> on_record(const log_record& record, apply on_committed);

    /// There are entries that are not known to be committed.
    [[nodiscard]] bool has_tail() const { return !state_.tail.empty(); }

    /// All records were given.
    [[nodiscard]] recovered_state finish() &&;

private:
    [[nodiscard]] result<void, std::string> on_promise(bytes_view payload);
    [[nodiscard]] result<void, std::string> on_entry(const log_record& record);
    [[nodiscard]] result<void, std::string> on_truncate(bytes_view payload);
    [[nodiscard]] result<void, std::string> on_base(bytes_view payload);
    void on_commit_hint(zxid at, apply on_committed);
    [[nodiscard]] result<void, std::string> check_successor(const entry& next) const;

    recovered_state state_;
    position checkpoint_;
    bool has_entry_ = false;
    bool reached_checkpoint_ = false; ///< what is read now was written behind it
    position newest_;                 ///< newest entry seen, also below the checkpoint
};

} // namespace conclave::zab
