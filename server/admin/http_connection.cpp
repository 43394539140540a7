#include "server/admin/http_connection.hpp"

#include "server/admin/http_head.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace conclave::admin {

namespace http = beast::http;

namespace {

/// After a refusal the peer may still be sending: so much of it is read, so that it sees the answer
/// and not a reset.
constexpr std::size_t drained_size_max = std::size_t{1} << 20U;
constexpr std::chrono::seconds drain_time{2};

/// For a read that was cancelled to end.
constexpr std::chrono::seconds grace_time{1};

bytes date_now() {
    const std::time_t now = std::time(nullptr);
    std::tm fields{};
    ::gmtime_r(&now, &fields);
    std::array<char, 40> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
    return {text.data(), size};
}

bytes in_lower_case(bytes text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each + ('a' - 'A')) : each;
    });
    return text;
}

} // namespace

http_connection::http_connection(socket accepted, door_facts door, surroundings& shared)
    : shared_(shared)
    , stream_(std::move(accepted))
    , deadline_(stream_.get_executor())
    , door_(std::move(door))
    , buffer_(shared.limits.head_size_max + (std::size_t{64} << 10U))
    , queue_(shared.backlog) {
    ++shared_.connection_count;
}

http_connection::~http_connection() {
    leave();
}

/// Makes room for others. Who answers may hold on to a connection that is closed.
void http_connection::leave() {
    shared_.connection_count -= std::exchange(is_counted_, false) ? 1 : 0;
    shared_.stream_count -= std::exchange(is_streaming_, false) ? 1 : 0;
}

void http_connection::start() {
    beast::error_code ignored; // of a connection that breaks now
    const tcp::endpoint peer = stream_.raw().remote_endpoint(ignored);
    asio::ip::address address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    request_.peer_ip = address.to_string();
    door_.security.keys == nullptr ? read_head() : secure();
}

/// TLS, or plain HTTP where the door takes both.
void http_connection::secure() {
    limit(shared_.limits.idle_timeout);
    stream_.detect_tls([self = shared_from_this()](const beast::error_code& failed, bool is_tls) {
        if (failed || self->phase_ == phase::closed) {
            return self->close();
        }
        if (is_tls) {
            return self->stream_.begin_tls(
                *self->door_.security.keys,
                [self](const beast::error_code& refused) {
                    refused || self->phase_ == phase::closed ? self->close() : self->read_head();
                }
            );
        }
        self->door_.security.is_required ? self->refuse_plain() : self->read_head();
    });
}

void http_connection::refuse_plain() {
    phase_ = phase::serving;
    const http_response refusal =
        problem(421, "this port speaks HTTPS alone (admin.forceHttps): ask with https://");
    write(head_of(refusal, refusal.body.size(), false, false, date_now()) + refusal.body, false);
}

void http_connection::turn_away() {
    phase_ = phase::serving;
    is_chunked_ = false;
    const http_response refusal =
        problem(503, "the admin endpoint has as many connections as admin.maxConnections allows");
    write(head_of(refusal, refusal.body.size(), false, false, date_now()) + refusal.body, false);
}

void http_connection::wind_up() {
    if (phase_ == phase::streaming || phase_ == phase::draining ||
        (phase_ == phase::reading && !has_begun_)) {
        close();
    }
}

// ---- reading ----

void http_connection::read_head() {
    if (shared_.is_stopping) {
        return close();
    }
    phase_ = phase::reading;
    has_begun_ = buffer_.size() != 0;
    if (!has_begun_) {
        buffer_.shrink_to_fit(); // an idle connection holds no memory
    }
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.head_size_max));
    parser_->body_limit(boost::none); // what is announced is looked at when the head is there
    limit(shared_.limits.idle_timeout);
    http::async_read_header(
        stream_,
        buffer_,
        *parser_,
        [self = shared_from_this()](const beast::error_code& failed, std::size_t size) {
            self->has_begun_ = self->has_begun_ || size != 0;
            self->on_head(failed);
        }
    );
}

void http_connection::on_head(const beast::error_code& failed) {
    if (phase_ == phase::closed) {
        return;
    }
    if (failed) {
        return refuse_malformed(failed);
    }
    phase_ = phase::serving;
    if (auto refusal = take_head()) {
        return respond(*std::move(refusal));
    }
    http_service::admission admitted = shared_.service->admit(request_);
    if (admitted.refusal) {
        return respond(*std::move(admitted.refusal));
    }
    const boost::optional<std::uint64_t> announced = parser_->content_length();
    if (announced && *announced > admitted.body_size_max) {
        return respond(problem(
            413,
            admitted.body_size_max == 0
                ? bytes{"this takes no body"}
                : fmt::format("the body may have {} octets at most", admitted.body_size_max)
        ));
    }
    if (parser_->is_done()) {
        return serve();
    }
    read_body(admitted.body_size_max);
}

/// Turns the head into a request. @return  what to answer instead if that is impossible.
std::optional<http_response> http_connection::take_head() {
    const bytes peer_ip = std::move(request_.peer_ip);
    request_ = {};
    request_.peer_ip = peer_ip;
    request_.door = door_.index;
    request_.is_local = door_.is_local;
    return admin::take_head(parser_->get().base(), parser_->chunked(), request_);
}

void http_connection::read_body(std::size_t size_max) {
    phase_ = phase::reading;
    has_begun_ = true;
    parser_->body_limit(size_max);
    limit(shared_.limits.idle_timeout);
    const auto read = [self = shared_from_this()] {
        http::async_read(
            self->stream_,
            self->buffer_,
            *self->parser_,
            [self](const beast::error_code& failed, std::size_t) {
                if (self->phase_ == phase::closed) {
                    return;
                }
                if (failed) {
                    return self->refuse_malformed(failed);
                }
                self->request_.body = std::move(self->parser_->get().body());
                self->phase_ = phase::serving;
                self->serve();
            }
        );
    };
    if (in_lower_case(bytes{request_.field("expect")}) != "100-continue") {
        return read();
    }
    static constexpr bytes_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(
        stream_,
        asio::buffer(go_on),
        [self = shared_from_this(), read](const beast::error_code& failed, std::size_t) {
            failed || self->phase_ == phase::closed ? self->close() : read();
        }
    );
}

void http_connection::serve() {
    deadline_.cancel(); // the service has its own bounds
    shared_.service->serve(shared_from_this());
}

void http_connection::refuse_malformed(const beast::error_code& failed) {
    phase_ = phase::serving;
    request_.method.clear(); // of the request before
    if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
        return respond(problem(
            431,
            fmt::format(
                "request line and fields may have {} octets together", shared_.limits.head_size_max
            )
        ));
    }
    if (failed == http::error::body_limit) {
        return respond(problem(413, "the body is larger than what this takes"));
    }
    if (is_late_) {
        return respond(problem(
            408,
            fmt::format(
                "the request took longer than {} ms to arrive (admin.idleTimeout)",
                shared_.limits.idle_timeout.count()
            )
        ));
    }
    const bool is_malformed =
        failed.category() == make_error_code(http::error::bad_method).category() &&
        failed != http::error::end_of_stream && failed != http::error::partial_message;
    if (is_malformed) {
        return respond(
            problem(400, fmt::format("the request is not understood: {}", failed.message()))
        );
    }
    close();
}

// ---- answering ----

void http_connection::respond(http_response response) {
    if (phase_ != phase::serving) {
        return;
    }
    const bool is_whole = parser_->is_done(); // else what follows is no request
    const bool is_framed =                    // else nobody knows where the next request begins
        parser_->chunked() || parser_->get().count(http::field::transfer_encoding) == 0;
    const bool keeps_alive =
        is_whole && is_framed && parser_->get().keep_alive() && !shared_.is_stopping;
    bytes content = head_of(response, response.body.size(), false, keeps_alive, date_now());
    if (request_.method != "HEAD") {
        content += response.body;
    }
    write(std::move(content), keeps_alive);
}

void http_connection::write(bytes content, bool keeps_alive) {
    phase_ = phase::responding;
    output_ = std::move(content);
    limit(shared_.limits.write_timeout);
    asio::async_write(
        stream_,
        asio::buffer(output_),
        [self = shared_from_this(), keeps_alive](const beast::error_code& failed, std::size_t) {
            // It may have been closed when this was on its way.
            const bool is_over = failed || self->phase_ == phase::closed;
            is_over ? self->close() : self->on_written(keeps_alive);
        }
    );
}

void http_connection::on_written(bool keeps_alive) {
    bytes{}.swap(output_);
    request_.body = {};
    keeps_alive ? read_head() : drain();
}

void http_connection::begin_stream(http_response head, std::function<void()> gone) {
    if (phase_ != phase::serving) {
        return;
    }
    if (!may_stream()) {
        respond(problem(
            503,
            "there are as many streams as there may be; the rest of admin.maxConnections is kept "
            "for requests that end"
        ));
        return gone();
    }
    gone_ = std::move(gone);
    is_streaming_ = true;
    ++shared_.stream_count;
    is_chunked_ = parser_->get().version() == 11;
    bytes content = head_of(head, std::nullopt, is_chunked_, false, date_now());
    if (request_.method == "HEAD") {
        return write(std::move(content), false);
    }
    phase_ = phase::streaming;
    output_ = std::move(content);
    await_end_of_peer();
    write_stream_octets(output_);
}

/// So that requests that end, above all those for health, find a connection.
bool http_connection::may_stream() const {
    constexpr std::size_t reserve_max = 64;
    const std::size_t most = shared_.limits.connection_count_max;
    const std::size_t reserve = std::min(reserve_max, (most + 3) / 4);
    return shared_.stream_count < std::max<std::size_t>(1, most - std::min(most, reserve));
}

/// Whether so many octets more may wait. What is sent to a reader that has taken everything before
/// may: otherwise it could never get a large part.
bool http_connection::keeps_up(std::size_t size) const {
    return queue_.empty() ||
           (queue_.size() + size <= shared_.limits.stream_backlog_max &&
            shared_.backlog.size() + size <= shared_.limits.stream_backlog_sum_max);
}

void http_connection::send(const stream_part_pointer& part) {
    if (phase_ != phase::streaming || is_ending_ || part->content().empty()) {
        return;
    }
    bytes_view framed = is_chunked_ ? part->chunk() : part->content();
    if (!is_writing_ && queue_.empty()) {
        // Mostly the socket takes all of it: no copy, no timer, no way through the event loop.
        framed.remove_prefix(stream_.try_write(framed));
        if (framed.empty()) {
            return;
        }
    }
    if (!keeps_up(framed.size())) {
        return close();
    }
    queue_.push(part, framed);
    write_stream();
}

void http_connection::on_drained(std::function<void()> then) {
    if (phase_ == phase::streaming && !is_ending_) {
        drained_ = std::move(then);
        write_stream();
    }
}

void http_connection::abort_stream() {
    if (phase_ == phase::streaming) {
        close();
    }
}

void http_connection::end_stream() {
    if (phase_ == phase::streaming && !is_ending_) {
        is_ending_ = true;
        write_stream();
    }
}

void http_connection::write_stream() {
    if (is_writing_) {
        return;
    }
    if (!queue_.empty()) {
        return write_stream_octets(queue_.begin_write());
    }
    if (is_ending_ && is_chunked_ && !std::exchange(is_end_written_, true)) {
        return write_stream_octets("0\r\n\r\n");
    }
    if (is_ending_) {
        return close();
    }
    if (drained_) {
        std::exchange(drained_, nullptr)();
    }
}

/// They stay where they are until that is done.
void http_connection::write_stream_octets(bytes_view octets) {
    is_writing_ = true;
    limit(shared_.limits.write_timeout);
    asio::async_write(
        stream_,
        asio::buffer(octets.data(), octets.size()),
        [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
            self->is_writing_ = false;
            self->deadline_.cancel(); // a stream may be silent
            self->queue_.end_write();
            if (failed) {
                return self->close();
            }
            bytes{}.swap(self->output_);
            if (self->phase_ == phase::streaming) {
                self->write_stream();
            }
        }
    );
}

/// The reader of a stream says nothing; what comes is its end.
void http_connection::await_end_of_peer() {
    stream_.async_read_some(
        asio::buffer(forgotten_),
        [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
            if (self->phase_ != phase::streaming) {
                return;
            }
            failed ? self->close() : self->await_end_of_peer();
        }
    );
}

// ---- the end ----

void http_connection::drain() {
    phase_ = phase::draining;
    stream_.end_output();
    limit(drain_time);
    read_and_forget();
}

void http_connection::read_and_forget() {
    stream_.async_read_some(
        asio::buffer(forgotten_),
        [self = shared_from_this()](const beast::error_code& failed, std::size_t size) {
            self->drained_size_ += size;
            if (failed || self->phase_ == phase::closed || self->drained_size_ > drained_size_max) {
                return self->close();
            }
            self->read_and_forget();
        }
    );
}

void http_connection::close() {
    if (phase_ == phase::closed) {
        return;
    }
    phase_ = phase::closed;
    deadline_.cancel();
    drained_ = nullptr;
    queue_.clear();
    stream_.close();
    leave();
    if (gone_) {
        std::exchange(gone_, nullptr)();
    }
}

/// There is one deadline at a time: of what the connection waits for now.
void http_connection::limit(std::chrono::milliseconds from_now) {
    deadline_.expires_after(from_now);
    deadline_.async_wait([weak = weak_from_this()](const beast::error_code& cancelled) {
        const auto self = weak.lock();
        if (!cancelled && self && self->phase_ != phase::closed) {
            self->on_deadline();
        }
    });
}

void http_connection::on_deadline() {
    const bool has_begun = has_begun_ || buffer_.size() != 0 || (parser_ && parser_->got_some());
    if (phase_ != phase::reading || !has_begun || is_late_) {
        return close();
    }
    is_late_ = true;
    stream_.cancel();  // the read fails, and the peer is told why
    limit(grace_time); // unless it had just completed, and another one was begun
}

} // namespace conclave::admin
