#include "test/support/replica_driver.hpp"

#include "server/replica/history_row.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::test {

namespace {

/// Each incarnation needs a number of its own (zab 2.4).
std::uint64_t next_boot() {
    static std::uint64_t boot = 0;
    return ++boot;
}

} // namespace

std::optional<std::vector<zab::shared_entry>> replica_disk::entries_behind(zxid at) const {
    std::vector<zab::shared_entry> entries;
    for (const zab::log_record& record : log) {
        if (record.type == zab::record_type::entry) {
            entries.push_back(record.what);
        } else if (record.type == zab::record_type::truncate) {
            std::erase_if(entries, [&](const auto& each) { return each->at > record.at; });
        } else if (record.type == zab::record_type::base) {
            entries.clear();
        }
    }
    std::erase_if(entries, [&](const auto& each) { return each->at <= at; });
    const bool reaches_back = at >= log_base && !entries.empty() && entries.front()->previous == at;
    return reaches_back ? std::optional{std::move(entries)} : std::nullopt;
}

void replica_disk::settle_incoming() {
    std::optional<stored_snapshot> stored = std::exchange(incoming, std::nullopt);
    const auto base = std::find_if(log.rbegin(), log.rend(), [](const zab::log_record& record) {
        return record.type == zab::record_type::base;
    });
    if (stored && base != log.rend() && zab::decode_base(base->payload)->at == stored->of) {
        tables = std::move(stored->tables);
        ++installed_count;
    }
}

replica_driver::replica_driver(replica_disk& disk, replica::settings configured) : disk_(disk) {
    configured.boot = next_boot();
    if (configured.first_session == replica::settings{}.first_session) {
        configured.first_session = session_id{
            static_cast<std::int64_t>((std::uint64_t{1} << 56) + (configured.boot << 16))};
    }
    disk_.settle_incoming();
    disk_.tables.refresh();
    replica_ = std::make_unique<replica::replica>(std::move(configured), disk_.tables);
    for (const zab::log_record& record : disk_.log) {
        const auto recovered = replica_->recover(record);
        CONCLAVE_ASSERT(recovered.has_value());
    }
    replica_->start(now_);
    settle();
}

replica_driver::connection replica_driver::connect() {
    return replica_->on_connect({"127.0.0.1", 40'000}, now_);
}

replica_driver::connection replica_driver::open(std::int32_t timeout_ms) {
    const connection opened = connect();
    send(opened, connect_frame(timeout_ms));
    settle();
    return opened;
}

replica_driver::connection
replica_driver::resume(session_id session, bytes_view password, std::int32_t timeout_ms) {
    const connection opened = connect();
    send(opened, connect_frame(timeout_ms, session, password));
    settle();
    return opened;
}

void replica_driver::send(connection from, bytes_view frame) {
    replica_->on_frame(from, frame, now_);
}

received_frame replica_driver::call(connection from, bytes_view frame) {
    send(from, frame);
    settle();
    return log_of(from).take();
}

void replica_driver::disconnect(connection which) {
    replica_->on_disconnect(which);
}

/// @return whether it may have more to say: to other servers that it had to serve, or to clients.
bool replica_driver::take() {
    replica::outputs out;
    replica_->take_outputs(out, now_);
    bool has_more = false;
    for (replica::client_output& each : out.clients) {
        frame_log& log = logs_[each.to];
        log.append(each.frames);
        if (each.has_more && !hold_replies) {
            has_more = true;
            replica_->go_on(each.to, now_);
        }
        if (each.close) {
            log.closed = true;
            replica_->on_disconnect(each.to);
        }
    }
    std::move(out.peers.begin(), out.peers.end(), std::back_inserter(peer_frames_));
    if (!out.records.empty()) {
        operation_ = out.operation;
        std::move(out.records.begin(), out.records.end(), std::back_inserter(written_));
    }
    if (out.checkpoint != nullptr) {
        CONCLAVE_ASSERT(checkpoint_ == nullptr);
        checkpoint_ = std::move(out.checkpoint);
    }
    if (out.log_needed_from) {
        log_needed_from_ = out.log_needed_from;
        disk_.log_base = *out.log_needed_from;
    }
    const bool has_served = serve_history(out);
    return serve_snapshots(out) || has_served || has_more;
}

bool replica_driver::serve_history(const replica::outputs& wanted) {
    for (const zab::history_request& each : wanted.history) {
        auto entries = disk_.entries_behind(each.behind);
        if (entries) {
            replica_->on_history_read(each.peer, each.number, *std::move(entries), now_);
        } else {
            replica_->on_history_gone(each.peer, each.number, now_);
        }
    }
    return !wanted.history.empty();
}

/// In one piece.
bool replica_driver::serve_snapshots(const replica::outputs& wanted) {
    for (const zab::snapshot_request& each : wanted.snapshots) {
        memory_tables newest = disk_.tables;
        newest.refresh();
        const auto row = newest.get(tree::table::meta, replica::history_key);
        const auto history = row ? replica::decode_history_row(*row) : std::nullopt;
        CONCLAVE_ASSERT(history.has_value());
        snapshots_[each.peer] = newest.dump();
        replica_->on_snapshot_opened(each.peer, each.number, history->applied, now_);
    }
    for (const zab::snapshot_read_request& each : wanted.snapshot_reads) {
        const bytes& content = snapshots_.at(each.peer);
        replica_->on_snapshot_read(each.peer, each.number, each.offset, content, true, now_);
    }
    for (const zab::snapshot_piece& each : wanted.pieces) {
        store_piece(each);
    }
    return !wanted.snapshots.empty() || !wanted.snapshot_reads.empty() || !wanted.pieces.empty();
}

void replica_driver::store_piece(const zab::snapshot_piece& piece) {
    CONCLAVE_ASSERT(piece.offset == 0 && piece.is_last);
    disk_.incoming = stored_snapshot{piece.of.at, memory_tables::restored_from(piece.content)};
    replica_->on_snapshot_stored(piece.number, piece.content.size(), now_);
}

void replica_driver::deliver() {
    static_cast<void>(take());
}

void replica_driver::persist() {
    if (written_.empty()) {
        return;
    }
    std::move(written_.begin(), written_.end(), std::back_inserter(disk_.log));
    written_.clear();
    replica_->on_persisted(operation_, now_);
}

void replica_driver::settle() {
    while (!replica_->needs_restart()) {
        const bool has_served = take();
        if (!written_.empty() && !hold_log) {
            persist();
        } else if (checkpoint_ != nullptr && !hold_checkpoints) {
            complete_checkpoint(true);
        } else if (!has_served) {
            return;
        }
    }
}

void replica_driver::advance(std::chrono::milliseconds by) {
    while (by.count() > 0) {
        const auto step = std::min(by, std::chrono::milliseconds{500});
        now_.monotonic += step;
        now_.wall_ms += step.count();
        replica_->on_tick(now_);
        settle();
        by -= step;
    }
}

void replica_driver::sleep(std::chrono::milliseconds by) {
    now_.monotonic += by;
    now_.wall_ms += by.count();
}

void replica_driver::complete_checkpoint(bool succeeded) {
    CONCLAVE_ASSERT(checkpoint_ != nullptr);
    if (succeeded) {
        disk_.tables.commit(*checkpoint_);
    }
    checkpoint_ = nullptr;
    replica_->on_checkpoint(succeeded, now_);
}

} // namespace conclave::test
