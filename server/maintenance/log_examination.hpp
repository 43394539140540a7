/// What a transaction log holds, and whether it is whole and fits a checkpoint.
#pragma once

#include "server/log/recovery.hpp"
#include "server/zab/entry.hpp"

#include <optional>
#include <string>

namespace conclave::maintenance {

struct log_facts {
    std::size_t segment_count = 0;
    std::int64_t size_bytes = 0;
    std::int64_t record_count = 0;
    std::int64_t entry_count = 0;
    zxid first;                     ///< oldest entry, 0 without one
    zxid last;                      ///< newest entry in the order of the log
    txnlog::recovery_report whole;  ///< of everything from the oldest segment on
    txnlog::recovery_report wanted; ///< of what stands behind the checkpoint: what a start reads
    std::optional<zab::base_state> newest_base; ///< of a snapshot that was installed
    epoch promised;
    std::int64_t uncertain_count = 0; ///< entries at the end, not known to be committed
    std::string contradiction;        ///< between records, or with the checkpoint; empty: none
};

/// Where the applied state stands, as the start of a server would read the log.
struct log_question {
    std::string directory;
    std::optional<txnlog::unique_id> storage; ///< whose log it has to be
    zab::base_state checkpoint;
    std::int64_t checkpoint_time_ms = 0;
};

[[nodiscard]] log_facts examine_log(txnlog::file_system& files, const log_question& about);

/// Of the newest base record in the log behind `from`; nothing if there is none.
[[nodiscard]] std::optional<zab::base_state>
newest_base(txnlog::file_system& files, const std::string& directory);

} // namespace conclave::maintenance
