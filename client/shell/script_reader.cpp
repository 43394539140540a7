#include "client/shell/script_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <sys/epoll.h>
#include <unistd.h>

namespace conclave::shell {

namespace {

constexpr std::size_t line_size_max = std::size_t{64} << 20U;

} // namespace

input_wait::input_wait(event_loop& loop)
    : loop_(loop), readable_(loop.context(), epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    const int added = epoll_ctl(readable_.native_handle(), EPOLL_CTL_ADD, STDIN_FILENO, &interest);
    is_always_ready_ = added != 0;
}

bool input_wait::await() {
    if (is_always_ready_) {
        loop_.run_ready();
        return !loop_.is_interrupted();
    }
    const auto is_ready = std::make_shared<bool>(false);
    readable_.async_wait(
        boost::asio::posix::descriptor_base::wait_read,
        [is_ready](boost::system::error_code) { *is_ready = true; }
    );
    if (loop_.run_until([&] { return *is_ready; }) == wait_end::interrupted) {
        readable_.cancel();
        return false;
    }
    return true;
}

script_reader::script_reader(event_loop& loop) : input_(loop) {}

bool script_reader::read_more() {
    if (has_ended_ || buffer_.size() > line_size_max || !input_.await()) {
        return false;
    }
    constexpr std::size_t block_size = 65536;
    std::array<char, block_size> block{};
    const ssize_t count = read(STDIN_FILENO, block.data(), block.size());
    if (count <= 0) {
        has_ended_ = true;
        return false;
    }
    buffer_.append(block.data(), static_cast<std::size_t>(count));
    return true;
}

std::optional<std::string> script_reader::next() {
    std::size_t searched = 0;
    std::size_t end = buffer_.find('\n');
    while (end == std::string::npos) {
        searched = buffer_.size();
        if (!read_more()) {
            break;
        }
        end = buffer_.find('\n', searched);
    }
    if (end == std::string::npos && (buffer_.empty() || !has_ended_)) {
        return std::nullopt;
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    ++line_count_;
    return line;
}

std::optional<failure> script_reader::complaint() const {
    if (buffer_.size() <= line_size_max) {
        return std::nullopt;
    }
    return failure{
        exit_code::failed,
        fmt::format(
            "line {} of the input is longer than {} MiB: it was not run, nor what follows it",
            line_count_ + 1,
            line_size_max >> 20U
        ),
        {},
        {}};
}

} // namespace conclave::shell
