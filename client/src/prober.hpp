/// Asks a server whether it has a quorum.
#pragma once

#include "client/src/dialer.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>

namespace conclave::client {

/// Sends the four-letter word `isro` on a connection of its own. Anything but "rw" in time is a no.
class prober : public std::enable_shared_from_this<prober> {
public:
    using callback = std::function<void(bool has_quorum)>;

    prober(const asio::any_io_executor& executor, settings chosen, server_address server);

    /// `done` is called once, unless the question is cancelled before.
    void start(callback done);
    void cancel();

private:
    void ask();
    void read_answer();
    void finish(bool has_quorum);

    std::shared_ptr<dialer> dialer_;
    asio::steady_timer limit_;
    std::unique_ptr<stream> stream_;
    std::array<char, 16> answer_{};
    std::size_t answer_size_ = 0;
    callback done_;
};

} // namespace conclave::client
