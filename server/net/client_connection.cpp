#include "server/net/client_connection.hpp"

#include "server/net/io_shard.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace conclave::net {

client_connection::client_connection(
    stream_socket socket, const tcp::endpoint& peer, io_shard& shard
)
    : socket_(std::move(socket))
    , shard_(shard)
    , input_(shard.limits().frame_size_max)
    , peer_(peer) {}

void client_connection::start() {
    connection_pointer self = shared_from_this();
    shard_.run_on_core([self] { self->shard_.core().on_connect(self); });
    wait_readable(std::move(self));
}

replica::peer_address client_connection::peer() const {
    return {peer_.address().to_string(), peer_.port()};
}

void client_connection::apply(delivery&& what) {
    using step = delivery::next_step;
    const connection_pointer& self = what.to;
    if (phase_ != phase::open) {
        if (what.next == step::close_at_once) {
            close(self);
        }
        return;
    }
    if (!what.frames.empty()) {
        push(std::move(what.frames));
        send(self);
    }
    tells_room_ = tells_room_ || what.tells_room;
    tell_room(self);
    switch (what.next) {
    case step::none:
        return;
    case step::read:
    case step::ask_again:
        turn_ = what.next;
        return take_turn(self);
    case step::close:
        return close_after_output(self);
    case step::close_at_once:
        return close(self);
    }
}

// ---- input ----

void client_connection::wait_readable(connection_pointer self) {
    is_reading_ = true;
    socket_.async_wait_readable([self = std::move(self)](error_code failed) mutable {
        client_connection& me = *self;
        me.is_reading_ = false;
        if (me.phase_ == phase::closed) {
            return;
        }
        if (failed) {
            return me.close(self);
        }
        me.on_readable(std::move(self));
    });
}

/// One read for each readiness: who has more to say is found readable again, behind all others.
void client_connection::on_readable(connection_pointer self) {
    const std::span<char> buffer = shard_.read_buffer();
    error_code failed;
    const std::size_t size = socket_.read_some(buffer, failed);
    if (failed == asio::error::would_block) {
        wait_readable(std::move(self));
    } else if (failed == asio::error::eof && phase_ == phase::flushing) {
        has_peer_ended_ = true;
    } else if (failed) {
        close(self);
    } else {
        on_input(std::move(self), {buffer.data(), size});
    }
}

void client_connection::on_input(connection_pointer self, bytes_view data) {
    if (phase_ != phase::open) {
        return wait_readable(std::move(self));
    }
    arrived_ = std::chrono::steady_clock::now();
    input_.borrow(data);
    advance(std::move(self));
}

/// Goes on with what was read; reads more if that is not a whole frame.
void client_connection::advance(connection_pointer self) {
    using kind = client_input::item::kind;
    const auto lookup = [this](bytes_view first_four) {
        return shard_.core().word_argument_size(first_four);
    };
    const client_input::item next = input_.next(lookup);
    switch (next.is) {
    case kind::need_more:
        input_.compact();
        return wait_readable(std::move(self));
    case kind::frames:
    case kind::word:
        return hand_over(std::move(self), next);
    case kind::bad_length:
        ++shard_.counters().bad_lengths;
        shard_.report(
            log_level::warning,
            "connection closed peer={}:{} reason=\"bad frame length\"",
            peer().ip,
            peer().port
        );
        return close_after_output(self);
    }
}

void client_connection::hand_over(connection_pointer self, const client_input::item& what) {
    client_service& core = shard_.core();
    const bool is_word = what.is == client_input::item::kind::word;
    if (shard_.is_core_thread()) {
        is_word ? core.on_word(self, what.content, what.argument)
                : core.on_frames(self, what.content);
    } else if (is_word) {
        shard_.run_on_core([self = std::move(self),
                            &core,
                            word = bytes{what.content},
                            argument = bytes{what.argument}] { core.on_word(self, word, argument); }
        );
    } else {
        shard_.run_on_core([self = std::move(self), &core, frames = bytes{what.content}] {
            core.on_frames(self, frames);
        });
    }
    input_.compact();
}

/// Uses a turn that the core has given, unless the client must read first what it has asked for.
void client_connection::take_turn(const connection_pointer& self) {
    if (phase_ != phase::open || is_paused_) {
        return;
    }
    switch (std::exchange(turn_, delivery::next_step::none)) {
    case delivery::next_step::read:
        return advance(self);
    case delivery::next_step::ask_again:
        return shard_.run_on_core([self] { self->shard_.core().on_ready(self); });
    default:
        return;
    }
}

void client_connection::tell_room(const connection_pointer& self) {
    if (phase_ == phase::open && !is_paused_ && std::exchange(tells_room_, false)) {
        shard_.run_on_core([self] { self->shard_.core().on_room(self); });
    }
}

// ---- output ----

/// A single reply may be of any size (zookeeper-protocol 1.2), so what is larger than all that may
/// be unsent is not held against a client that had read what came before.
void client_connection::push(bytes frames) {
    const connection_limits& limits = shard_.limits();
    if (output_.size() <= limits.output_pause_size) {
        oversize_ = frames.size() > limits.output_size_max ? frames.size() : 0;
    }
    output_.push(std::move(frames));
}

void client_connection::send(const connection_pointer& self) {
    bool made_progress = false;
    while (!output_.empty() && !is_writing_) {
        const bytes_view rest = output_.front();
        error_code failed;
        const std::size_t size = socket_.write_some(rest, failed);
        if (failed == asio::error::would_block) {
            wait_writable(self);
        } else if (failed) {
            return close(self);
        } else {
            output_.consume(size);
            made_progress = true;
        }
    }
    note_backlog(self, made_progress);
}

void client_connection::wait_writable(connection_pointer self) {
    is_writing_ = true;
    socket_.async_wait_writable([self = std::move(self)](error_code failed) {
        client_connection& me = *self;
        me.is_writing_ = false;
        if (me.phase_ == phase::closed) {
            return;
        }
        if (failed) {
            return me.close(self);
        }
        me.send(self);
    });
}

/// Draws the consequences of what is still unsent.
void client_connection::note_backlog(const connection_pointer& self, bool made_progress) {
    const connection_limits& limits = shard_.limits();
    if (phase_ == phase::flushing) {
        return output_.empty() ? shut_down(self) : void();
    }
    if (output_.size() > limits.output_size_max + oversize_) {
        return drop(self, "too much unsent output");
    }
    const bool was_paused = is_paused_;
    const std::size_t bound = was_paused ? limits.output_pause_size / 2 : limits.output_pause_size;
    is_paused_ = output_.size() > bound;
    if (is_paused_ && (made_progress || !was_paused)) {
        set_deadline(self, limits.stall_timeout);
    } else if (was_paused && !is_paused_) {
        clear_deadline();
        tell_room(self);
        take_turn(self);
    }
}

// ---- end ----

void client_connection::close_after_output(const connection_pointer& self) {
    if (phase_ != phase::open) {
        return;
    }
    phase_ = phase::flushing;
    set_deadline(self, shard_.limits().flush_timeout);
    if (output_.empty()) {
        shut_down(self);
    }
}

void client_connection::shut_down(const connection_pointer& self) {
    error_code failed;
    socket_.end_output(failed);
    if (failed == asio::error::would_block) {
        return wait_writable(self);
    }
    phase_ = phase::draining;
    if (failed || has_peer_ended_) {
        return close(self);
    }
    set_deadline(self, shard_.limits().drain_timeout);
    if (!is_reading_) {
        wait_readable(self);
    }
}

/// Closes a connection that does not read; what the kernel still holds for it is thrown away, too.
void client_connection::drop(const connection_pointer& self, const char* reason) {
    ++shard_.counters().dropped;
    shard_.report(
        log_level::warning,
        "connection dropped peer={}:{} reason=\"{}\" unsent_bytes={}",
        peer().ip,
        peer().port,
        reason,
        output_.size()
    );
    socket_.abort();
    close(self);
}

void client_connection::close(const connection_pointer& self) {
    if (phase_ == phase::closed) {
        return;
    }
    phase_ = phase::closed;
    clear_deadline();
    socket_.close();
    output_.clear();
    ++shard_.counters().closed;
    shard_.on_closed(peer_.address());
    shard_.run_on_core([self] { self->shard_.core().on_disconnect(self); });
}

void client_connection::set_deadline(
    const connection_pointer& self, std::chrono::milliseconds from_now
) {
    deadline_ = std::chrono::steady_clock::now() + from_now;
    if (!is_watched_) {
        is_watched_ = true;
        shard_.watch_deadline_of(self);
    }
}

bool client_connection::on_sweep(time_point now) {
    if (now >= deadline_) {
        const connection_pointer self = shared_from_this();
        phase_ == phase::open ? drop(self, "no progress of its output") : close(self);
    }
    is_watched_ = deadline_ != time_point::max();
    return is_watched_;
}

} // namespace conclave::net
