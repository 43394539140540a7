/// What the connections of one network thread share.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/client_service.hpp"
#include "server/net/settings.hpp"

#include <conclave/rate_limited_log.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace conclave::net {

/// Counters of all network threads together.
struct network_counters {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> closed{0};             ///< of the accepted ones, for whatever reason
    std::atomic<std::uint64_t> rejected{0};           ///< by the limits on connections
    std::atomic<std::uint64_t> bad_lengths{0};        ///< closed for a negative or too large frame
    std::atomic<std::uint64_t> dropped{0};            ///< did not read what they had asked for
    std::atomic<std::uint64_t> handshakes_open{0};    ///< of TLS; under way now
    std::atomic<std::uint64_t> handshakes_failed{0};  ///< of TLS
    std::atomic<std::uint64_t> handshakes_refused{0}; ///< of TLS; too many were under way
};

/// One network thread's read buffer, log limit and watch over deadlines, and its way to the core.
/// May live on the core thread itself: then nothing is handed over, calls are direct. Everything
/// but `post_to_core` and `context`: on the shard's own thread. Outlives its connections.
class io_shard {
public:
    io_shard(
        asio::io_context& own,
        asio::io_context& core_context,
        client_service& core,
        const connection_limits& limits,
        network_counters& counters,
        std::function<void(const asio::ip::address&)> on_closed
    );
    io_shard(const io_shard&) = delete;
    io_shard& operator=(const io_shard&) = delete;

    [[nodiscard]] asio::io_context& context() { return own_; }

    [[nodiscard]] const connection_limits& limits() const { return limits_; }

    [[nodiscard]] client_service& core() { return core_; }

    [[nodiscard]] network_counters& counters() { return counters_; }

    /// True if the core lives on this thread.
    [[nodiscard]] bool is_core_thread() const { return &own_ == &core_context_; }

    /// Runs `call` on the core thread: now if that is this one.
    template <class Callable>
    void run_on_core(Callable&& call) {
        if (is_core_thread()) {
            std::forward<Callable>(call)();
        } else {
            asio::post(core_context_, std::forward<Callable>(call));
        }
    }

    /// Where a connection reads into, before it takes apart what it got. Anybody's next read
    /// overwrites it.
    [[nodiscard]] std::span<char> read_buffer() { return read_buffer_; }

    /// A log line that a client has caused; too many of them are summed up.
    template <class... Arguments>
    void
    report(log_level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        const auto now = std::chrono::steady_clock::now();
        log_.line(now, level, format, std::forward<Arguments>(arguments)...);
        if (log_.has_suppressed()) {
            start_sweeping();
        }
    }

    /// Calls `on_sweep` of the connection every now and then until it answers that it has no
    /// deadline any more.
    void watch_deadline_of(connection_pointer which);

    /// The connection from that address is closed.
    void on_closed(const asio::ip::address& peer) { on_closed_(peer); }

private:
    void start_sweeping();
    void sweep();

    static constexpr std::size_t read_buffer_size = std::size_t{64} << 10U;

    asio::io_context& own_;
    asio::io_context& core_context_;
    client_service& core_;
    const connection_limits& limits_;
    network_counters& counters_;
    std::function<void(const asio::ip::address&)> on_closed_;
    rate_limited_log log_;
    timer sweep_timer_;
    bool is_sweeping_ = false;
    std::vector<connection_pointer> watched_;
    std::array<char, read_buffer_size> read_buffer_;
};

} // namespace conclave::net
