#include "client/src/prober.hpp"

#include <string_view>

namespace conclave::client {

namespace {

constexpr std::string_view question = "isro";
constexpr std::string_view wanted_answer = "rw";
constexpr auto answer_time_max = std::chrono::seconds{1};

} // namespace

prober::prober(const asio::any_io_executor& executor, settings chosen, server_address server)
    : dialer_(std::make_shared<dialer>(executor, std::move(chosen), std::move(server)))
    , limit_(executor) {}

void prober::start(callback done) {
    done_ = std::move(done);
    limit_.expires_after(answer_time_max);
    limit_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) {
            self->finish(false);
        }
    });
    dialer_->start([self = shared_from_this()](error_code failed, std::unique_ptr<stream> opened) {
        self->stream_ = std::move(opened);
        if (failed) {
            self->finish(false);
        } else {
            self->ask();
        }
    });
}

void prober::ask() {
    stream_->async_write(
        asio::buffer(question),
        [self = shared_from_this()](error_code failed, std::size_t) {
            if (failed) {
                self->finish(false);
            } else {
                self->read_answer();
            }
        }
    );
}

void prober::read_answer() {
    const auto rest = asio::buffer(answer_) + answer_size_;
    stream_->async_read_some(
        rest,
        [self = shared_from_this()](error_code failed, std::size_t size) {
            self->answer_size_ += size;
            const std::string_view answer{self->answer_.data(), self->answer_size_};
            if (failed || answer.size() >= wanted_answer.size()) {
                self->finish(answer.starts_with(wanted_answer));
            } else {
                self->read_answer();
            }
        }
    );
}

void prober::finish(bool has_quorum) {
    if (const callback done = std::exchange(done_, nullptr)) {
        cancel();
        done(has_quorum);
    }
}

void prober::cancel() {
    done_ = nullptr;
    dialer_->cancel();
    limit_.cancel();
    if (stream_) {
        stream_->close();
    }
}

} // namespace conclave::client
