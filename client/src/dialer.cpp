#include "client/src/dialer.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>

namespace conclave::client {

void dialer::start(callback done) {
    done_ = std::move(done);
    error_code is_name;
    const auto address = asio::ip::make_address(server_.host, is_name);
    if (!is_name) { // there is nothing to look up, for which Asio would start a thread
        endpoints_.emplace_back(address, server_.port);
        return connect();
    }
    resolver_.async_resolve(
        server_.host,
        std::to_string(server_.port),
        [self = shared_from_this()](error_code failed, tcp::resolver::results_type found) {
            for (const auto& each : found) {
                self->endpoints_.push_back(each.endpoint());
            }
            if (failed) {
                self->finish(failed);
            } else {
                self->connect();
            }
        }
    );
}

void dialer::connect() {
    if (!done_) {
        return;
    }
    std::shuffle(endpoints_.begin(), endpoints_.end(), std::minstd_rand{std::random_device{}()});
    asio::async_connect(
        socket_,
        endpoints_,
        [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
            if (failed) {
                self->finish(failed);
            } else {
                self->open();
            }
        }
    );
}

void dialer::open() {
    if (!done_) {
        return;
    }
    error_code ignored; // a connection without it is slower, not wrong
    socket_.set_option(tcp::no_delay{true}, ignored);
    stream_ = make_stream(std::move(socket_), chosen_, server_.host);
    if (!stream_) {
        return finish(asio::error::invalid_argument);
    }
    stream_->async_open([self = shared_from_this()](error_code failed) { self->finish(failed); });
}

void dialer::finish(error_code failed) {
    if (const callback done = std::exchange(done_, nullptr)) {
        done(failed, failed ? nullptr : std::move(stream_));
    }
}

void dialer::cancel() {
    done_ = nullptr;
    resolver_.cancel();
    error_code ignored; // nobody waits for this socket any more
    socket_.close(ignored);
    if (stream_) {
        stream_->close();
    }
}

} // namespace conclave::client
