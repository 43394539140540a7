#include "server/testing/service.hpp"

#include <conclave/jute.hpp>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace conclave::testing {

namespace {

constexpr auto never = std::chrono::hours{24 * 365 * 100};

std::uint64_t random_number() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U) | source();
}

secret random_secret() {
    std::random_device source;
    secret key{};
    std::generate(key.begin(), key.end(), [&] { return static_cast<char>(source()); });
    return key;
}

replica::settings settings_of(const server_settings& chosen, const secret& password_key) {
    constexpr std::uint64_t of_server_1 = std::uint64_t{1} << 56U;
    constexpr std::uint64_t drawn_bits = 0x0000ffffffff0000;
    replica::settings made;
    made.boot = random_number();
    made.fresh_password_key = password_key;
    made.fresh_hash_seed = random_number();
    // Other sessions than those of a server that had this port before.
    made.first_session =
        session_id{static_cast<std::int64_t>(of_server_1 | (random_number() & drawn_bits))};
    made.tick = chosen.tick;
    made.session_timeout_ms_min = static_cast<std::int32_t>(chosen.session_timeout_min.count());
    made.session_timeout_ms_max = static_cast<std::int32_t>(chosen.session_timeout_max.count());
    made.preparation.extended_types = true;
    made.checkpoint.dirty_size_max = std::numeric_limits<std::size_t>::max();
    made.checkpoint.transaction_count_max = std::numeric_limits<std::uint64_t>::max();
    made.checkpoint.interval = never;
    made.limits.dirty_backlog_max = std::numeric_limits<std::size_t>::max();
    return made;
}

bytes resume_frame(session_id session, bytes_view password) {
    bytes frame;
    const bool is_read_only_allowed = false;
    jute::writer{
        frame}(std::int32_t{0}, zxid{}, std::int32_t{0}, session, password, is_read_only_allowed);
    return frame;
}

bytes close_session_frame() {
    bytes frame;
    jute::writer{frame}(std::int32_t{1}, static_cast<std::int32_t>(opcode::close_session));
    return frame;
}

/// Requests and answers begin with it.
bool has_xid(bytes_view frame, xid wanted) {
    xid id;
    jute::reader in{frame};
    in(id.value);
    return in.ok() && id == wanted;
}

bool is_ping(bytes_view frame) {
    return has_xid(frame, ping_xid);
}

std::size_t count_notifications(bytes_view frames) {
    frame_reader reader{frames.size()};
    reader.borrow(frames);
    std::size_t count = 0;
    bytes_view frame;
    while (reader.next(frame) == frame_reader::status::frame) {
        count += has_xid(frame, notification_xid) ? 1U : 0U;
    }
    return count;
}

} // namespace

service::service(asio::io_context& context, const server_settings& chosen)
    : acceptor_(context, tcp::endpoint{asio::ip::address_v4::loopback(), 0})
    , timer_(context)
    , accept_pause_(context)
    , password_key_(random_secret()) {
    replica_ = std::make_unique<replica::replica>(settings_of(chosen, password_key_), tables_);
    replica_->start(now());
    pump();
    accept();
}

replica::instant service::now() const {
    using namespace std::chrono;
    const auto monotonic = steady_clock::now().time_since_epoch() + ahead_;
    const auto wall = system_clock::now().time_since_epoch() + ahead_;
    return {
        duration_cast<replica::time_point>(monotonic), duration_cast<milliseconds>(wall).count()};
}

std::size_t service::session_count() const {
    return replica_->sessions().count();
}

// ---- what tests ask for ----

/// The session moves to a connection of our own, which closes it.
bool service::expire(session_id which) {
    if (replica_->sessions().find(which) == nullptr) {
        return false;
    }
    const bytes password = session_password(password_key_, which);
    const replica::connection_id own = replica_->on_connect({"127.0.0.1", 0}, now());
    for (const bytes& frame : {resume_frame(which, password), close_session_frame()}) {
        replica_->on_frame(own, frame, now());
        pump();
    }
    replica_->on_disconnect(own);
    pump();
    return true;
}

void service::advance(std::chrono::milliseconds by) {
    ahead_ += by;
    replica_->on_tick(now());
    pump();
}

void service::drop_connections() {
    for (const auto& [id, each] : connections_) {
        each->close_now();
        replica_->on_disconnect(id);
    }
    connections_.clear();
    for (const auto& each : std::exchange(parting_, {})) {
        each->close_now();
    }
    pump();
}

void service::partition() {
    is_partitioned_ = true;
    for (const auto& [id, each] : connections_) {
        each->hold();
    }
}

void service::heal() {
    is_partitioned_ = false;
    for (const auto& [id, each] : connections_) {
        each->release();
    }
    for (const auto& each : std::exchange(parting_, {})) {
        each->release();
    }
    feed_all();
}

// ---- connections ----

void service::accept() {
    acceptor_.async_accept([this](error_code failed, tcp::socket socket) {
        if (failed == asio::error::operation_aborted) {
            return;
        }
        if (!failed) {
            admit(std::move(socket));
            return accept();
        }
        // The process has no descriptor left: the client waits in the queue of the port meanwhile.
        constexpr std::chrono::milliseconds pause{10};
        accept_pause_.expires_after(pause);
        accept_pause_.async_wait([this](error_code cancelled) {
            if (!cancelled) {
                accept();
            }
        });
    });
}

void service::admit(tcp::socket socket) {
    error_code failed;
    const auto peer = socket.remote_endpoint(failed);
    if (failed) {
        return; // it has gone already
    }
    const auto id = replica_->on_connect({peer.address().to_string(), peer.port()}, now());
    connection::callbacks told;
    told.on_read = [this](connection& from) {
        feed(from);
        pump();
    };
    told.on_closed = [this](connection& gone) {
        remove(gone.id());
        pump();
    };
    const auto made = std::make_shared<connection>(std::move(socket), id, std::move(told));
    connections_.emplace(id, made);
    if (is_partitioned_) {
        made->hold();
    }
    made->read();
    pump();
}

/// Gives whole frames to the replica as long as it wants any, and reads on.
void service::feed(connection& from) {
    const auto keep = from.shared_from_this();
    from.is_stalled = false;
    while (!from.is_held() && !from.is_closing()) {
        if (!replica_->wants_input(from.id())) {
            from.is_stalled = true;
            return;
        }
        bytes_view frame;
        const auto status = from.input.next(frame);
        if (status == frame_reader::status::bad_length) {
            from.close_now();
            return remove(from.id());
        }
        if (status == frame_reader::status::need_more) {
            from.input.compact();
            return from.read();
        }
        take_frame(from, frame);
    }
}

void service::take_frame(connection& from, bytes_view frame) {
    const bool counts = from.has_greeted && !is_ping(frame);
    from.has_greeted = true;
    if (counts && counts_for_break(from)) {
        if (break_->after == 0) {
            return break_at(from, frame);
        }
        --break_->after;
    }
    request_count_ += counts ? 1U : 0U;
    replica_->on_frame(from.id(), frame, now());
}

bool service::counts_for_break(const connection& from) const {
    const replica::connection* known = replica_->find_connection(from.id());
    return break_ && known != nullptr &&
           (break_->of == session_id{} || break_->of == known->session);
}

/// What was answered before leaves, the answer to this request does not.
void service::break_at(connection& from, bytes_view frame) {
    const auto planned = *std::exchange(break_, std::nullopt);
    take_outputs();
    from.close_when_sent();
    if (planned.fate == server::last_request::is_unanswered) {
        ++request_count_;
        replica_->on_frame(from.id(), frame, now());
        take_outputs();
    }
    remove(from.id());
}

void service::feed_all() {
    const auto all = connections_; // some may go meanwhile
    for (const auto& [id, each] : all) {
        feed(*each);
    }
    pump();
}

/// Goes on with those of which the replica did not want more at the time, until it wants no more of
/// anybody.
void service::feed_stalled() {
    bool has_fed = true;
    while (has_fed) {
        has_fed = false;
        const auto all = connections_;
        for (const auto& [id, each] : all) {
            if (each->is_stalled && !each->is_held() && replica_->wants_input(id)) {
                feed(*each);
                take_outputs();
                has_fed = true;
            }
        }
    }
}

void service::remove(replica::connection_id which) {
    if (connections_.erase(which) > 0) {
        replica_->on_disconnect(which);
    }
}

// ---- the replica ----

void service::pump() {
    take_outputs();
    feed_stalled();
    arm_timer();
}

void service::take_outputs() {
    while (true) {
        replica::outputs out;
        bool has_more = false;
        replica_->take_outputs(out, now());
        for (const replica::client_output& each : out.clients) {
            const auto found = connections_.find(each.to);
            if (found == connections_.end()) {
                continue;
            }
            const auto to = found->second;
            notification_count_ += count_notifications(each.frames);
            to->send(each.frames);
            if (each.has_more) {
                has_more = true;
                replica_->go_on(each.to, now());
            }
            if (each.close) {
                to->close_when_sent();
                if (to->is_held()) {
                    parting_.push_back(to);
                }
                remove(each.to);
            }
        }
        if (out.checkpoint) {
            replica_->on_checkpoint(false, now());
        }
        if (!out.records.empty()) {
            replica_->on_persisted(out.operation, now());
        } else if (!has_more) {
            return;
        }
    }
}

void service::arm_timer() {
    const auto due = replica_->next_deadline() - ahead_;
    using clock = std::chrono::steady_clock;
    timer_.expires_at(clock::time_point{std::chrono::duration_cast<clock::duration>(due)});
    timer_.async_wait([this](error_code cancelled) {
        if (!cancelled) {
            replica_->on_tick(now());
            pump();
        }
    });
}

} // namespace conclave::testing
