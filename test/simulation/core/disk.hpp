/// The log of one simulated server: what is durable, and what a crash may take away.
#pragma once

#include "server/zab/durability.hpp"
#include "server/zab/recovery.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace conclave::simulation {

/// The history that a log holds: its records, truncations carried out.
struct log_image {
    zab::position base; ///< checkpoint or installed snapshot below everything
    std::vector<zab::shared_entry> entries;
    epoch promised;

    void take(const zab::log_record& record);

    [[nodiscard]] zab::position end() const {
        return entries.empty() ? base : entries.back()->where();
    }

    /// True if the history with this place at its end is a prefix of this one.
    [[nodiscard]] bool holds(const zab::position& at) const;
};

struct checkpoint {
    zab::base_state state;
    std::int64_t time_ms = 0;
};

class disk {
public:
    struct operation {
        zab::operation_id id;
        std::vector<zab::log_record> records;
    };

    /// Everything of the operation is durable from now on.
    void complete(const operation& done);

    /// A power loss: of the operations that were under way a prefix survives. @return nothing if
    /// the records contradict each other.
    void survive(const std::deque<operation>& pending, std::size_t records_kept);

    void write_checkpoint(checkpoint next);

    /// Drops log records that the checkpoint covers, all but about the newest `kept`.
    void prune(std::size_t kept);

    /// A snapshot is whole and durable; it counts once the log says so.
    void stage(checkpoint incoming) { staged_ = std::move(incoming); }

    [[nodiscard]] result<zab::recovered_state, std::string>
    recover(zab::recovery::apply on_committed);

    /// Entries behind `behind`; nothing if the log does not reach back so far.
    [[nodiscard]] std::optional<std::vector<zab::shared_entry>>
    read(zxid behind, std::size_t count) const;

    [[nodiscard]] const log_image& image() const { return image_; }

    [[nodiscard]] const checkpoint& newest_checkpoint() const { return checkpoint_; }

    zab::storage_id storage;

private:
    void keep(const zab::log_record& record);

    std::vector<zab::log_record> records_;
    zxid pruned_;               ///< newest entry that is not in the records any more
    zab::promise head_promise_; ///< repeated at the start of every segment
    log_image image_;
    checkpoint checkpoint_;
    std::optional<checkpoint> staged_;
};

} // namespace conclave::simulation
