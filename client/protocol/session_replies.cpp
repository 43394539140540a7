/// What a server says, and what the session says to it by itself.
#include "client/protocol/session_machine.hpp"
#include "client/protocol/watch_restoration.hpp"

#include <algorithm>

namespace conclave::client {

void session_machine::greet(time_point now) {
    connect_request hello;
    hello.last_zxid_seen = last_zxid_;
    hello.timeout_ms = static_cast<std::int32_t>(settings_.session_timeout.count());
    hello.session = key_.id;
    const bytes no_password(session_password_size, '\0');
    hello.password = has_session() ? bytes_view{key_.password} : bytes_view{no_password};
    // A server without a quorum can only open a session of its own, never continue one.
    const bool takes_read_only = settings_.is_read_only_allowed && !has_session();
    {
        const jute::frame_scope frame{outgoing_};
        jute::writer{outgoing_}(hello, takes_read_only);
    }
    greeted_at_ = now;
    last_received_at_ = now;
}

void session_machine::on_bytes(bytes_view data, time_point now) {
    if (phase_ != phase::greeting && phase_ != phase::established) {
        return;
    }
    last_received_at_ = now;
    reader_.borrow(data);
    while (phase_ == phase::greeting || phase_ == phase::established) {
        bytes_view payload;
        const frame_reader::status found = reader_.next(payload);
        if (found == frame_reader::status::need_more) {
            break;
        }
        if (found == frame_reader::status::bad_length) {
            return drop_senseless(now);
        }
        if (phase_ == phase::greeting) {
            on_greeting(payload, now);
        } else {
            on_frame(payload, now);
        }
    }
    expire_if_due(now);
}

void session_machine::on_greeting(bytes_view payload, time_point now) {
    jute::reader in{payload};
    std::int32_t version = 0;
    std::int32_t timeout_ms = 0;
    session_id id;
    std::optional<bytes_view> password;
    in(version, timeout_ms, id, password);
    if (!in.ok()) {
        return drop_connection(make_error_code(error::bad_reply), now);
    }
    bool is_read_only = false;
    if (!in.rest().empty()) {
        in(is_read_only);
    }
    if (is_read_only && (has_session() || !settings_.is_read_only_allowed)) {
        return drop_connection(make_error_code(error::server_read_only), now);
    }
    if (timeout_ms <= 0 || id.value == 0 || (has_session() && id != key_.id)) {
        return has_session() ? become_lost(make_error_code(errc::session_expired))
                             : drop_connection(make_error_code(error::bad_reply), now);
    }
    key_ = {id, bytes{password.value_or(bytes_view{})}};
    timeout_ = std::chrono::milliseconds{timeout_ms};
    confirmed_at_ = greeted_at_;
    on_established(is_read_only, now);
}

void session_machine::on_established(bool is_read_only, time_point now) {
    phase_ = phase::established;
    last_sent_at_ = greeted_at_;
    if (is_read_only) {
        probe_at_ = now;
    }
    enter_state(is_read_only ? session_state::connected_read_only : session_state::connected);
    for (std::size_t index = 0; index < credentials_.size(); ++index) {
        send_credentials(index);
    }
    set_watches_in_flight_ = append_watch_restoration(outgoing_, watches_, last_zxid_);
}

void session_machine::authenticate(operation_id id, credentials proof) {
    if (phase_ == phase::lost || is_closing_) {
        const auto why =
            phase_ == phase::lost ? lost_reason_ : make_error_code(error::session_closed);
        outputs_.emplace_back(completion{id, why, {}, {}});
        return;
    }
    credentials_.push_back({std::move(proof), id});
    if (phase_ == phase::established) {
        send_credentials(credentials_.size() - 1);
    }
}

void session_machine::send_credentials(std::size_t index) {
    const credentials& proof = credentials_[index].proof;
    const jute::frame_scope frame{outgoing_};
    jute::writer to{outgoing_};
    to(request_header{auth_xid, opcode::auth});
    to(auth_request{0, bytes_view{proof.scheme}, bytes_view{proof.data}});
    auth_in_flight_.push_back(index);
}

void session_machine::send_ping(time_point now) {
    const jute::frame_scope frame{outgoing_};
    jute::writer{outgoing_}(request_header{ping_xid, opcode::ping});
    ping_sent_at_ = now;
    last_sent_at_ = now;
}

void session_machine::on_frame(bytes_view payload, time_point now) {
    jute::reader in{payload};
    reply_header header;
    in(header);
    if (!in.ok()) {
        return drop_senseless(now);
    }
    if (header.id == notification_xid) {
        on_notification(header, in.rest(), now);
    } else if (header.id == ping_xid && ping_sent_at_) {
        confirm(*std::exchange(ping_sent_at_, std::nullopt));
    } else if (header.id == auth_xid && !auth_in_flight_.empty()) {
        on_auth_reply(header.error);
    } else if (header.id == set_watches_xid && set_watches_in_flight_ != 0) {
        on_watches_restored(header.error);
    } else {
        return on_reply(header, in.rest(), now);
    }
    prove();
}

void session_machine::prove() {
    has_proved_itself_ = has_proved_itself_ || phase_ == phase::established;
}

void session_machine::on_notification(const reply_header& header, bytes_view body, time_point now) {
    jute::reader in{body};
    std::int32_t type = 0;
    std::int32_t state = 0;
    bytes_view path;
    in(type, state, path);
    if (!in.ok()) {
        return drop_connection(make_error_code(error::bad_reply), now);
    }
    if (type < static_cast<std::int32_t>(event_type::created) ||
        type > static_cast<std::int32_t>(event_type::children_changed)) {
        return; // what later servers may tell is not for us
    }
    watch_event event;
    event.what = static_cast<watch_event::kind>(type - 1);
    event.path = path;
    event.at = std::max(header.at, zxid{0});
    for (const watch_id id : watches_.fire(static_cast<event_type>(type), path)) {
        outputs_.emplace_back(watch_notice{id, event, !watches_.contains(id)});
    }
}

void session_machine::on_auth_reply(errc outcome) {
    if (outcome != errc::ok) {
        return become_lost(make_error_code(errc::auth_failed));
    }
    kept_credentials& accepted = credentials_[auth_in_flight_.front()];
    auth_in_flight_.pop_front();
    if (accepted.waiting.value != 0) {
        outputs_.emplace_back(completion{std::exchange(accepted.waiting, {}), {}, {}, {}});
    }
}

void session_machine::on_watches_restored(errc outcome) {
    --set_watches_in_flight_;
    if (outcome != errc::ok) {
        return end_watches(make_error_code(outcome));
    }
    if (set_watches_in_flight_ != 0) {
        return;
    }
    for (const auto& [id, path] : watches_.persistent()) {
        watch_event event{watch_event::kind::restored, bytes{path}, {}};
        outputs_.emplace_back(watch_notice{id, std::move(event), false});
    }
}

void session_machine::on_reply(const reply_header& header, bytes_view body, time_point now) {
    auto answered = pipeline_.answer(header.id);
    if (!answered) {
        return drop_senseless(now);
    }
    prove();
    confirm(answered->sent_at);
    last_zxid_ = std::max(last_zxid_, header.at);
    settle_watch(*answered, header.error);
    if (!answered->is_abandoned && answered->id.value != 0) {
        const auto outcome =
            header.error == errc::ok ? std::error_code{} : make_error_code(header.error);
        outputs_.emplace_back(completion{answered->id, outcome, header.at, body});
    }
    if (answered->ends_session) {
        become_lost(make_error_code(error::session_closed));
    }
}

void session_machine::settle_watch(const answered_request& answered, errc outcome) {
    if (!answered.watch) {
        return;
    }
    // exists sets its watch on a node that is not there, too.
    const bool is_missing = answered.type == opcode::exists && outcome == errc::no_node;
    if (outcome != errc::ok && !is_missing) {
        return watches_.unclaim(*answered.watch);
    }
    watches_.add(*answered.watch, is_missing ? watch_kind::exist : answered.watch->kind);
    if (answered.is_abandoned) {
        forget_watch(answered.watch->id);
    }
}

} // namespace conclave::client
