#include "server/testing/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace conclave::testing {

namespace {

/// As jute.maxbuffer of a server.
constexpr std::size_t frame_size_max = 0xfffff;

} // namespace

connection::connection(tcp::socket socket, replica::connection_id id, callbacks told)
    : input(frame_size_max), socket_(std::move(socket)), id_(id), told_(std::move(told)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
}

void connection::read() {
    if (is_reading_ || is_held_ || is_closing_) {
        return;
    }
    is_reading_ = true;
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](error_code failed, std::size_t size) {
            self->is_reading_ = false;
            if (self->is_closing_) {
                return;
            }
            if (failed) {
                return self->fail();
            }
            self->input.append({self->buffer_.data(), size});
            self->told_.on_read(*self);
        }
    );
}

void connection::send(bytes_view frames) {
    if (!is_closing_) {
        waiting_.append(frames);
        write();
    }
}

void connection::write() {
    if (is_writing_ || is_held_) {
        return;
    }
    if (waiting_.empty()) {
        if (is_closing_) {
            close_now();
        }
        return;
    }
    leaving_.clear();
    leaving_.swap(waiting_);
    is_writing_ = true;
    asio::async_write(
        socket_,
        asio::buffer(leaving_),
        [self = shared_from_this()](error_code failed, std::size_t) {
            self->is_writing_ = false;
            if (failed) {
                self->waiting_.clear();
            }
            self->write();
        }
    );
}

void connection::close_when_sent() {
    is_closing_ = true;
    write();
}

void connection::close_now() {
    is_closing_ = true;
    error_code ignored;
    socket_.close(ignored);
}

void connection::release() {
    is_held_ = false;
    write();
}

void connection::fail() {
    close_now();
    told_.on_closed(*this);
}

} // namespace conclave::testing
