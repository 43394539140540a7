/// A follower that the log cannot help any more gets a snapshot (zab 2.6.4). Its pieces go through
/// here, their content does not matter here.
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

namespace conclave::zab {

void core::snapshot_opened(server_id peer, attachment number, base_state of) {
    progress* to = is_leading(role_) ? find(peer, number) : nullptr;
    if (to == nullptr || to->mode != feeding::snapshot) {
        return;
    }
    to->snapshot_of = std::move(of);
    to->is_reading = false;
    feed_snapshot(*to);
}

void core::snapshot_read(
    server_id peer, attachment number, std::uint64_t offset, bytes content, bool is_last
) {
    progress* to = is_leading(role_) ? find(peer, number) : nullptr;
    if (to == nullptr || to->mode != feeding::snapshot || offset != to->snapshot_sent) {
        return;
    }
    to->is_reading = false;
    to->snapshot_sent += content.size();
    to->snapshot_is_sent = is_last;
    snapshot_message piece{epoch_, number, {}, offset, std::move(content), is_last};
    if (offset == 0) {
        piece.of = to->snapshot_of;
    }
    send(peer, std::move(piece));
    feed_snapshot(*to);
}

/// It may be possible again when the follower asks anew.
void core::snapshot_failed(server_id peer, attachment number) {
    if (find(peer, number) != nullptr) {
        followers_.erase(peer);
    }
}

void core::feed_snapshot(progress& peer) {
    const bool is_full =
        peer.snapshot_sent - peer.snapshot_stored >= settings_.limits.snapshot_window;
    if (peer.is_reading || peer.snapshot_is_sent || is_full) {
        return;
    }
    peer.is_reading = true;
    snapshot_reads_.push_back({peer.id, peer.number, peer.snapshot_sent});
}

void core::on(server_id from, const snapshot_answer& what) {
    progress* to = is_leading(role_) && what.in == epoch_ ? find(from, what.number) : nullptr;
    if (to == nullptr || to->mode != feeding::snapshot) {
        return;
    }
    to->snapshot_stored = std::max(to->snapshot_stored, what.offset);
    to->moved = now_;
    feed_snapshot(*to);
}

void core::on(server_id from, const snapshot_message& what) {
    if (!is_from_leader(from, what.in, what.number)) {
        return;
    }
    if (what.offset == 0 && incoming_number_ != what.number) {
        // 2.6.4: nothing that is known to be committed may get lost, nothing applied undone.
        const bool is_ahead = what.of.at.at > std::max(committed_, applied_) ||
                              CONCLAVE_MUTANT(snapshot_below_commit);
        if (!is_ahead || history_.place(what.of.at.at) == what.of.at) {
            return attach_anew();
        }
        incoming_ = what.of;
        incoming_number_ = what.number;
        incoming_size_ = 0;
        incoming_stored_ = 0;
        incoming_is_whole_ = false;
    }
    const bool is_next = incoming_ && !incoming_is_whole_ && what.offset == incoming_size_;
    // The sender keeps within its window; whoever does not is not listened to.
    const bool has_room = incoming_size_ - incoming_stored_ < 2 * settings_.limits.snapshot_window;
    if (!is_next || !has_room) {
        return;
    }
    incoming_size_ += what.content.size();
    incoming_is_whole_ = what.is_last;
    pieces_.push_back({what.number, *incoming_, what.offset, what.content, what.is_last});
}

/// F9: the snapshot is durable, then the record that makes it the base, then the old state may go.
void core::snapshot_stored(attachment number, std::uint64_t offset) {
    const bool is_awaited = is_following(role_) && incoming_ && number == incoming_number_ &&
                            number == attachment_ && offset <= incoming_size_;
    if (!is_awaited) {
        return; // of an attempt that was given up meanwhile
    }
    incoming_stored_ = std::max(incoming_stored_, offset);
    send(leader_, snapshot_answer{epoch_, attachment_, offset});
    if (!incoming_is_whole_ || offset != incoming_size_) {
        return;
    }
    // From here on the log on disk continues the snapshot, and the one in memory is of no use.
    base_written_ = *incoming_;
    write(to_log_record(*base_written_));
    durability_.append(base_written_->at.at);
    fail_barriers();
    role_ = role::stopped;
}

void core::snapshot_refused(attachment number) {
    if (number == incoming_number_) {
        ++counters_.snapshots_refused;
        incoming_.reset();
    }
}

} // namespace conclave::zab
