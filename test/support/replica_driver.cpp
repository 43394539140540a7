#include "test/support/replica_driver.hpp"

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

replica_driver::replica_driver(replica_disk& disk, replica::settings configured) : disk_(disk) {
    configured.boot = next_boot();
    configured.first_session =
        session_id{static_cast<std::int64_t>((std::uint64_t{1} << 56) + (configured.boot << 16))};
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

void replica_driver::take() {
    replica::outputs out;
    replica_->take_outputs(out, now_);
    for (replica::client_output& each : out.clients) {
        frame_log& log = logs_[each.to];
        log.append(each.frames);
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
    }
}

void replica_driver::deliver() {
    take();
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
    while (true) {
        take();
        if (!written_.empty()) {
            persist();
        } else if (checkpoint_ != nullptr && !hold_checkpoints) {
            complete_checkpoint(true);
        } else {
            return;
        }
    }
}

void replica_driver::advance(std::chrono::milliseconds by) {
    now_.monotonic += by;
    now_.wall_ms += by.count();
    replica_->on_tick(now_);
    settle();
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
