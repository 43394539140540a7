#include "test/simulation/world.hpp"

#include "server/log/record_batch.hpp"
#include "server/log/recovery.hpp"
#include "server/log/segment_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conclave::simulation {

namespace {

constexpr std::string_view log_directory = "/log";
constexpr std::size_t client_count = 4;
constexpr std::uint64_t segment_size = 64 * 1024;

replica::settings make_settings(std::uint64_t boot, generator& random) {
    replica::settings made;
    made.boot = boot;
    made.first_session =
        session_id{static_cast<std::int64_t>((std::uint64_t{1} << 56) | (boot << 16))};
    made.fresh_password_key.fill(static_cast<char>(random()));
    made.fresh_hash_seed = random();
    made.tick = std::chrono::milliseconds{1000};
    made.checkpoint.dirty_size_max = 64 * 1024;
    made.checkpoint.interval = std::chrono::milliseconds{20'000};
    return made;
}

} // namespace

void coverage::add(const coverage& other) {
    events += other.events;
    replies += other.replies;
    power_losses += other.power_losses;
    kills += other.kills;
    crashes_inside_disk_operations += other.crashes_inside_disk_operations;
    torn_tails += other.torn_tails;
    failed_syncs += other.failed_syncs;
    checkpoints += other.checkpoints;
    failed_checkpoints += other.failed_checkpoints;
    crashes_during_checkpoint += other.crashes_during_checkpoint;
    segments_rolled += other.segments_rolled;
    segments_purged += other.segments_purged;
    sessions_resumed += other.sessions_resumed;
    sessions_expired += other.sessions_expired;
    writes_lost_unacknowledged += other.writes_lost_unacknowledged;
}

std::vector<std::pair<std::string, std::uint64_t>> coverage::rows() const {
    return {
        {"events", events},
        {"replies", replies},
        {"power losses", power_losses},
        {"kills", kills},
        {"crashes inside disk operations", crashes_inside_disk_operations},
        {"torn tails", torn_tails},
        {"failed syncs", failed_syncs},
        {"checkpoints", checkpoints},
        {"failed checkpoints", failed_checkpoints},
        {"crashes during a checkpoint", crashes_during_checkpoint},
        {"segments rolled", segments_rolled},
        {"segments purged", segments_purged},
        {"sessions resumed", sessions_resumed},
        {"sessions expired", sessions_expired},
        {"unacknowledged writes lost", writes_lost_unacknowledged},
    };
}

world::world(std::uint64_t seed, bool trace) : random_(seed), trace_(trace) {
    files_.make_directory(std::string{log_directory});
    files_.sync_directory("/");
    for (std::size_t number = 0; number < client_count; ++number) {
        clients_.push_back(std::make_unique<client>(number, random_()));
    }
    start();
}

void world::note(const std::string& event) {
    for (const char each : event) { // FNV-1a, the same everywhere
        fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(each)) * 1099511628211ULL;
    }
    if (trace_) {
        fmt::print("{:>12} ms  {}\n", now_.monotonic / std::chrono::milliseconds{1}, event);
    }
}

void world::run(std::size_t steps) {
    for (std::size_t done = 0; done < steps; ++done) {
        ++coverage_.events;
        step();
    }
    settle();
    compare_everything();
}

void world::step() {
    const std::uint64_t kind = below(random_, 1000);
    if (kind < 600) {
        client_step(*clients_[below(random_, clients_.size())]);
    } else if (kind < 850) {
        disk_step();
    } else if (kind < 900) {
        checkpoint_step();
    } else if (kind < 990) {
        time_step();
    } else if (kind < 997) {
        take_outputs();
    } else {
        crash();
    }
}

void world::connect(client& who) {
    const replica::connection_id id = server_->on_connect({"127.0.0.1", 1}, now_);
    who.connected(id);
    by_connection_[id] = &who;
    if (who.session() != session_id{}) {
        ++coverage_.sessions_resumed;
    }
}

void world::client_step(client& of) {
    if (!of.connection()) {
        connect(of);
        note(fmt::format("connect session=0x{:x}", of.session().value));
        server_->on_frame(*of.connection(), of.next_frame(), now_);
        return;
    }
    if (!of.is_established()) {
        return take_outputs();
    }
    if (below(random_, 200) == 0) {
        note("a client breaks its connection");
        server_->on_disconnect(*of.connection());
        by_connection_.erase(*of.connection());
        return of.disconnected();
    }
    for (std::uint64_t burst = 1 + below(random_, 6); burst != 0; --burst) {
        const bytes frame = of.next_frame();
        request_header header;
        jute::reader{frame}(header);
        note(fmt::format(
            "request {} of type {} arrives on connection {}",
            header.id.value,
            static_cast<int>(header.type),
            of.connection()->value
        ));
        server_->on_frame(*of.connection(), frame, now_);
    }
    if (below(random_, 2) == 0) {
        take_outputs();
    }
}

void world::take_outputs() {
    replica::outputs out;
    server_->take_outputs(out, now_);
    if (!out.records.empty()) {
        note_records(out.records);
        writes_.push_back({out.operation, std::move(out.records)});
    }
    if (out.checkpoint != nullptr) {
        checkpoint_ = std::move(out.checkpoint);
    }
    if (out.log_needed_from) {
        purge_to_ = out.log_needed_from;
    }
    for (replica::client_output& each : out.clients) {
        const auto at = by_connection_.find(each.to);
        if (at == by_connection_.end()) {
            continue;
        }
        at->second->receive(each.frames);
        if (each.has_more) {
            has_more_.push_back(each.to);
        }
        at->second->check_handshake();
        if (each.close) {
            closing_.push_back(each.to);
        }
    }
    judge_frames();
    for (const replica::connection_id id : std::exchange(closing_, {})) {
        note("the server closes a connection");
        by_connection_.at(id)->disconnected();
        by_connection_.erase(id);
        server_->on_disconnect(id);
    }
    for (const replica::connection_id id : std::exchange(has_more_, {})) {
        server_->go_on(id, now_);
    }
}

void world::note_records(const std::vector<zab::log_record>& records) {
    for (const zab::log_record& record : records) {
        if (record.type != zab::record_type::entry) {
            continue;
        }
        const zab::shared_entry entry = record.what;
        if (!entry || made_.contains(entry->at)) {
            violated("a zxid was given twice (I5)");
        }
        made_entry made{entry->time_ms, entry->body, std::nullopt};
        if (entry->kind == zab::entry_kind::application) {
            made.what = replica::decode_transaction(entry->body);
            if (!made.what) {
                violated("the server made a transaction that cannot be decoded");
            }
        }
        made_.emplace(entry->at, std::move(made));
    }
}

/// Frames of all clients in the order of the states that they tell of; per client in the order of
/// arrival.
void world::judge_frames() {
    while (true) {
        client* next = nullptr;
        for (const auto& each : clients_) {
            const test::received_frame* frame = each->oldest();
            if (frame != nullptr &&
                (next == nullptr || frame->header.at < next->oldest()->header.at)) {
                next = each.get();
            }
        }
        if (next == nullptr) {
            return;
        }
        const zxid at = next->oldest()->header.at;
        ++coverage_.replies;
        note(fmt::format(
            "connection {} is told of 0x{:x} by {}",
            next->connection()->value,
            at.value,
            next->oldest()->header.id.value
        ));
        seen_by_clients_ = std::max(seen_by_clients_, at);
        advance_model(at);
        const auto made = made_.find(at);
        const replica::transaction* what =
            made == made_.end() || !made->second.what ? nullptr : &*made->second.what;
        next->judge(model_, what);
    }
}

void world::advance_model(zxid to) {
    for (auto next = made_.upper_bound(model_.at()); next != made_.end() && next->first <= to;
         ++next) {
        if (next->second.what) {
            model_.apply(next->first, next->second.time_ms, *next->second.what);
        } else {
            model_.skip(next->first);
        }
    }
    if (model_.at() != to) {
        violated(
            fmt::format("a client was told of 0x{:x}, which is not in the history (I8)", to.value)
        );
    }
}

/// The disk works on everything that it was given: append, then sync, then report. It may die
/// anywhere in between.
void world::disk_step() {
    if (writes_.empty()) {
        return;
    }
    const std::uint64_t fate = below(random_, 400);
    if (fate == 0) {
        files_.crash_at(files_.operation_count() + below(random_, 4));
    } else if (fate == 1) {
        files_.fail_every(test::file_operation::sync_data, std::errc::io_error);
    }
    const std::size_t segments_before = log_->segment_count();
    bool is_alive = write_and_sync();
    if (is_alive && purge_to_) {
        const std::vector<std::string> names =
            log_->take_purgeable(*std::exchange(purge_to_, std::nullopt), segment_size);
        std::error_code error;
        coverage_.segments_purged +=
            txnlog::remove_segments(files_, std::string{log_directory}, names, error);
        is_alive = !error;
    }
    if (fate == 1) {
        ++coverage_.failed_syncs;
    }
    if (!is_alive || fate == 0) {
        ++coverage_.crashes_inside_disk_operations;
        note("the disk fails or the process dies inside a disk operation");
        return crash();
    }
    coverage_.segments_rolled += log_->segment_count() > segments_before ? 1 : 0;
    const zab::operation_id done = writes_.back().operation;
    writes_.clear();
    note("records are durable");
    server_->on_persisted(done, now_);
    if (below(random_, 4) != 0) {
        take_outputs();
    }
}

/// False if the disk failed: the process cannot go on.
bool world::write_and_sync() {
    txnlog::record_batch batch;
    bytes scratch;
    for (const pending_write& each : writes_) {
        batch.clear();
        for (const zab::log_record& record : each.records) {
            const bytes_view payload = zab::payload_of(record, scratch);
            batch.add({static_cast<txnlog::record_type>(record.type), record.at, payload});
            if (record.type == zab::record_type::promise) {
                batch.set_head_payload(record.payload);
            }
        }
        if (log_->wants_segment() && log_->prepare_next()) {
            return false;
        }
        if (!log_->append(batch)) {
            const bool needs_segment = !log_->failed() && log_->wants_segment();
            if (!needs_segment || log_->prepare_next() || !log_->append(batch)) {
                return false;
            }
        }
    }
    return !log_->sync();
}

void world::checkpoint_step() {
    if (checkpoint_ == nullptr) {
        return;
    }
    const std::uint64_t fate = below(random_, 20);
    if (fate == 0) {
        ++coverage_.failed_checkpoints;
        note("a checkpoint fails");
        checkpoint_ = nullptr;
        return server_->on_checkpoint(false, now_);
    }
    tables_.commit(*std::exchange(checkpoint_, nullptr));
    ++coverage_.checkpoints;
    if (fate == 1) {
        ++coverage_.crashes_during_checkpoint;
        note("the process dies after a checkpoint and before it knows");
        return crash();
    }
    note("a checkpoint is durable");
    server_->on_checkpoint(true, now_);
}

void world::time_step() {
    const std::uint64_t ms = below(random_, 20) == 0 ? below(random_, 15'000) : below(random_, 300);
    now_.monotonic += std::chrono::milliseconds{ms};
    now_.wall_ms += static_cast<std::int64_t>(ms) - 1;
    note(fmt::format("time passes ms={}", ms));
    const auto expired_before = server_->statistics().sessions_expired;
    server_->on_tick(now_);
    coverage_.sessions_expired +=
        static_cast<std::uint64_t>(server_->statistics().sessions_expired - expired_before);
}

void world::crash() {
    files_.clear_fault();
    if (below(random_, 2) == 0) {
        ++coverage_.power_losses;
        note("power is lost");
        using kind = test::survival::kind;
        const kind of = below(random_, 3) == 0 ? kind::nothing : kind::by_chance;
        files_.power_loss({of, random_()});
    } else {
        ++coverage_.kills;
        note("the process is killed");
        files_.restart();
    }
    for (const auto& each : clients_) {
        each->disconnected();
    }
    by_connection_.clear();
    closing_.clear();
    writes_.clear();
    checkpoint_ = nullptr;
    purge_to_.reset();
    log_.reset();
    server_.reset();
    start();
}

void world::start() {
    tables_.reopen();
    ++boots_;
    server_ = std::make_unique<replica::replica>(make_settings(boots_, random_), tables_);
    zab::log_record next;
    bytes promise;
    txnlog::recovery_options options;
    options.above = server_->last_applied();
    txnlog::recovery_report report = txnlog::recover(
        files_,
        std::string{log_directory},
        options,
        [&](const txnlog::record& record, const txnlog::record_position&) {
            next = {
                static_cast<zab::record_type>(record.type),
                record.id,
                bytes{record.payload},
                nullptr};
            if (next.type == zab::record_type::promise) {
                promise = next.payload;
            }
            if (const auto accepted = server_->recover(next); !accepted) {
                violated("recovery refuses its own log: " + accepted.error());
            }
        }
    );
    if (report.outcome == txnlog::verdict::torn_tail) {
        ++coverage_.torn_tails;
        if (txnlog::repair_tail(files_, std::string{log_directory}, report)) {
            violated("the tail cannot be repaired");
        }
    } else if (report.outcome != txnlog::verdict::clean) {
        violated("the log is not readable after a crash: " + report.explanation);
    }
    for (const txnlog::segment_info& segment : report.segments) {
        if (!segment.head_payload.empty()) {
            const auto accepted =
                server_->recover({zab::record_type::promise, {}, segment.head_payload, nullptr});
            if (!accepted) {
                violated("recovery refuses a segment head: " + accepted.error());
            }
            promise = promise.empty() ? segment.head_payload : promise;
        }
    }
    txnlog::log_writer_options writer;
    writer.segment_size = segment_size;
    writer.first_segment_size = segment_size;
    writer.nonce.fill(static_cast<std::uint8_t>(boots_));
    writer.nonce[1] = static_cast<std::uint8_t>(boots_ >> 8);
    writer.head_payload = promise;
    auto opened = txnlog::log_writer::open(files_, std::string{log_directory}, writer, report);
    if (!opened) {
        violated("the log cannot be written after a crash");
    }
    log_ = std::make_unique<txnlog::log_writer>(*std::move(opened));
    server_->start(now_);
    check_recovered();
    settle();
}

/// What was lost is what nobody was told of.
void world::check_recovered() {
    std::map<zxid, bytes> durable;
    static_cast<void>(txnlog::recover(
        files_,
        std::string{log_directory},
        {},
        [&](const txnlog::record& record, const txnlog::record_position&) {
            if (record.type == static_cast<std::uint8_t>(zab::record_type::entry)) {
                const std::optional<zab::entry> entry = zab::decode_entry(record.payload);
                if (!entry) {
                    violated("a durable entry cannot be decoded");
                }
                durable[entry->at] = entry->body;
            }
        }
    ));
    for (const auto& [at, body] : durable) {
        const auto made = made_.find(at);
        if (made == made_.end() || made->second.body != body) {
            violated(
                fmt::format("the log holds something that was never made at 0x{:x} (I8)", at.value)
            );
        }
    }
    const zxid in_log = durable.empty() ? zxid{} : durable.rbegin()->first;
    const zxid end = std::max(in_log, server_->last_applied());
    if (end < seen_by_clients_) {
        violated(fmt::format(
            "clients were told of 0x{:x} and the disk ends at 0x{:x} (I12)",
            seen_by_clients_.value,
            end.value
        ));
    }
    const auto lost = made_.upper_bound(end);
    coverage_.writes_lost_unacknowledged +=
        static_cast<std::uint64_t>(std::distance(lost, made_.end()));
    made_.erase(lost, made_.end());
}

/// Lets the disk finish everything, without faults.
void world::settle() {
    take_outputs();
    while (!writes_.empty()) {
        if (!write_and_sync()) {
            violated("a healthy disk refuses records");
        }
        const zab::operation_id done = writes_.back().operation;
        writes_.clear();
        server_->on_persisted(done, now_);
        take_outputs();
    }
}

void world::compare_everything() {
    advance_model(server_->last_applied());
    const tree::tree& real = server_->nodes();
    for (const auto& [path, expected] : model_.nodes()) {
        const std::optional<tree::node_view> node = real.find(path);
        if (!node || node->to_stat() != expected.about ||
            node->data.has_value() != expected.data.has_value() ||
            (node->data && *node->data != *expected.data)) {
            violated("the state differs from the model at " + path);
        }
    }
    if (real.node_count() != static_cast<std::int64_t>(model_.nodes().size()) + 1) {
        violated("the number of nodes differs from the model");
    }
    if (real.current_digest() != real.compute_digest()) {
        violated("the digest is not the sum over all nodes (I33)");
    }
    if (server_->sessions().count() != model_.sessions().size()) {
        violated("the number of sessions differs from the model");
    }
    for (const auto& [owner, paths] : real.ephemerals()) {
        if (!paths.empty() && !model_.sessions().contains(owner)) {
            violated("an ephemeral has no session (I29)");
        }
    }
}

} // namespace conclave::simulation
