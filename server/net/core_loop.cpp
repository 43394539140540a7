#include "server/net/core_loop.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace conclave::net {

namespace {

/// The replica may name a deadline that has passed while it cannot act on it (a checkpoint is
/// running already); it is then asked again after this time, not at once.
constexpr std::chrono::milliseconds tick_interval_min{10};

replica::instant read_clocks() {
    using namespace std::chrono;
    return {
        steady_clock::now().time_since_epoch(),
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}

} // namespace

core_loop::core_loop(
    network_settings configured,
    replica::replica& server,
    replica::log_port& log,
    replica::checkpoint_port& checkpoints,
    word_port words
)
    : loops_(io_thread_count(configured.io_threads, std::thread::hardware_concurrency()))
    , replica_(server)
    , log_(log)
    , checkpoints_(checkpoints)
    , words_(std::move(words))
    , network_(std::move(configured), *this, loops_)
    , deadline_timer_(loops_.core())
    , stop_timer_(loops_.core()) {}

core_loop::~core_loop() {
    // Before the clients, whose sockets live there.
    loops_.stop_io_threads();
}

void core_loop::run() {
    asio::post(context(), [this] {
        open_batch();
        replica_.start(now_);
        if (links_ != nullptr) {
            links_->start();
        }
        network_.start_accepting();
        if (when_started_) {
            when_started_();
        }
    });
    loops_.start_io_threads();
    context().run();
    loops_.stop_io_threads();
}

// ---- batches ----

/// Called before each input. The first one of a batch arranges for its end: behind everything that
/// is ready now.
void core_loop::open_batch() {
    if (is_batch_open_) {
        return;
    }
    is_batch_open_ = true;
    now_ = read_clocks();
    reply_size_at_open_ = replica_.statistics().response_bytes;
    asio::post(context(), [this] { close_batch(); });
}

void core_loop::close_batch() {
    replica_.take_outputs(outputs_, now_);
    // First of all, so that the disk works while the replies are sent.
    hand_to_disk();
    hand_to_peers();
    if (!outputs_.audit.empty() && audit_) {
        audit_(std::exchange(outputs_.audit, {}));
    }
    deliver_outputs();
    give_turns();
    arm_timer();
    is_batch_open_ = false;
    network_.flush();
    if (replica_.needs_restart()) {
        begin_restart();
    }
    continue_stop();
}

void core_loop::hand_to_disk() {
    if (!outputs_.records.empty()) {
        log_.append(outputs_.operation, std::exchange(outputs_.records, {}));
    }
    if (outputs_.checkpoint != nullptr) {
        is_checkpoint_running_ = true;
        checkpoints_.write(std::exchange(outputs_.checkpoint, nullptr));
    }
    if (outputs_.written != nullptr) {
        checkpoints_.discard(std::exchange(outputs_.written, nullptr));
    }
    if (outputs_.log_needed_from) {
        log_.purge(*std::exchange(outputs_.log_needed_from, std::nullopt));
    }
}

void core_loop::hand_to_peers() {
    if (links_ == nullptr) {
        return;
    }
    links_->follow_members();
    links_->deliver(outputs_.peers);
    for (const zab::history_request& each : outputs_.history) {
        history_->read(each);
    }
    outputs_.history.clear();
    hand_to_snapshots();
    if (outputs_.members) {
        on_members_(*std::exchange(outputs_.members, std::nullopt));
    }
}

void core_loop::hand_to_snapshots() {
    for (const server_id each : outputs_.ended_snapshots) {
        snapshots_->close(each);
    }
    for (const zab::snapshot_request& each : outputs_.snapshots) {
        snapshots_->open(each);
    }
    for (const zab::snapshot_read_request& each : outputs_.snapshot_reads) {
        snapshots_->read(each);
    }
    for (zab::snapshot_piece& each : outputs_.pieces) {
        snapshots_->store(std::move(each));
    }
    outputs_.ended_snapshots.clear();
    outputs_.snapshots.clear();
    outputs_.snapshot_reads.clear();
    outputs_.pieces.clear();
}

void core_loop::join_ensemble(
    ensemble_links& links,
    replica::history_port& history,
    replica::snapshot_port& snapshots,
    std::function<void(const bytes&)> on_members
) {
    links_ = &links;
    history_ = &history;
    snapshots_ = &snapshots;
    on_members_ = std::move(on_members);
}

replica::instant core_loop::begin_input() {
    open_batch();
    return now_;
}

// ---- disk ----

void core_loop::on_history(
    const zab::history_request& request, std::optional<std::vector<zab::shared_entry>> read
) {
    asio::post(context(), [this, request, read = std::move(read)]() mutable {
        open_batch();
        if (read) {
            replica_.on_history_read(request.peer, request.number, *std::move(read), now_);
        } else {
            replica_.on_history_gone(request.peer, request.number, now_);
        }
    });
}

void core_loop::on_snapshot_opened(const zab::snapshot_request& request, zab::base_state of) {
    asio::post(context(), [this, request, of = std::move(of)]() mutable {
        open_batch();
        replica_.on_snapshot_opened(request.peer, request.number, std::move(of), now_);
    });
}

void core_loop::on_snapshot_read(
    const zab::snapshot_read_request& request, bytes content, bool is_last
) {
    asio::post(context(), [this, request, content = std::move(content), is_last]() mutable {
        open_batch();
        replica_.on_snapshot_read(
            request.peer, request.number, request.offset, std::move(content), is_last, now_
        );
    });
}

void core_loop::on_snapshot_failed(server_id peer, zab::attachment number) {
    asio::post(context(), [this, peer, number] {
        open_batch();
        replica_.on_snapshot_failed(peer, number, now_);
    });
}

void core_loop::on_snapshot_stored(zab::attachment number, std::uint64_t offset) {
    asio::post(context(), [this, number, offset] {
        open_batch();
        replica_.on_snapshot_stored(number, offset, now_);
    });
}

void core_loop::on_snapshot_refused(zab::attachment number) {
    asio::post(context(), [this, number] {
        open_batch();
        replica_.on_snapshot_refused(number, now_);
    });
}

void core_loop::on_persisted(zab::operation_id operation) {
    asio::post(context(), [this, operation] {
        open_batch();
        replica_.on_persisted(operation, now_);
    });
}

void core_loop::on_checkpoint(bool succeeded) {
    asio::post(context(), [this, succeeded] {
        open_batch();
        is_checkpoint_running_ = false;
        replica_.on_checkpoint(succeeded, now_);
    });
}

void core_loop::refuse_writes(bool refused) {
    asio::post(context(), [this, refused] {
        open_batch();
        replica_.refuse_writes(refused);
    });
}

void core_loop::limit_log_room(std::uint64_t size) {
    asio::post(context(), [this, size] {
        open_batch();
        replica_.limit_log_room(size);
    });
}

// ---- time ----

/// A timer that is set too early is left alone: deadlines move away with every sign of life of a
/// session, and setting a timer costs more than waking up once for nothing.
void core_loop::arm_timer() {
    const replica::time_point next =
        std::max(replica_.next_deadline(), now_.monotonic + tick_interval_min);
    if (armed_for_ && *armed_for_ <= next) {
        return;
    }
    armed_for_ = next;
    using clock = std::chrono::steady_clock;
    deadline_timer_.expires_at(clock::time_point{std::chrono::duration_cast<clock::duration>(next)}
    );
    deadline_timer_.async_wait([this](error_code cancelled) {
        if (!cancelled) {
            on_timer();
        }
    });
}

void core_loop::on_timer() {
    armed_for_.reset();
    open_batch();
    replica_.on_tick(now_);
}

// ---- stop ----

void core_loop::stop(stop_limits limits) {
    asio::post(context(), [this, limits] {
        if (stopping_ == stop_phase::running) {
            begin_stop(limits);
        }
    });
}

void core_loop::begin_stop(stop_limits limits) {
    stopping_ = stop_phase::closing_clients;
    stop_limits_ = limits;
    open_batch();
    replica_.resign(now_);
    close_clients(limits.clients, delivery::next_step::close);
}

void core_loop::close_clients(std::chrono::milliseconds limit, delivery::next_step how) {
    network_.stop_accepting();
    close_all_local();
    close_all(how);
    limit_stop(limit);
}

/// What the replica holds is not the state any more, so there is nothing to finish.
void core_loop::begin_restart() {
    if (stopping_ == stop_phase::running) {
        constexpr std::chrono::milliseconds patience{500};
        stopping_ = stop_phase::closing_for_restart;
        close_clients(patience, delivery::next_step::close_at_once);
    }
}

/// Called at the end of each batch: the next step, once its condition holds.
void core_loop::continue_stop() {
    if (stopping_ == stop_phase::closing_clients && clients_.empty()) {
        stopping_ = stop_phase::waiting_for_checkpoint;
        limit_stop(stop_limits_.checkpoint);
        open_batch();
        replica_.request_checkpoint(now_);
        // Whether there is one to write shows at the end of this batch.
        return;
    }
    const bool is_over =
        (stopping_ == stop_phase::closing_for_restart && clients_.empty()) ||
        (stopping_ == stop_phase::waiting_for_checkpoint && !is_checkpoint_running_);
    if (is_over) {
        stopping_ = stop_phase::stopped;
        context().stop();
    }
}

void core_loop::limit_stop(std::chrono::milliseconds from_now) {
    stop_timer_.expires_after(from_now);
    stop_timer_.async_wait([this](error_code cancelled) {
        if (!cancelled) {
            on_stop_limit();
        }
    });
}

void core_loop::on_stop_limit() {
    if (stopping_ == stop_phase::closing_clients) {
        log(log_level::warning, "clients cut off at stop connections={}", clients_.size());
        open_batch();
        close_all(delivery::next_step::close_at_once);
    } else if (stopping_ == stop_phase::closing_for_restart) {
        stopping_ = stop_phase::stopped;
        context().stop();
    } else if (stopping_ == stop_phase::waiting_for_checkpoint) {
        log(log_level::warning, "stopped before the last checkpoint was written");
        stopping_ = stop_phase::stopped;
        context().stop();
    }
}

} // namespace conclave::net
