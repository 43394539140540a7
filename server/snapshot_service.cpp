#include "server/snapshot_service.hpp"

#include "server/replica/history_row.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

/// Of one message. Small, so that a heartbeat or a batch of entries never waits long behind it.
constexpr std::size_t piece_size = std::size_t{256} << 10;

/// Linux: niceness is a thread's own. Where that cannot be, the thread works at normal priority.
void lower_priority() {
    constexpr int niceness = 10;
    const auto self = static_cast<id_t>(::syscall(SYS_gettid));
    static_cast<void>(::setpriority(PRIO_PROCESS, self, niceness));
}

store::store_error is_not(const char* what) {
    return {store::store_errc::damaged, fmt::format("the snapshot {}", what)};
}

/// What a snapshot is of, by its own words.
std::optional<zab::base_state> base_of(const std::optional<bytes>& row) {
    std::optional<replica::history_row> read =
        row ? replica::decode_history_row(*row) : std::nullopt;
    return read ? std::optional{std::move(read->applied)} : std::nullopt;
}

} // namespace

snapshot_service::snapshot_service(
    store::checkpoint_store& newest, std::filesystem::path incoming, snapshot_reports reports
)
    : newest_(newest)
    , incoming_path_(std::move(incoming))
    , reports_(std::move(reports))
    , thread_([this] { run(); }) {}

snapshot_service::~snapshot_service() {
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
}

/// On the core thread: the stream is as of now, and beginning it does not wait for the disk.
void snapshot_service::open(const zab::snapshot_request& request) {
    auto begun = newest_.open_snapshot({});
    if (!begun) {
        return fail(request.peer, request.number, begun.error());
    }
    const auto row = (*begun)->meta_row(replica::history_key);
    if (!row) {
        return fail(request.peer, request.number, row.error());
    }
    std::optional<zab::base_state> of = base_of(*row);
    if (!of) {
        return fail(
            request.peer,
            request.number,
            {store::store_errc::damaged, "the row that says how far the checkpoint reaches"}
        );
    }
    submit(outgoing{request.peer, request.number, *std::move(begun), {}, 0});
    reports_.opened(request, *std::move(of));
}

/// This server's fault: one that is not merely busy must not go on with such a checkpoint.
void snapshot_service::fail(
    server_id peer, zab::attachment number, const store::store_error& problem
) const {
    log(log_level::error, "cannot read the checkpoint: {}", problem.text);
    if (problem.code == store::store_errc::damaged) {
        reports_.damaged("while it was sent to another server: " + problem.text);
    }
    reports_.failed(peer, number);
}

void snapshot_service::read(const zab::snapshot_read_request& request) {
    submit(request);
}

void snapshot_service::close(server_id peer) {
    submit(end_of_stream{peer});
}

void snapshot_service::store(zab::snapshot_piece piece) {
    submit(std::move(piece));
}

void snapshot_service::submit(job next) {
    {
        const std::lock_guard lock{mutex_};
        jobs_.push_back(std::move(next));
    }
    work_.notify_one();
}

void snapshot_service::run() {
    lower_priority();
    std::unique_lock lock{mutex_};
    for (;;) {
        work_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (is_stopping_) {
            return;
        }
        job next = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        std::visit([this](auto& what) { carry_out(what); }, next);
        lock.lock();
    }
}

// ---- sending ----

void snapshot_service::carry_out(outgoing& begun) {
    const server_id peer = begun.peer;
    outgoing_.insert_or_assign(peer, std::move(begun));
}

void snapshot_service::carry_out(const end_of_stream& ended) {
    outgoing_.erase(ended.peer);
}

/// Takes blocks from the stream until there is a piece and something more, or the end is reached.
result<void, store::store_error> snapshot_service::fill(outgoing& from) {
    while (from.stream != nullptr && from.buffer.size() <= piece_size) {
        auto more = from.stream->next(from.buffer);
        if (!more) {
            return unexpected{std::move(more.error())};
        }
        if (!*more) {
            from.stream.reset(); // the pages that it held are free again
        }
    }
    return {};
}

void snapshot_service::carry_out(const zab::snapshot_read_request& request) {
    const auto at = outgoing_.find(request.peer);
    const bool is_known = at != outgoing_.end() && at->second.number == request.number &&
                          at->second.offset == request.offset;
    if (!is_known) {
        return reports_.failed(request.peer, request.number);
    }
    outgoing& from = at->second;
    if (auto filled = fill(from); !filled) {
        outgoing_.erase(at);
        return fail(request.peer, request.number, filled.error());
    }
    const bool is_last = from.stream == nullptr && from.buffer.size() <= piece_size;
    bytes piece = from.buffer.substr(0, piece_size);
    from.buffer.erase(0, piece.size());
    from.offset += piece.size();
    reports_.read(request, std::move(piece), is_last);
}

// ---- receiving ----

result<void, store::store_error> snapshot_service::begin(const zab::snapshot_piece& first) {
    incoming_.reset(); // and with it what it has built
    incoming_.emplace(incoming_snapshot{first.number, nullptr});
    log(log_level::info, "snapshot arrives zxid=0x{:x}", first.of.at.at.value);
    store::snapshot_target target;
    target.directory = incoming_path_;
    target.existing = store::replacing::allowed;
    target.remembered_row = bytes{replica::history_key};
    auto begun = store::snapshot_loader::begin(target);
    if (!begun) {
        return unexpected{std::move(begun.error())};
    }
    incoming_->loader = *std::move(begun);
    return {};
}

result<void, store::store_error> snapshot_service::take(const zab::snapshot_piece& piece) {
    if (piece.offset == 0) {
        if (auto begun = begin(piece); !begun) {
            return begun;
        }
    }
    if (auto appended = incoming_->loader->append(piece.content); !appended || !piece.is_last) {
        return appended;
    }
    if (base_of(incoming_->loader->remembered()) != piece.of) {
        return unexpected{is_not("is not of the place in the history that was announced")};
    }
    if (auto whole = incoming_->loader->finish(); !whole) {
        return unexpected{std::move(whole.error())};
    }
    return {};
}

void snapshot_service::carry_out(const zab::snapshot_piece& piece) {
    const bool is_awaited =
        piece.offset == 0 || (incoming_ && incoming_->number == piece.number && incoming_->loader);
    if (!is_awaited) {
        return;
    }
    if (const auto taken = take(piece); !taken) {
        log(log_level::error,
            "the snapshot at zxid 0x{:x} is not installed: {}. It is fetched again",
            piece.of.at.at.value,
            taken.error().text);
        incoming_->loader.reset();
        return reports_.refused(piece.number);
    }
    reports_.stored(piece.number, piece.offset + piece.content.size());
}

} // namespace conclave
