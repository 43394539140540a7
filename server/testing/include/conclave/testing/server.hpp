/// A server inside a test program.
#pragma once

#include <conclave/types.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace conclave::testing {

/// What may be chosen about a server. The defaults let tests be quick.
struct server_settings {
    /// Sessions expire on multiples of this.
    std::chrono::milliseconds tick{10};
    /// Bounds of what clients may ask for as session timeout.
    std::chrono::milliseconds session_timeout_min{20};
    std::chrono::milliseconds session_timeout_max{60'000};
};

/// A whole Conclave server for the time of a test: the real one, with everything in memory and
/// nothing on disk. It listens on a free port of 127.0.0.1 and serves when the constructor returns,
/// after some milliseconds. Any client can use it.
///
///     conclave::testing::server server;
///     settings.servers = server.address();
///
/// Besides, it does on command what is hard to get from a server and its network otherwise:
/// sessions expire, connections break, answers get lost, time passes.
///
/// It runs on a thread of its own. **All functions may be called from any thread** and return when
/// what they ask for has been done; they throw nothing once the server is constructed. Destruction
/// closes all connections. Its size is bounded by memory alone: for tests, not for service.
class server {
public:
    /// @throws std::runtime_error if there is no free port, with the reason
    explicit server(const server_settings& chosen = {});
    ~server();

    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// "127.0.0.1:port", as a client wants it.
    [[nodiscard]] std::string address() const;

    /// That of `address`.
    [[nodiscard]] std::uint16_t port() const;

    // ---- sessions and time ----

    /// Ends a session as if its client had been silent for too long: its ephemeral nodes go, its
    /// connection is closed, and the client learns it at its next attempt to connect. False if
    /// there is no such session.
    bool expire(session_id which);

    /// Lets time pass in one step, for this server alone, as if all clients had been silent
    /// meanwhile: sessions with a shorter timeout expire, TTL nodes and empty containers go.
    void advance(std::chrono::milliseconds by);

    // ---- the network ----

    /// Closes all connections. Clients may connect again at once.
    void drop_connections();

    /// From now on nothing passes in either direction; connections stay open, and new ones are
    /// taken and get no answer.
    void partition();

    /// Ends a partition: what was held up arrives now.
    void heal();

    /// What becomes of the request at which a connection breaks.
    enum class last_request : std::uint8_t {
        is_lost,       ///< it never arrived
        is_unanswered, ///< it takes effect, and the answer gets lost
    };

    /// Lets `request_count` further requests pass, and closes the connection that sends the next
    /// one (handshakes and pings do not count). Once; a further call replaces an earlier one. Loop
    /// over the count to break a connection at every step of a program.
    /// @param of  only requests of this session count; 0: of all
    void break_after(std::size_t request_count, last_request fate, session_id of = {});

    // ---- what has happened ----

    /// Connections that are open now.
    [[nodiscard]] std::size_t connection_count() const;

    /// Requests that have taken effect since the start, without handshakes and pings.
    [[nodiscard]] std::size_t request_count() const;

    /// Watch events that have been sent since the start.
    [[nodiscard]] std::size_t notification_count() const;

    /// Sessions that live now.
    [[nodiscard]] std::size_t session_count() const;

private:
    class runner;
    std::unique_ptr<runner> runner_;
};

} // namespace conclave::testing
