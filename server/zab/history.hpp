/// The end of the log as the replication core sees it: the entries that may still matter, in
/// memory, and what is known of everything before them.
#pragma once

#include "server/zab/entry.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace conclave::zab {

/// Invariants: entries follow each other (I5, I6); the place before the first of them is known.
class history {
public:
    /// Epochs whose last place is remembered; a server that is further behind gets a snapshot.
    static constexpr std::size_t epochs_kept = 64;

    /// `tail`: the entries behind `base`, in order.
    history(base_state base, std::deque<shared_entry> tail);

    [[nodiscard]] const position& last() const { return last_; }

    /// The place before the first entry in memory.
    [[nodiscard]] const position& memory_base() const { return memory_base_; }

    /// Octets of the entries in memory.
    [[nodiscard]] std::size_t memory_size() const { return memory_size_; }

    [[nodiscard]] std::size_t memory_count() const { return entries_.size(); }

    /// Precondition: it follows `last()`.
    void append(shared_entry next);

    /// Drops everything behind `keep`, a place in memory.
    void truncate(const position& keep);

    /// Lets go of the oldest entries in memory, none behind `limit`, until `size` and `count` hold.
    void forget(zxid limit, std::size_t size, std::size_t count);

    /// The entry with this zxid, if it is in memory.
    [[nodiscard]] const shared_entry* find(zxid at) const;

    /// Nothing if `at` is no place at or behind `memory_base()`.
    [[nodiscard]] std::optional<position> place(zxid at) const;

    /// Index of the first entry in memory behind `at`; `memory_count()` if there is none.
    [[nodiscard]] std::size_t index_behind(zxid at) const;

    [[nodiscard]] const shared_entry& operator[](std::size_t index) const {
        return entries_[index];
    }

    [[nodiscard]] const std::vector<position>& epochs() const { return epochs_; }

    /// The newest place that this history shares with another one (zab 2.6.2): exact, because
    /// histories that share an epoch share everything before it. Nothing if what both remember does
    /// not tell.
    [[nodiscard]] std::optional<zxid> common_place(const std::vector<position>& other_epochs) const;

    /// Who decides at the end of the log.
    [[nodiscard]] const membership_state& members() const { return changes_.back().state; }

    struct membership_change {
        zxid at; ///< from this entry on
        membership_state state;
    };

    /// Oldest first; the first one reaches back to everything before.
    [[nodiscard]] const std::vector<membership_change>& membership_changes() const {
        return changes_;
    }

    /// Everything known at `at`, a place that is no older than the oldest membership change.
    [[nodiscard]] base_state state_at(const position& at) const;

    /// Folds the membership changes up to `at`: they are applied and cannot be truncated.
    void settle(zxid at);

private:
    void note_place(const position& at);
    void note_membership(const entry& next);

    position memory_base_;
    position last_;
    std::deque<shared_entry> entries_;
    std::size_t memory_size_ = 0;
    std::vector<position> epochs_;
    bool epochs_are_cut_ = false;
    std::vector<membership_change> changes_;
};

/// I5: the successor of (e,c) is (e,c+1) or (e',0) with e' > e.
[[nodiscard]] constexpr bool is_successor(zxid before, zxid next) {
    return next.counter() == 0 ? next.in_epoch() > before.in_epoch() : next == before.next();
}

/// The membership behind an entry; a body that does not decode changes nothing.
[[nodiscard]] membership_state members_after(const membership_state& before, const entry& next);

/// Continues the list of the last places of epochs.
/// @return true if the oldest had to go.
bool add_place(std::vector<position>& epochs, const position& at);

} // namespace conclave::zab
