/// Lines from a file or a pipe.
#pragma once

#include "client/shell/event_loop.hpp"
#include "client/shell/line_source.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

namespace conclave::shell {

/// Waits for stdin while the event loop runs.
///
/// Asio looks at a descriptor of our own that is readable when stdin is: it makes what it waits for
/// non-blocking, and the terminal is shared with stdout, with programs that we start, and with
/// those that come after us.
class input_wait {
public:
    /// @throws std::system_error if the system has no descriptor left
    explicit input_wait(event_loop& loop);

    /// Until there is something to read, or the end of the input. @return false on Ctrl-C
    bool await();

private:
    event_loop& loop_;
    boost::asio::posix::stream_descriptor readable_;
    bool is_always_ready_; ///< a file
};

/// Reads stdin, without a prompt. A line of more than 64 MiB ends the input with a complaint.
/// Ctrl-C ends it, too.
class script_reader final : public line_source {
public:
    explicit script_reader(event_loop& loop);

    std::optional<std::string> next() override;

    [[nodiscard]] std::optional<failure> complaint() const override;

private:
    bool read_more();

    input_wait input_;
    std::string buffer_;
    std::size_t line_count_ = 0; ///< that were given
    bool has_ended_ = false;
};

} // namespace conclave::shell
