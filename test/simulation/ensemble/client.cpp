#include "test/simulation/ensemble/client.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::milliseconds;

client::client(
    std::uint32_t number,
    const fault_plan& plan,
    random_source random,
    client_host& host,
    const chronicle& history,
    real_time_order& order,
    coverage& reached
)
    : number_(number)
    , plan_(plan)
    , random_(random)
    , host_(host)
    , history_(history)
    , order_(order)
    , reached_(reached)
    , accepts_read_only_(plan.is_read_only_allowed && random_.chance(0.6)) {
    server_ = static_cast<std::uint32_t>(random_.below(plan.server_count())) + 1;
}

void client::connect(nanoseconds now) {
    connection_ = host_.connect(number_, server_);
    log_ = {};
    is_handshake_done_ = false;
    is_closing_ = false;
    heard_at_ = now;
    asked_at_ = now;
    const auto timeout_ms = static_cast<std::int32_t>(plan_.session_timeout / milliseconds{1});
    host_.send(
        *connection_,
        test::connect_frame(timeout_ms, session_, password_, last_seen_, accepts_read_only_)
    );
}

/// Breaks the connection; the next one goes to another server.
void client::leave(nanoseconds now) {
    host_.close(*connection_);
    on_closed(now);
}

void client::on_closed(nanoseconds) {
    if (!connection_) {
        return;
    }
    reached_.outcomes_unknown += waiting_.size();
    has_left_requests_ = has_left_requests_ || !waiting_.empty();
    reached_.handshakes_closed += is_handshake_done_ ? 0 : 1;
    connection_.reset();
    waiting_.clear();
    caught_up_.clear();
    if (is_closing_) {
        forget_session(); // whether it is closed now or expires later, this client is done with it
    }
    if (random_.chance(0.8)) {
        server_ = static_cast<std::uint32_t>(random_.below(plan_.server_count())) + 1;
    }
}

void client::forget_session() {
    is_local_ = false;
    session_ = {};
    password_.clear();
    last_seen_ = {};
    last_write_ = {};
    has_left_requests_ = false;
    watches_.forget();
    ++session_count_;
}

void client::on_octets(bytes_view data, nanoseconds now) {
    if (!connection_) {
        return;
    }
    heard_at_ = now;
    log_.append(data);
    if (!is_handshake_done_ && log_.handshake) {
        on_handshake(now);
    }
    while (connection_ && !log_.frames.empty()) {
        judge(log_.take(), now);
    }
}

void client::on_handshake(nanoseconds now) {
    is_handshake_done_ = true;
    const test::connect_outcome& outcome = *log_.handshake;
    if (outcome.session == session_id{}) {
        return on_refusal();
    }
    const bool is_new = session_ == session_id{};
    if (!is_new && (outcome.session != session_ || outcome.read_only != is_local_)) {
        violated("G9: {} asked for its session and got another one", name());
    }
    is_local_ = outcome.read_only;
    on_session(outcome);
    if (is_local_) {
        return;
    }
    if (is_new && !is_behaving_ && random_.chance(plan_.hasty)) {
        return leave(now);
    }
    watches_.begin();
    if (!watches_.wanted().empty()) {
        ask_for_watches(now);
    }
}

void client::on_session(const test::connect_outcome& outcome) {
    if (is_local_) {
        ++reached_.read_only_sessions;
    } else if (session_ == session_id{}) {
        ++reached_.sessions_opened;
    } else {
        ++(server_ == last_server_ ? reached_.sessions_resumed_here
                                   : reached_.sessions_resumed_elsewhere);
    }
    if ((history_.session(outcome.session) == nullptr) != is_local_) {
        violated("G9: {} got a session that was never opened, or one of all servers", name());
    }
    last_server_ = server_;
    session_ = outcome.session;
    password_ = outcome.password;
}

/// Its session is over, says the server.
void client::on_refusal() {
    if (session_ == session_id{}) {
        return; // the server could not open one; it closes the connection
    }
    const session_life* const life = history_.session(session_);
    if (!is_local_ && (life == nullptr || life->closed == zxid{})) {
        violated(
            "G9: {} was told that its session 0x{:x} is over, which it is not",
            name(),
            session_.value
        );
    }
    reached_.session_refusals += is_local_ ? 0 : 1;
    forget_session();
}

void client::send(asked_request request, bytes frame, nanoseconds now) {
    request.floor = order_.newest_completed;
    request.asked_at = now;
    asked_at_ = now;
    if (request.record != 0) {
        record_[request.record - 1].invoked = now.count();
    }
    waiting_.push_back(std::move(request));
    host_.send(*connection_, std::move(frame));
}

bool client::is_settled() const {
    return connection_ && is_handshake_done_ && session_ != session_id{} && !is_local_ &&
           waiting_.empty() && !is_closing_;
}

nanoseconds client::act(nanoseconds now) {
    const nanoseconds think = random_.between(plan_.think / 2, plan_.think * 3 / 2);
    if (now < silent_until_ && !is_behaving_) {
        return std::min(silent_until_ - now, plan_.session_timeout / 4) + nanoseconds{1};
    }
    if (!connection_) {
        connect(now);
        return think + milliseconds{1};
    }
    const nanoseconds patience = plan_.session_timeout * 2 / 3;
    if (now - heard_at_ > patience) {
        leave(now);
        return random_.between(milliseconds{1}, milliseconds{100});
    }
    if (is_closing_ && waiting_.empty()) {
        leave(now); // refused, by a full disk for instance: a client hangs up all the same
        return think + milliseconds{1};
    }
    if (!is_handshake_done_ || session_ == session_id{} || is_closing_) {
        return think + milliseconds{1};
    }
    if (!is_behaving_) {
        if (random_.chance(plan_.move)) {
            leave(now);
            return random_.between(nanoseconds{1}, milliseconds{50});
        }
        if (random_.chance(plan_.silence)) {
            silent_until_ = now + random_.between(milliseconds{100}, plan_.session_timeout * 4);
            return think;
        }
        if (!is_local_ && random_.chance(plan_.close)) {
            ask_to_close(now);
            return think;
        }
    }
    if (is_local_) {
        ask_in_read_only_mode(now);
    } else if (is_asking_ && waiting_.size() < 1000) {
        for (std::uint64_t count = 1 + random_.below(plan_.burst_max); count > 0; --count) {
            ask_something(now);
        }
    } else if (now - asked_at_ > plan_.session_timeout / 3) {
        ask_ping(now);
    }
    return is_asking_ ? std::min(think, plan_.session_timeout / 4) : plan_.session_timeout / 8;
}

std::string client::describe() const {
    return fmt::format(
        "client {} session=0x{:x} server={} {} waiting={}",
        number_,
        session_.value,
        server_,
        !connection_         ? "offline"
        : is_handshake_done_ ? "connected"
                             : "in handshake",
        waiting_.size()
    );
}

} // namespace conclave::ensemble
