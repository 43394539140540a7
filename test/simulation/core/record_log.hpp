/// The log of one simulated server: what is durable, and what a crash may take away.
#pragma once

#include "server/zab/durability.hpp"
#include "server/zab/recovery.hpp"

#include <deque>
#include <functional>
#include <optional>
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

    /// The first entry above `at`; `entries.size()` if there is none.
    [[nodiscard]] std::size_t index_behind(zxid at) const;

    /// True if the history with this place at its end is a prefix of this one.
    [[nodiscard]] bool holds(const zab::position& at) const;

    /// True if an entry above `at` would change the membership.
    [[nodiscard]] bool proposes_members_behind(zxid at) const;
};

class record_log {
public:
    struct operation {
        zab::operation_id id;
        std::vector<zab::log_record> records;
    };

    /// Everything of the operation is durable from now on.
    void complete(const operation& done);

    /// A crash: of the operations that were under way a prefix survives.
    void survive(const std::deque<operation>& pending, std::size_t records_kept);

    /// Drops records that a checkpoint at `covered` makes needless, all but about the newest
    /// `kept`.
    void prune(zxid covered, std::size_t kept);

    /// Visits the records in order, as a start does; the promise that stands at the head of a
    /// segment comes first.
    void for_each(const std::function<void(const zab::log_record&)>& visit) const;

    /// Entries behind `behind`; nothing if the log does not reach back so far.
    [[nodiscard]] std::optional<std::vector<zab::shared_entry>>
    read(zxid behind, std::size_t count) const;

    [[nodiscard]] const log_image& image() const { return image_; }

private:
    void keep(const zab::log_record& record);

    std::vector<zab::log_record> records_;
    zxid pruned_;               ///< newest entry that is not in the records any more
    zab::promise head_promise_; ///< repeated at the start of every segment
    log_image image_;
};

} // namespace conclave::simulation
