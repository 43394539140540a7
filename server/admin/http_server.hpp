/// The HTTP/1.1 server of the admin endpoint: listeners, connections, and the thread that they live
/// on.
#pragma once

#include "server/admin/http_exchange.hpp"
#include "server/tls/context.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace conclave::admin {

/// Whether TLS is spoken at a door. Without keys it is not.
struct http_security {
    std::shared_ptr<const tls::context> keys;
    bool is_required = false; ///< false: plain HTTP is taken as well
};

/// Where it listens. Port 0: any that is free.
struct http_door {
    std::string host;
    std::uint16_t port{};
    http_security security{};
};

struct http_limits {
    /// A quarter of them, 64 at most, is kept free of streams, which have no end.
    std::size_t connection_count_max = 256;
    std::size_t head_size_max = std::size_t{16} << 10U; ///< octets of request line and fields
    /// For a whole request to arrive, and for the next one to begin.
    std::chrono::milliseconds idle_timeout{30'000};
    std::chrono::milliseconds write_timeout{30'000}; ///< for a response to be taken
    /// Unsent octets of a stream with which its reader is left behind, and of all streams together
    /// with which those who have some are. A single part is sent whatever its size.
    std::size_t stream_backlog_max = std::size_t{4} << 20U;
    std::size_t stream_backlog_sum_max = std::size_t{64} << 20U;
    std::chrono::milliseconds stop_timeout{2'000}; ///< for responses that are under way at the stop
};

/// Everything that comes in is bounded in size and time; what is malformed, too large or too slow
/// is answered with a problem where that is possible, and costs its sender the connection.
///
/// Owns the admin thread: the service is called there and nowhere else.
class http_server {
public:
    /// Opens the listening sockets. The service must outlive this.
    /// @throws std::runtime_error with a sentence for the operator
    http_server(std::vector<http_door> doors, http_limits limits, http_service& service);

    /// As `stop`.
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    void start();

    /// Accepts nobody, lets responses that are under way leave for a bounded time, then ends the
    /// thread. May be called again.
    void stop();

    /// Calls `what` on the admin thread, soon. Any thread; no effect after `stop`.
    void post(std::function<void()> what);

    /// Calls `what` on the admin thread after that time, unless it stops before.
    void call_after(std::chrono::milliseconds delay, std::function<void()> what);

    /// Of each door, in order. Any thread.
    [[nodiscard]] const std::vector<std::uint16_t>& ports() const;

private:
    class parts;
    std::unique_ptr<parts> parts_;
};

} // namespace conclave::admin
