#include "server/net/peer_connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace conclave::net {

namespace {

constexpr std::size_t handshake_input_size = 4096;
constexpr std::size_t link_input_size = std::size_t{64} << 10U;

link_loss loss_of(const error_code& failed) {
    if (failed == asio::error::eof) {
        return link_loss::closed;
    }
    if (failed == asio::error::timed_out || failed == asio::error::host_unreachable ||
        failed == asio::error::network_unreachable) {
        return link_loss::timed_out;
    }
    return link_loss::reset;
}

} // namespace

peer_connection::peer_connection(
    asio::io_context& context,
    std::unique_ptr<peer_stream> stream,
    const tcp::endpoint& remote,
    peer_side side,
    server_id own,
    server_id dialed,
    const peer_limits& limits,
    peer_registry& registry,
    peer_connection_owner& owner
)
    : context_(context)
    , stream_(std::move(stream))
    , remote_(remote)
    , side_(side)
    , dialed_(dialed)
    , limits_(limits)
    , registry_(registry)
    , owner_(&owner)
    , deadline_(context)
    , handshake_(side, own, dialed)
    , input_(handshake_input_size)
    , reader_(handshake_size_max) {}

void peer_connection::start() {
    wait_for_handshake();
    stream_->start(side_, [self = shared_from_this()](error_code failed) {
        self->on_started(failed);
    });
}

void peer_connection::on_started(error_code failed) {
    if (phase_ == phase::closed) {
        return;
    }
    if (failed) {
        return fail(failed);
    }
    phase_ = phase::shaking;
    push(handshake_.start(registry_));
    read();
}

void peer_connection::wait_for_handshake() {
    deadline_.expires_after(limits_.handshake_timeout);
    deadline_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) {
            self->on_deadline();
        }
    });
}

void peer_connection::on_deadline() {
    // One that was opened in the same moment has cancelled the timer too late.
    if (phase_ != phase::open) {
        fail(
            {peer_failure::kind::slow_handshake,
             link_loss::timed_out,
             fmt::format("no handshake within {} ms", limits_.handshake_timeout.count())}
        );
    }
}

server_id peer_connection::peer() const {
    return handshake_.peer() ? handshake_.peer()->server : dialed_;
}

// ---- input ----

void peer_connection::read() {
    stream_->read_some(
        asio::buffer(input_),
        [self = shared_from_this()](error_code failed, std::size_t size) {
            self->on_read(failed, size);
        }
    );
}

void peer_connection::on_read(error_code failed, std::size_t size) {
    if (phase_ == phase::closed) {
        return;
    }
    if (failed) {
        return fail(failed);
    }
    traffic_.octets_in += size;
    if (phase_ != phase::refusing) {
        reader_.append({input_.data(), size});
        take_frames();
        reader_.compact();
    }
    if (phase_ != phase::closed) {
        read();
    }
}

void peer_connection::take_frames() {
    using kind = peer_failure::kind;
    while (phase_ == phase::shaking || phase_ == phase::open) {
        const bool is_open = phase_ == phase::open;
        bytes_view payload;
        switch (reader_.next(payload)) {
        case peer_frame_reader::status::need_more:
            return;
        case peer_frame_reader::status::frame:
            take(payload);
            break;
        case peer_frame_reader::status::bad_length:
            return fail(
                {is_open ? kind::bad_length : kind::bad_handshake,
                 link_loss::dropped,
                 is_open ? "it sent a frame of a size that is not allowed"
                         : "what it sent is not the protocol between servers"}
            );
        case peer_frame_reader::status::bad_checksum:
            return fail({kind::bad_checksum, link_loss::dropped, "it sent a damaged frame"});
        }
    }
}

void peer_connection::take(bytes_view payload) {
    if (phase_ != phase::open) {
        return on_handshake_message(payload);
    }
    ++traffic_.frames_in;
    owner_->on_frame(*this, payload);
}

void peer_connection::on_handshake_message(bytes_view payload) {
    std::vector<peer_message> replies;
    const bool is_introduction = !handshake_.peer();
    peer_handshake::outcome outcome = handshake_.on_message(payload, registry_, replies);
    if (is_introduction && outcome == peer_handshake::outcome::going_on) {
        if (std::optional<peer_refusal> why = objection_to_certificate()) {
            outcome = handshake_.refuse(std::move(*why), replies);
        }
    }
    push(replies);
    switch (outcome) {
    case peer_handshake::outcome::going_on:
        return;
    case peer_handshake::outcome::open:
        return become_open();
    case peer_handshake::outcome::refused_here:
        return refuse();
    case peer_handshake::outcome::refused_there:
        return fail(
            {peer_failure::kind::refused_there,
             link_loss::dropped,
             handshake_.refusal().sentence,
             handshake_.refusal().code}
        );
    case peer_handshake::outcome::broken:
        return fail(
            {peer_failure::kind::bad_handshake,
             link_loss::dropped,
             "what it sent does not belong into a handshake"}
        );
    }
}

/// Of a stranger, no more is known than the address from which it comes.
std::optional<peer_refusal> peer_connection::objection_to_certificate() const {
    std::vector<std::string> hosts = registry_.hosts_of(peer());
    if (hosts.empty()) {
        hosts.push_back(remote_.address().to_string());
    }
    if (stream_->may_be_at(hosts)) {
        return std::nullopt;
    }
    return peer_refusal{
        refusal_code::wrong_certificate,
        fmt::format(
            "the certificate of server {} is not for {}", peer().value, fmt::join(hosts, " or ")
        )};
}

void peer_connection::become_open() {
    phase_ = phase::open;
    deadline_.cancel();
    reader_.raise_limit(limits_.frame_size_max);
    input_.resize(link_input_size);
    owner_->on_open(shared_from_this());
}

/// Closing at once might reset the connection, and the other side would never know why.
void peer_connection::refuse() {
    phase_ = phase::refusing;
    wait_for_handshake();
    std::exchange(owner_, nullptr)
        ->on_failed(
            shared_from_this(),
            {peer_failure::kind::refused_here,
             link_loss::dropped,
             handshake_.refusal().sentence,
             handshake_.refusal().code}
        );
}

// ---- output ----

bool peer_connection::send(const peer_frame& frame) {
    if (phase_ != phase::open) {
        return false;
    }
    if (size_of(frame) > limits_.frame_size_max) {
        // The other side would end the link as well; the rest of this server can go on.
        fail(
            {peer_failure::kind::too_large,
             link_loss::dropped,
             fmt::format(
                 "a message of {} octets is to be sent, and {} are allowed: set jute.maxbuffer to "
                 "the same larger value on all servers",
                 size_of(frame),
                 limits_.frame_size_max
             )}
        );
        return false;
    }
    if (output_.size() + peer_output::cost_of(frame) > limits_.queue_size_max) {
        fail(
            {peer_failure::kind::too_slow,
             link_loss::dropped,
             fmt::format("it does not take what it is sent: {} octets wait", output_.size())}
        );
        return false;
    }
    output_.push(frame);
    ++traffic_.frames_out;
    is_above_soft_size_ = is_above_soft_size_ || output_.size() >= limits_.queue_soft_size;
    request_flush();
    return true;
}

void peer_connection::push(const std::vector<peer_message>& messages) {
    for (const peer_message& each : messages) {
        output_.push({std::make_shared<const bytes>(encode(each))});
    }
    request_flush();
}

/// Later, so that all that is sent in one go leaves in one go.
void peer_connection::request_flush() {
    if (!is_flushing_) {
        is_flushing_ = true;
        asio::post(context_, [self = shared_from_this()] { self->flush(); });
    }
}

void peer_connection::flush() {
    if (phase_ == phase::closed) {
        return;
    }
    if (output_.empty()) {
        is_flushing_ = false;
        if (phase_ == phase::refusing) {
            stream_->end_output();
        }
        return;
    }
    output_.gather(gathered_);
    stream_->write_some(
        gathered_,
        [self = shared_from_this()](error_code failed, std::size_t size) {
            self->on_written(failed, size);
        }
    );
}

void peer_connection::on_written(error_code failed, std::size_t size) {
    if (phase_ == phase::closed) {
        return;
    }
    if (failed) {
        return fail(failed);
    }
    traffic_.octets_out += size;
    output_.consume(size);
    note_room();
    flush();
}

void peer_connection::note_room() {
    if (is_above_soft_size_ && output_.size() <= limits_.queue_soft_size / 2) {
        is_above_soft_size_ = false;
        if (phase_ == phase::open) {
            owner_->on_writable(*this);
        }
    }
}

// ---- end ----

void peer_connection::fail(const error_code& reason) {
    if (const std::optional<std::string> why = stream_->failure()) {
        return fail({peer_failure::kind::not_secured, link_loss::dropped, "TLS: " + *why});
    }
    const bool is_end = reason == asio::error::eof;
    const char* const end =
        reader_.is_within_frame() ? "it ended within a frame" : "the other side ended it";
    fail({peer_failure::kind::ended, loss_of(reason), is_end ? end : reason.message()});
}

void peer_connection::fail(peer_failure why) {
    if (phase_ == phase::closed) {
        return;
    }
    close(why.what == peer_failure::kind::too_slow);
    if (owner_ == nullptr) {
        return;
    }
    asio::post(context_, [self = shared_from_this(), why = std::move(why)] {
        if (peer_connection_owner* const owner = std::exchange(self->owner_, nullptr)) {
            owner->on_failed(self, why);
        }
    });
}

void peer_connection::abandon() {
    owner_ = nullptr;
    close(false);
}

void peer_connection::close(bool abort) {
    if (phase_ != phase::closed) {
        phase_ = phase::closed;
        deadline_.cancel();
        stream_->close(abort);
    }
}

} // namespace conclave::net
