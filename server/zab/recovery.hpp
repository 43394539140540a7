/// From the records of a log to the state in which the replication core starts (zab 6.6).
#pragma once

#include "server/zab/entry.hpp"

#include <algorithm>
#include <deque>
#include <string>

#include "conclave/function_ref.hpp"
#include "conclave/result.hpp"

namespace conclave::zab {

/// A place in the history.
struct position {
    zxid at;
    chain_hash chain;

    static void fields(auto& archive, auto& record) { archive(record.at, record.chain); }

    friend bool operator==(const position&, const position&) = default;
};

/// What a server knows when it starts.
struct recovered_state {
    promise promised;
    position last;  ///< end of the durable history
    zxid committed; ///< known to be committed; everything up to it was handed to `on_committed`
    std::int64_t time_ms{}; ///< of the newest entry
    std::deque<entry> tail; ///< (committed, last]: durable here, not known to be committed
};

/// Takes the records of the log in order. Entries that are known to be committed are handed on as
/// soon as that is known, so memory holds the uncertain tail only.
class recovery {
public:
    using apply = function_ref<void(const entry&)>;

    /// `checkpoint` is the position that the applied state already holds; entries up to it are
    /// skipped, and an entry at it must carry its chain.
    explicit recovery(position checkpoint, std::int64_t checkpoint_time_ms);

    /// @return a sentence that says what contradicts what; the data directory must not be used
    /// then.
    [[nodiscard]] result<void, std::string> on_promise(bytes_view payload);
    [[nodiscard]] result<void, std::string> on_entry(bytes_view payload);
    void on_commit_hint(zxid at, apply on_committed);

    /// All records were given.
    [[nodiscard]] recovered_state finish() &&;

private:
    [[nodiscard]] result<void, std::string> check_successor(const entry& next) const;

    recovered_state state_;
    position checkpoint_;
    bool has_entry_ = false;
    position newest_; ///< newest entry seen, also below the checkpoint
};

} // namespace conclave::zab
