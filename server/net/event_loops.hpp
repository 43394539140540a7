/// The event loops of the process: the core's, those of the network threads, and that of TLS.
#pragma once

#include "server/net/asio.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace conclave::net {

/// Owns the contexts and the network threads; the core's loop is run by whoever calls it.
/// Everything that posts to a context must be gone, or silent, before this is destroyed.
///
/// The core's context goes first when it is destroyed, because what is queued there may hold
/// sockets of the others.
class event_loops {
public:
    explicit event_loops(std::size_t io_thread_count);

    /// As `stop_io_threads`.
    ~event_loops();
    event_loops(const event_loops&) = delete;
    event_loops& operator=(const event_loops&) = delete;

    void start_io_threads();

    /// The loop for TLS handshakes and for reading keys, which take long. It has a thread if this
    /// was asked for before `start_io_threads`.
    [[nodiscard]] asio::io_context& tls();

    /// Ends the network threads where they stand. May be called again.
    void stop_io_threads();

    [[nodiscard]] asio::io_context& core() { return core_; }

    /// Number of loops that serve sockets, at least one.
    [[nodiscard]] std::size_t io_count() const { return io_.empty() ? 1 : io_.size(); }

    /// With no network threads, the core's loop serves the sockets.
    [[nodiscard]] asio::io_context& io(std::size_t index) {
        return io_.empty() ? core_ : *io_[index];
    }

private:
    void start_thread(asio::io_context& context);

    std::vector<std::unique_ptr<asio::io_context>> io_;
    std::unique_ptr<asio::io_context> tls_; ///< null if nobody has asked for it
    asio::io_context core_;
    std::vector<std::thread> threads_;
};

} // namespace conclave::net
