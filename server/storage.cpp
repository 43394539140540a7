#include "server/storage.hpp"

#include "server/damaged_state.hpp"
#include "server/log/quarantine.hpp"
#include "server/snapshot_installation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t mebibyte = kibibyte * kibibyte;

/// A batch of records is cut here, so that it fits any segment and no write takes long.
constexpr std::size_t batch_size_max = std::size_t{1} << 20;

/// Octets of the checkpoint's memory map that may stay resident.
constexpr std::size_t resident_size_max = std::size_t{32} << 20;

[[noreturn]] void stop_process(std::string_view what) {
    log(log_level::error, "stopping at once: {}", what);
    std::_Exit(EXIT_FAILURE);
}

void count_in(disk_statistics& total, std::chrono::nanoseconds took) {
    total.least = total.count == 0 ? took : std::min(total.least, took);
    total.most = std::max(total.most, took);
    total.sum += took;
    total.times.add(std::chrono::duration_cast<replica::latency_histogram::duration>(took));
    ++total.count;
}

txnlog::unique_id random_id() {
    std::random_device source;
    txnlog::unique_id id{};
    std::generate(id.begin(), id.end(), [&] { return static_cast<std::uint8_t>(source()); });
    return id;
}

void make_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        throw std::runtime_error{fmt::format(
            "cannot make the data directory {}: {}. Make it, or let the server's user write to its "
            "parent",
            path,
            error.message()
        )};
    }
}

std::uint64_t rounded_up_to_page(std::uint64_t size) {
    constexpr std::uint64_t page = 4096;
    return (size + page - 1) / page * page;
}

/// Any segment must hold any single transaction several times over.
std::uint64_t segment_size_min(const configuration::settings& configured) {
    return std::max(4 * mebibyte, 4 * std::uint64_t{configured.jute_buffer_size_bytes_max});
}

std::uint64_t segment_size_for(const configuration::settings& configured) {
    const std::uint64_t asked = configured.log_preallocation_kib * kibibyte;
    return rounded_up_to_page(std::max(asked, segment_size_min(configured)));
}

/// What the newest transaction may take in the log: kept back, because its size is known only when
/// it has been accepted. Less than what a new segment has left when the next one is ordered.
std::uint64_t transaction_reserve(const configuration::settings& configured) {
    return segment_size_min(configured) / 2;
}

/// Small, so that a fresh server starts at once.
std::uint64_t first_segment_size_for(const configuration::settings& configured) {
    return rounded_up_to_page(segment_size_min(configured));
}

txnlog::data_directory_options directory_options(const configuration::settings& configured) {
    txnlog::data_directory_options options;
    options.data_directory = configured.data_directory;
    options.log_data_directory = configured.log_directory;
    options.pid = ::getpid();
    options.fresh = {random_id(), random_id()};
    return options;
}

/// Rot, or a part that is gone; not what an operator has mixed up, nor what a later version wrote.
bool is_damage(const txnlog::recovery_report& report) {
    return report.outcome == txnlog::verdict::corrupt ||
           report.outcome == txnlog::verdict::missing_segment ||
           (report.outcome == txnlog::verdict::unreadable && report.error == std::errc::io_error);
}

} // namespace

void set_state_aside(const configuration::settings& configured, const std::string& reason) {
    txnlog::posix_file_system files;
    txnlog::request_quarantine(files, directory_options(configured), reason);
}

storage::storage(const configuration::settings& configured)
    : configured_(configured), has_initialize_file_(configured.initialize_file_present) {
    if (configured.data_directory_autocreate) {
        make_directory(configured.data_directory);
        make_directory(configured.log_directory);
    }
    directory_ = std::make_unique<txnlog::data_directory>(
        txnlog::data_directory::open(files_, directory_options(configured))
    );
    if (directory_->is_new() && directory_->has_zookeeper_data()) {
        log(log_level::warning,
            "{} holds data of Apache ZooKeeper (version-2), which is left alone and not read: "
            "this server starts empty",
            configured.data_directory);
    }
    open_checkpoint();
}

storage::~storage() {
    stop();
}

std::filesystem::path storage::incoming_path() const {
    return std::filesystem::path{directory_->path()} / "incoming";
}

void storage::open_checkpoint() {
    store::checkpoint_settings settings;
    settings.directory = std::filesystem::path{directory_->path()} / "checkpoint";
    settle_incoming_snapshot(files_, {settings.directory, incoming_path(), directory_->log_path()});
    settings.resident_size_max = resident_size_max;
    auto opened = store::checkpoint_store::open(settings);
    if (!opened && opened.error().code == store::store_errc::damaged) {
        throw damaged_state{opened.error().text};
    }
    if (!opened) {
        throw std::runtime_error{opened.error().text};
    }
    store_ = *std::move(opened);
}

tree::table_reader& storage::tables() {
    return store_->reader();
}

void storage::recover_into(replica::replica& server, storage_reports reports) {
    const auto started = std::chrono::steady_clock::now();
    const zxid checkpoint = server.last_applied();
    txnlog::recovery_report report = read_log(server);
    if (report.damage && report.damage->is_ambiguous) {
        throw std::runtime_error{fmt::format(
            "{}. It is for the operator to decide, because of tornTail=strict: restore the file "
            "from a copy; or start with tornTail=standard, which cuts the batch off; or, if the "
            "other servers of an ensemble serve, move the data directory away, and this one gets "
            "its data from them",
            report.explanation
        )};
    }
    if (is_damage(report)) {
        throw damaged_state{report.explanation};
    }
    if (report.outcome != txnlog::verdict::clean && report.outcome != txnlog::verdict::torn_tail) {
        throw std::runtime_error{report.explanation};
    }
    check_completeness(report, server);
    if (report.outcome == txnlog::verdict::torn_tail) {
        log(log_level::warning, "the unsynced end of the log is cut off: {}", report.explanation);
        if (const std::error_code error =
                txnlog::repair_tail(files_, directory_->log_path(), report);
            error) {
            throw std::runtime_error{fmt::format(
                "cannot repair the end of the log in {}: {}",
                directory_->log_path(),
                error.message()
            )};
        }
    }
    if (server.has_history()) {
        directory_->end_quarantine(files_);
    }
    log(log_level::info,
        "recovered checkpoint=0x{:x} replayed_transactions={} log_segments={} took_ms={}",
        checkpoint.value,
        replayed_count_,
        report.segments.size() - report.first_read,
        (std::chrono::steady_clock::now() - started) / std::chrono::milliseconds{1});
    start_log(report, std::move(reports));
    checkpoints_ = std::make_unique<store::checkpoint_thread>(*store_);
}

txnlog::recovery_report storage::read_log(replica::replica& server) {
    txnlog::recovery_options options;
    options.above = server.last_applied();
    options.strict = configured_.tail_policy == configuration::torn_tail::strict;
    options.storage = directory_->identity().storage;
    const zxid checkpoint = server.last_applied();
    std::string contradiction;
    zab::log_record next;
    const auto hand_over = [&](const txnlog::record& record, const txnlog::record_position& at) {
        if (!contradiction.empty()) {
            return;
        }
        next.type = static_cast<zab::record_type>(record.type);
        next.at = record.id;
        next.payload.assign(record.payload);
        if (next.type == zab::record_type::promise) {
            keep_newer_promise(next.payload);
        }
        replayed_count_ += next.type == zab::record_type::entry && next.at > checkpoint ? 1 : 0;
        if (const auto accepted = server.recover(next); !accepted) {
            contradiction = fmt::format(
                "{} (log segment {:016x}, offset {})", accepted.error(), at.segment, at.offset
            );
        }
    };
    txnlog::recovery_report report =
        txnlog::recover(files_, directory_->log_path(), options, hand_over);
    for (const txnlog::segment_info& segment : report.segments) {
        if (contradiction.empty() && !segment.head_payload.empty()) {
            const zab::log_record promise{
                zab::record_type::promise, {}, segment.head_payload, nullptr};
            if (const auto accepted = server.recover(promise); !accepted) {
                contradiction = fmt::format("{} (head of {})", accepted.error(), segment.file);
            }
            keep_newer_promise(segment.head_payload);
        }
    }
    if (!contradiction.empty()) {
        throw damaged_state{fmt::format(
            "the data directory {} contradicts itself: {}. Restore it from a backup",
            configured_.data_directory,
            contradiction
        )};
    }
    return report;
}

/// The next segment repeats it, so it must be the highest of all that are anywhere in the log: the
/// segments that say it may go then.
void storage::keep_newer_promise(bytes_view payload) {
    const auto known = zab::decode_promise(newest_promise_);
    const auto other = zab::decode_promise(payload);
    if (other && (!known || other->to >= known->to)) {
        newest_promise_ = payload;
    }
}

/// A whole part of the data may be missing without anything being damaged: never start with a
/// silent prefix (B37).
void storage::check_completeness(
    const txnlog::recovery_report& report, const replica::replica& server
) const {
    const bool has_state = server.last_applied() > zxid{};
    if (report.segments.empty() && has_state) {
        throw damaged_state{fmt::format(
            "the transaction log in {} is missing, although the checkpoint knows of transactions. "
            "Put the "
            "log back, or restore the data directory from a backup",
            directory_->log_path()
        )};
    }
    if (report.segments.empty() && directory_->has_begun_log()) {
        throw damaged_state{fmt::format(
            "the transaction log in {} is missing, although {} had one. Put the log back, or "
            "restore the data directory from a backup",
            directory_->log_path(),
            directory_->path()
        )};
    }
    if (report.segments.empty() && store_->was_created() && !directory_->is_new()) {
        throw damaged_state{fmt::format(
            "{} has an identity, but its checkpoint and its log are missing. Put them back; or, if "
            "the very first start of this server was interrupted, remove the directory",
            directory_->path()
        )};
    }
    if (report.highest_zxid < server.last_applied() && !report.segments.empty()) {
        const std::string what = fmt::format(
            "the transaction log in {} ends at zxid 0x{:x}, before the checkpoint (0x{:x}): its "
            "newest "
            "part is missing, and with it perhaps acknowledged transactions",
            directory_->log_path(),
            report.highest_zxid.value,
            server.last_applied().value
        );
        if (configured_.force_sync) {
            throw damaged_state{
                what + ". Put it back, or restore the data directory from a backup"};
        }
        log(log_level::warning, "{} (forceSync=no allows that)", what);
    }
}

void storage::start_log(const txnlog::recovery_report& report, storage_reports reports) {
    reports_ = std::move(reports);
    txnlog::log_writer_options options;
    options.segment_size = segment_size_for(configured_);
    options.first_segment_size =
        std::min(options.segment_size, first_segment_size_for(configured_));
    // Without any room that is told, no write could come and make it be ordered.
    options.room_min = transaction_reserve(configured_) / 4 * 5;
    options.force_sync = configured_.force_sync;
    options.cluster = directory_->identity().cluster;
    options.storage = directory_->identity().storage;
    options.nonce = random_id();
    options.head_payload = newest_promise_;
    auto writer = txnlog::log_writer::open(files_, directory_->log_path(), options, report);
    if (!writer) {
        throw std::runtime_error{fmt::format(
            "cannot write to the log in {}: {}", directory_->log_path(), writer.error().message()
        )};
    }
    directory_->note_log_begun(files_);
    txnlog::log_thread_options thread_options;
    thread_options.on_nearly_full = [this](bool is_full) {
        reports_.nearly_full(is_full);
    };
    thread_options.on_room = [this](std::uint64_t room) {
        tell_room(room);
    };
    thread_options.on_failed = [this](std::error_code error) {
        stop_process(fmt::format(
            "writing to the log in {} failed ({}). Nothing unacknowledged is lost by stopping; "
            "check the "
            "disk, then start again",
            directory_->log_path(),
            error.message()
        ));
    };
    thread_options.on_commit = [this](const txnlog::commit_sample& sample) {
        note_sync(sample);
    };
    tell_room(writer->guaranteed_room()); // before the first write can be accepted
    log_ = std::make_unique<txnlog::log_thread>(
        files_, directory_->log_path(), *std::move(writer), std::move(thread_options)
    );
}

/// On the log thread, but for the first time.
void storage::tell_room(std::uint64_t room) const {
    const std::uint64_t reserve = transaction_reserve(configured_);
    reports_.log_room(room > reserve ? room - reserve : 0);
}

/// On the log thread.
void storage::note_sync(const txnlog::commit_sample& sample) {
    if (sample.sync_time > configured_.fsync_warning_threshold) {
        log(log_level::warning,
            "fsync of the log was slow fsync_ms={} records={}: every write waits for it",
            sample.sync_time / std::chrono::milliseconds{1},
            sample.record_count);
    }
    const std::lock_guard lock{statistics_mutex_};
    count_in(syncs_, sample.sync_time);
}

disk_statistics storage::sync_statistics() const {
    const std::lock_guard lock{statistics_mutex_};
    return syncs_;
}

disk_statistics storage::checkpoint_statistics() const {
    const std::lock_guard lock{statistics_mutex_};
    return checkpoint_times_;
}

void storage::append(zab::operation_id operation, std::vector<zab::log_record> records) {
    for (const zab::log_record& record : records) {
        if (backlog_.empty() || backlog_.back().records.body_size() >= batch_size_max) {
            // Until it holds the last record of this operation, it completes the one before.
            backlog_.push_back({{}, appended_operation_});
        }
        txnlog::record_batch& batch = backlog_.back().records;
        const bytes_view payload = zab::payload_of(record, scratch_);
        batch.add({static_cast<txnlog::record_type>(record.type), record.at, payload});
        if (record.type == zab::record_type::promise) {
            newest_promise_ = record.payload;
            batch.set_head_payload(record.payload);
        }
    }
    appended_operation_ = operation;
    if (!backlog_.empty()) {
        backlog_.back().operation = operation;
    }
    submit_backlog();
}

/// What the log thread does not accept now (its queue is full) goes when it has completed
/// something. It looks at `has_backlog_` then, so only a refusal after that was set is one that it
/// will see: the first one is tried once more.
void storage::submit_backlog() {
    while (!backlog_.empty()) {
        const std::error_code refused = submit_oldest();
        if (!refused) {
            backlog_.pop_front();
            continue;
        }
        const bool is_expected = refused == std::errc::resource_unavailable_try_again ||
                                 refused == std::errc::operation_canceled;
        if (!is_expected) {
            stop_process(
                fmt::format("the log does not take any more records: {}", refused.message())
            );
        }
        if (has_backlog_.exchange(true)) {
            return;
        }
    }
    has_backlog_ = false;
}

std::error_code storage::submit_oldest() {
    auto done = [this,
                 operation = backlog_.front().operation](std::error_code error, std::uint64_t) {
        if (!error) {
            reports_.persisted(operation);
        }
    };
    return log_->submit(std::move(backlog_.front().records), txnlog::log_thread::completion{done});
}

void storage::purge(zxid upto) {
    log_->purge(upto, configured_.log_retention_kib * kibibyte);
}

void storage::write(std::shared_ptr<const tree::change_set> changes) {
    const auto started = std::chrono::steady_clock::now();
    checkpoints_->submit(
        std::move(changes),
        [this, started](const result<void, store::store_error>& outcome) {
            note_checkpoint(outcome, std::chrono::steady_clock::now() - started);
        }
    );
}

/// On the checkpoint thread.
void storage::note_checkpoint(
    const result<void, store::store_error>& outcome, std::chrono::nanoseconds took
) {
    if (!outcome && outcome.error().code == store::store_errc::damaged) {
        return reports_.damaged("while it was written to: " + outcome.error().text);
    }
    if (!outcome && outcome.error().is_fatal()) {
        stop_process(outcome.error().text);
    }
    if (outcome) {
        const std::lock_guard lock{statistics_mutex_};
        count_in(checkpoint_times_, took);
    } else {
        log(log_level::error,
            "checkpoint abandoned, the log keeps growing: {}",
            outcome.error().text);
        wants_larger_map_ = outcome.error().code == store::store_errc::map_full;
    }
    reports_.checkpoint_done(outcome.has_value());
}

void storage::grow_map() {
    wants_larger_map_ = false;
    if (const result<void, store::store_error> grown = store_->grow_map(); !grown) {
        log(log_level::error, "the checkpoint cannot grow: {}", grown.error().text);
    }
}

void storage::discard(std::shared_ptr<const tree::change_set> changes) {
    checkpoints_->discard(std::move(changes));
}

void storage::trim_memory() {
    store_->trim_resident(resident_size_max);
}

void storage::end_initialization() {
    if (!std::exchange(has_initialize_file_, false)) {
        return;
    }
    const auto path = std::filesystem::path{configured_.log_directory} / "initialize";
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) {
        log(log_level::warning,
            "cannot remove {}: {}. Remove it: with it, this server could begin anew without data",
            path.string(),
            error.message());
    }
}

void storage::stop() {
    checkpoints_.reset();
    if (log_ != nullptr) {
        log_->stop();
    }
}

} // namespace conclave
