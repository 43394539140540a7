#include "client/protocol/session_machine.hpp"

#include <algorithm>

namespace conclave::client {

namespace {

/// What is turned into octets ahead of the socket. More stays in the queue, where it can still be
/// taken back.
constexpr std::size_t outgoing_size_max = std::size_t{256} << 10U;

constexpr auto ping_interval_max = std::chrono::seconds{10};
constexpr auto dial_timeout_max = std::chrono::seconds{10};
constexpr auto dial_timeout_min = std::chrono::milliseconds{100};
/// How often a session on a read-only server looks for one with a quorum.
constexpr auto probe_interval = std::chrono::seconds{1};
/// So many connections in a row may break within a ping interval before dialling slows down.
constexpr std::size_t brief_count_max = 3;

} // namespace

session_machine::session_machine(
    const settings& chosen, std::size_t server_count, std::uint64_t seed
)
    : settings_(chosen)
    , server_count_(server_count)
    , rotation_(server_count, chosen.redial, seed)
    , pipeline_(watches_, chosen.queued_bytes_max)
    , reader_(chosen.reply_size_max)
    , key_(chosen.resume)
    , timeout_(chosen.session_timeout) {
    for (const credentials& proof : settings_.auth) {
        credentials_.push_back({proof, {}});
    }
}

// -- connecting ---------------------------------------------------------------------------------

void session_machine::start(time_point now) {
    if (phase_ == phase::idle) {
        dial_next(now);
    }
}

void session_machine::dial_next(time_point now) {
    if (preferred_server_) {
        return dial_now(*std::exchange(preferred_server_, std::nullopt), now);
    }
    const server_rotation::attempt next = rotation_.next();
    if (next.delay == duration::zero()) {
        return dial_now(next.server, now);
    }
    phase_ = phase::waiting;
    next_server_ = next.server;
    dial_at_ = now + next.delay;
}

void session_machine::dial_now(std::size_t server, time_point now) {
    phase_ = phase::dialing;
    give_up_at_ = now + dial_timeout();
    outputs_.emplace_back(dial{server});
}

duration session_machine::dial_timeout() const {
    const auto share = timeout_ / static_cast<duration::rep>(server_count_);
    return std::clamp<duration>(share, dial_timeout_min, dial_timeout_max);
}

void session_machine::on_opened(time_point now) {
    if (phase_ != phase::dialing) {
        return;
    }
    phase_ = phase::greeting;
    reader_ = frame_reader{settings_.reply_size_max};
    has_proved_itself_ = false;
    greet(now);
}

void session_machine::on_unreachable(std::error_code why, time_point now) {
    if (phase_ == phase::dialing) {
        after_disconnect(why, now);
    }
}

void session_machine::on_closed(std::error_code why, time_point now) {
    if (phase_ == phase::greeting || phase_ == phase::established) {
        after_disconnect(why, now);
    }
}

void session_machine::distrust(time_point now) {
    if (phase_ == phase::established) {
        drop_connection(make_error_code(error::bad_reply), now);
    }
}

void session_machine::drop_senseless(time_point now) {
    const auto why = make_error_code(error::bad_reply);
    if (const auto refused = pipeline_.refuse_oldest()) {
        outputs_.emplace_back(completion{*refused, why, {}, {}});
    }
    drop_connection(why, now);
}

/// A server that takes connections, answers and drops them does not work, whatever it answers.
void session_machine::judge_connection(time_point now) {
    if (!std::exchange(has_proved_itself_, false)) {
        return;
    }
    const bool has_lasted = now >= greeted_at_ + ping_interval();
    brief_count_ = has_lasted ? 0 : brief_count_ + 1;
    if (brief_count_ <= brief_count_max) {
        rotation_.on_success();
    }
}

void session_machine::drop_connection(std::error_code why, time_point now) {
    outputs_.emplace_back(hang_up{});
    after_disconnect(why, now);
}

void session_machine::after_disconnect(std::error_code why, time_point now) {
    const bool was_established = phase_ == phase::established;
    phase_ = phase::idle;
    last_failure_ = why;
    outgoing_.clear();
    auth_in_flight_.clear();
    set_watches_in_flight_ = 0;
    ping_sent_at_.reset();
    probe_at_.reset();
    if (was_established) {
        judge_connection(now);
        end_operations(pipeline_.on_disconnected());
        if (state_ == session_state::connected_read_only) {
            key_ = {}; // only that server knew it
        }
        if (is_closing_) {
            return become_lost(make_error_code(error::session_closed));
        }
        if (!settings_.restores_watches) {
            end_watches(make_error_code(errc::connection_loss));
        }
        enter_state(session_state::suspended, why);
    }
    if (can_have_expired(now)) {
        return become_lost(make_error_code(errc::session_expired));
    }
    dial_next(now);
}

// -- the end ------------------------------------------------------------------------------------

void session_machine::become_lost(std::error_code reason) {
    if (phase_ == phase::lost) {
        return;
    }
    if (phase_ == phase::dialing || phase_ == phase::greeting || phase_ == phase::established) {
        outputs_.emplace_back(hang_up{});
    }
    phase_ = phase::lost;
    lost_reason_ = reason;
    outgoing_.clear();
    end_operations(pipeline_.end_all(reason));
    for (kept_credentials& each : credentials_) {
        if (each.waiting.value != 0) {
            outputs_.emplace_back(completion{each.waiting, reason, {}, {}});
        }
    }
    credentials_.clear();
    end_watches(reason);
    enter_state(session_state::lost, reason);
}

void session_machine::abandon() {
    become_lost(make_error_code(error::session_closed));
}

void session_machine::close(operation_id id, time_point now) {
    if (phase_ == phase::lost) {
        outputs_.emplace_back(completion{id, {}, {}, {}});
    } else if (is_closing_) {
        outputs_.emplace_back(completion{id, make_error_code(error::session_closed), {}, {}});
    } else if (phase_ == phase::established) {
        request last;
        last.type = opcode::close_session;
        last.ends_session = true;
        submit(id, std::move(last));
        is_closing_ = true;
        close_by_ = now + timeout_ / 3;
    } else {
        // With a session that others still see, the caller learns that it will have to expire.
        const auto outcome =
            has_session() ? make_error_code(errc::connection_loss) : std::error_code{};
        become_lost(make_error_code(error::session_closed));
        outputs_.emplace_back(completion{id, outcome, {}, {}});
    }
}

void session_machine::end_operations(const std::vector<failed_operation>& ended) {
    for (const failed_operation& each : ended) {
        outputs_.emplace_back(completion{each.id, each.error, {}, {}});
    }
}

void session_machine::end_watches(std::error_code reason) {
    for (const watch_id id : watches_.take_all()) {
        outputs_.emplace_back(watch_ended{id, reason});
    }
}

void session_machine::enter_state(session_state next, std::error_code reason) {
    if (state_ != next) {
        state_ = next;
        outputs_.emplace_back(state_change{next, reason});
    }
}

// -- operations ---------------------------------------------------------------------------------

void session_machine::submit(operation_id id, request issued) {
    const auto refuse = [&](std::error_code why) {
        outputs_.emplace_back(completion{id, why, {}, {}});
    };
    constexpr std::size_t header_size = 8;
    if (phase_ == phase::lost) {
        refuse(lost_reason_);
    } else if (is_closing_) {
        refuse(make_error_code(error::session_closed));
    } else if (issued.body.size() + header_size > settings_.request_size_max) {
        refuse(make_error_code(error::request_too_large));
    } else {
        issued.may_change = issued.may_change && !issued.is_repeatable;
        issued.is_repeatable = issued.is_repeatable && settings_.retries_reads;
        if (!pipeline_.push(id, std::move(issued))) {
            refuse(make_error_code(error::queue_full));
        }
    }
}

void session_machine::cancel(operation_id id) {
    const auto cancelled = std::make_error_code(std::errc::operation_canceled);
    for (kept_credentials& each : credentials_) {
        if (each.waiting == id) {
            each.waiting = {};
            outputs_.emplace_back(completion{id, cancelled, {}, {}});
            return;
        }
    }
    if (pipeline_.give_up(id)) {
        outputs_.emplace_back(completion{id, cancelled, {}, {}});
    }
}

void session_machine::forget_watch(watch_id id) {
    auto removal = watches_.remove(id);
    if (!removal || phase_ != phase::established || is_closing_) {
        return;
    }
    request told;
    told.type = opcode::remove_watches;
    told.may_change = false;
    jute::writer{told.body}(watch_request{bytes_view{removal->path}, removal->type});
    submit({}, std::move(told));
}

void session_machine::flush(time_point now) {
    if (phase_ == phase::established && pipeline_.flush(outgoing_, outgoing_size_max, now)) {
        last_sent_at_ = now;
    }
}

std::vector<output> session_machine::take_outputs() {
    return std::exchange(outputs_, {});
}

void session_machine::release_input() {
    reader_.compact();
}

// -- time ---------------------------------------------------------------------------------------

void session_machine::on_timer(time_point now) {
    end_operations(pipeline_.expire(now));
    expire_if_due(now);
    switch (phase_) {
    case phase::idle:
    case phase::lost:
        return;
    case phase::waiting:
        if (now >= dial_at_) {
            dial_now(next_server_, now);
        }
        return;
    case phase::dialing:
    case phase::greeting:
        if (now >= give_up_at_) {
            drop_connection(make_error_code(error::server_silent), now);
        }
        return;
    case phase::established:
        return on_established_timer(now);
    }
}

void session_machine::expire_if_due(time_point now) {
    if (can_have_expired(now)) {
        become_lost(make_error_code(errc::session_expired));
    }
}

void session_machine::on_established_timer(time_point now) {
    if (now >= last_received_at_ + silence_max() || (close_by_ && now >= *close_by_)) {
        return drop_connection(make_error_code(error::server_silent), now);
    }
    if (!ping_sent_at_ && now >= last_sent_at_ + ping_interval()) {
        send_ping(now);
    }
    if (probe_at_ && now >= *probe_at_) {
        probe_at_ = now + probe_interval;
        if (!is_probing_) {
            is_probing_ = true;
            probed_server_ = (probed_server_ + 1) % server_count_;
            outputs_.emplace_back(probe{probed_server_});
        }
    }
}

void session_machine::on_probed(bool has_quorum, time_point now) {
    is_probing_ = false;
    if (has_quorum && state_ == session_state::connected_read_only && !is_closing_) {
        preferred_server_ = probed_server_;
        drop_connection(make_error_code(error::server_read_only), now);
    }
}

duration session_machine::ping_interval() const {
    return std::min<duration>(timeout_ / 3, ping_interval_max);
}

void session_machine::confirm(time_point sent_at) {
    confirmed_at_ = std::max(confirmed_at_.value_or(sent_at), sent_at);
}

std::optional<time_point> session_machine::valid_until() const {
    const bool is_known = phase_ != phase::lost && has_session() && confirmed_at_;
    if (!is_known || state_ == session_state::connected_read_only) {
        return std::nullopt;
    }
    return *confirmed_at_ + timeout_ - std::min<duration>(settings_.deadline_margin, timeout_ / 3);
}

bool session_machine::can_have_expired(time_point now) const {
    const auto limit = valid_until();
    return limit && now >= *limit;
}

std::optional<time_point> session_machine::phase_deadline() const {
    switch (phase_) {
    case phase::idle:
    case phase::lost:
        return std::nullopt;
    case phase::waiting:
        return dial_at_;
    case phase::dialing:
    case phase::greeting:
        return give_up_at_;
    case phase::established:
        break;
    }
    time_point first = last_received_at_ + silence_max();
    if (!ping_sent_at_) {
        first = std::min(first, last_sent_at_ + ping_interval());
    }
    if (probe_at_) {
        first = std::min(first, *probe_at_);
    }
    if (close_by_) {
        first = std::min(first, *close_by_);
    }
    return first;
}

std::optional<time_point> session_machine::next_deadline() const {
    std::optional<time_point> first = phase_deadline();
    for (const auto& each : {pipeline_.next_deadline(), valid_until()}) {
        if (each) {
            first = std::min(first.value_or(*each), *each);
        }
    }
    return first;
}

} // namespace conclave::client
