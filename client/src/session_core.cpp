#include "client/src/session_core.hpp"

#include <algorithm>
#include <random>

namespace conclave::client {

namespace {

std::uint64_t random_seed() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U) | source();
}

time_point now() {
    return session_clock::now();
}

} // namespace

session_core::session_core(
    const asio::any_io_executor& executor, settings chosen, connect_string where
)
    : home_(executor)
    , settings_(std::move(chosen))
    , servers_(std::move(where.servers))
    , root_(std::move(where.chroot))
    , machine_(settings_, servers_.size(), random_seed())
    , timer_(executor)
    , connect_timer_(executor) {}

// -- what programs ask for ------------------------------------------------------------------------

void session_core::connect(detail::time_limit limit, plain_handler handler) {
    if (has_started_) {
        const error_code twice{make_error_code(error::already_connecting)};
        return deliver_later(home_, std::move(handler), twice);
    }
    has_started_ = true;
    if (machine_.state() == session_state::lost) {
        return deliver_later(home_, std::move(handler), to_asio(machine_.lost_reason()));
    }
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
        slot.assign([weak = weak_from_this()](asio::cancellation_type) {
            if (const auto self = weak.lock()) {
                self->give_up_connecting(asio::error::operation_aborted);
            }
        });
    }
    connecting_.swap(handler); // its move assignment recurses for ever in Boost 1.81
    const auto time_max = limit.value_or(settings_.connect_timeout);
    if (time_max.count() > 0) {
        connect_timer_.expires_after(time_max);
        connect_timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) {
                self->give_up_connecting({});
            }
        });
    }
    machine_.start(now());
    schedule_pump();
}

/// Without a reason, it was the time: then what was wrong with the last server says more.
void session_core::give_up_connecting(error_code why) {
    if (!connecting_) {
        return;
    }
    if (!why) {
        const auto last = machine_.last_failure();
        why = to_asio(last ? last : make_error_code(errc::operation_timeout));
    }
    connect_timer_.cancel();
    detail::clear_slot(connecting_);
    deliver_later(home_, std::exchange(connecting_, nullptr), why);
    machine_.abandon();
    schedule_pump();
}

void session_core::finish_connecting(error_code outcome) {
    if (connecting_) {
        connect_timer_.cancel();
        detail::clear_slot(connecting_);
        deliver(home_, std::exchange(connecting_, nullptr), outcome);
    }
}

void session_core::close(plain_handler handler) {
    machine_.close(add(std::make_unique<plain_operation>(std::move(handler))), now());
    schedule_pump();
}

void session_core::authenticate(credentials proof, plain_handler handler) {
    const operation_id id = add(std::make_unique<plain_operation>(std::move(handler)));
    machine_.authenticate(id, std::move(proof));
    schedule_pump();
}

void session_core::stop() {
    machine_.abandon();
    schedule_pump();
}

operation_id session_core::add(std::unique_ptr<pending_operation> added) {
    auto slot = added->cancellation_slot();
    const operation_id id = operations_.add(std::move(added));
    if (slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id](asio::cancellation_type) {
            if (const auto self = weak.lock()) {
                self->machine_.cancel(id);
                self->schedule_pump();
            }
        });
    }
    return id;
}

std::optional<time_point> session_core::deadline_after(detail::time_limit limit) const {
    const auto chosen = limit.value_or(settings_.operation_timeout);
    if (chosen.count() <= 0) {
        return std::nullopt;
    }
    return now() + chosen;
}

std::shared_ptr<watch_channel> session_core::make_watch(watch_id id) {
    auto made = std::make_shared<watch_channel>(home_, settings_.events_max);
    made->on_abandoned([weak = weak_from_this(), id] {
        if (const auto self = weak.lock()) {
            self->forget_watch(id);
        }
    });
    watches_.emplace(id, made);
    return made;
}

void session_core::forget_watch(watch_id id) {
    watches_.erase(id);
    machine_.forget_watch(id);
    schedule_pump();
}

std::shared_ptr<detail::event_channel<session_state>> session_core::watch_state() {
    auto made = std::make_shared<detail::event_channel<session_state>>(home_, settings_.events_max);
    if (machine_.state() == session_state::lost) {
        made->end(error_code{make_error_code(error::session_closed)});
    } else {
        std::erase_if(state_watches_, [](const auto& each) { return each.expired(); });
        state_watches_.push_back(made);
    }
    return made;
}

session_state session_core::state() {
    const session_state before = machine_.state();
    machine_.expire_if_due(now());
    if (machine_.state() != before) {
        schedule_pump(); // what was told here is told to all
    }
    return machine_.state();
}

std::optional<server_address> session_core::server() const {
    if (!connection_) {
        return std::nullopt;
    }
    return servers_[dialled_server_];
}

// -- carrying out what the machine says -----------------------------------------------------------

/// Keeps the session going when a completion handler throws: the exception leaves through the
/// program's event loop, and what is left is carried out next.
class session_core::pump_scope {
public:
    explicit pump_scope(session_core& core) : core_(core) { core_.is_pumping_ = true; }

    pump_scope(const pump_scope&) = delete;
    pump_scope& operator=(const pump_scope&) = delete;

    ~pump_scope() {
        core_.is_pumping_ = false;
        if (!is_complete_) {
            core_.schedule_pump();
        }
    }

    void complete() { is_complete_ = true; }

private:
    session_core& core_;
    bool is_complete_ = false;
};

void session_core::schedule_pump() {
    if (is_pumping_ || is_pump_scheduled_) {
        return;
    }
    is_pump_scheduled_ = true;
    asio::post(home_.io, [self = shared_from_this()] {
        self->is_pump_scheduled_ = false;
        self->pump();
    });
}

void session_core::pump() {
    if (is_pumping_) {
        return;
    }
    const auto kept = connection_; // what it has read is looked into until `release_input`
    {
        pump_scope scope{*this};
        while (true) {
            for (output& each : machine_.take_outputs()) {
                undelivered_.push_back(std::move(each));
            }
            if (undelivered_.empty()) {
                break;
            }
            output next = std::move(undelivered_.front());
            undelivered_.pop_front();
            std::visit([this](auto& each) { carry_out(each); }, next);
        }
        scope.complete();
    }
    machine_.release_input();
    read();
    write();
    arm_timer();
}

void session_core::carry_out(dial& asked) {
    dialled_server_ = asked.server;
    dialer_ = std::make_shared<dialer>(home_.io, settings_, servers_[asked.server]);
    dialer_->start([weak = weak_from_this(),
                    which = dialer_.get()](error_code failed, std::unique_ptr<stream> opened) {
        const auto self = weak.lock();
        if (self && self->dialer_.get() == which) {
            self->on_dialled(failed, std::move(opened));
        }
    });
}

void session_core::on_dialled(error_code failed, std::unique_ptr<stream> opened) {
    dialer_.reset();
    if (failed) {
        machine_.on_unreachable(failed, now());
    } else {
        connection_ = std::make_shared<connection>(std::move(opened));
        machine_.on_opened(now());
    }
    pump();
}

void session_core::carry_out(hang_up&) {
    if (dialer_) {
        std::exchange(dialer_, nullptr)->cancel();
    }
    if (connection_) {
        std::exchange(connection_, nullptr)->transport->close();
    }
}

void session_core::carry_out(probe& asked) {
    prober_ = std::make_shared<prober>(home_.io, settings_, servers_[asked.server]);
    prober_->start([weak = weak_from_this()](bool has_quorum) {
        if (const auto self = weak.lock()) {
            self->machine_.on_probed(has_quorum, now());
            self->pump();
        }
    });
}

void session_core::carry_out(completion& done) {
    if (const auto operation = operations_.take(done.id)) {
        if (!operation->complete(home_, reply_view{done.error, done.body})) {
            machine_.distrust(now());
        }
    }
}

void session_core::carry_out(watch_notice& notice) {
    const auto found = watches_.find(notice.id);
    if (found == watches_.end()) {
        return;
    }
    const auto channel = found->second;
    if (notice.is_last) {
        watches_.erase(found);
    }
    notice.event.path = root_.to_program(notice.event.path);
    channel->push(std::move(notice.event));
    if (notice.is_last) {
        channel->end(error_code{make_error_code(errc::no_watcher)});
    }
}

void session_core::carry_out(watch_ended& ended) {
    const auto found = watches_.find(ended.id);
    if (found != watches_.end()) {
        const auto channel = std::move(found->second);
        watches_.erase(found);
        channel->end(to_asio(ended.reason));
    }
}

void session_core::carry_out(state_change& changed) {
    const bool is_lost = changed.state == session_state::lost;
    const auto watching = state_watches_;
    for (const auto& each : watching) {
        if (const auto channel = each.lock()) {
            channel->push(changed.state);
            if (is_lost) {
                channel->end(error_code{make_error_code(error::session_closed)});
            }
        }
    }
    if (is_lost) {
        timer_.cancel();
        if (prober_) {
            std::exchange(prober_, nullptr)->cancel();
        }
        finish_connecting(to_asio(changed.reason));
    } else if (changed.state != session_state::suspended) {
        finish_connecting({});
    }
}

// -- sockets and timers ---------------------------------------------------------------------------

void session_core::read() {
    if (!connection_ || connection_->is_reading) {
        return;
    }
    connection_->is_reading = true;
    connection_->transport->async_read_some(
        asio::buffer(connection_->input),
        [self = shared_from_this(), from = connection_](error_code failed, std::size_t size) {
            from->is_reading = false;
            if (self->connection_ == from) {
                self->on_read(*from, failed, size);
            }
        }
    );
}

void session_core::on_read(connection& from, error_code failed, std::size_t size) {
    if (failed) {
        std::exchange(connection_, nullptr)->transport->close();
        const std::error_code why = failed == asio::error::eof
                                        ? make_error_code(error::server_hung_up)
                                        : std::error_code{failed};
        machine_.on_closed(why, now());
    } else {
        machine_.on_bytes({from.input.data(), size}, now());
    }
    pump();
}

void session_core::write() {
    if (!connection_ || connection_->is_writing) {
        return;
    }
    machine_.flush(now());
    if (machine_.outgoing().empty()) {
        return;
    }
    connection_->output.clear();
    connection_->output.swap(machine_.outgoing());
    connection_->is_writing = true;
    connection_->transport->async_write(
        asio::buffer(connection_->output),
        [self = shared_from_this(), to = connection_](error_code failed, std::size_t) {
            to->is_writing = false;
            if (self->connection_ == to) {
                self->on_written(failed);
            }
        }
    );
}

void session_core::on_written(error_code failed) {
    // Why a write failed is told better by the read, which has the server's last words besides.
    if (!failed) {
        write();
        arm_timer();
    }
}

void session_core::arm_timer() {
    const auto next = machine_.next_deadline();
    // A timer that fires too early costs less than moving it with every request.
    if (!next || (timer_set_to_ && *timer_set_to_ <= *next)) {
        return;
    }
    timer_set_to_ = next;
    timer_.expires_at(*next);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) {
            self->on_timer();
        }
    });
}

void session_core::on_timer() {
    timer_set_to_.reset();
    machine_.on_timer(now());
    pump();
}

} // namespace conclave::client
