/// The client's end of one ZooKeeper session, on the wire.
#pragma once

#include "test/bench/descriptor.hpp"
#include "test/bench/endpoint.hpp"

#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace conclave::bench {

/// A socket, what is still to be sent on it, and the incomplete frame that was read last.
///
/// The socket is a blocking one with a time limit on reads: handshakes and single calls simply
/// wait, while `flush` and `read_frames`, which the pipelining driver uses, never do. Everything
/// that goes wrong throws `connection_failure`.
class connection {
public:
    /// Connects; nothing when the server refuses, as it does while it starts.
    /// @param patience  how long a read waits before the connection counts as lost.
    static std::optional<connection>
    try_dial(const endpoint& server, std::chrono::milliseconds patience);

    /// Connects, or throws. Reads wait for 30 s.
    static connection dial(const endpoint& server);

    /// Sends a ConnectRequest for a new session. Split from `finish_handshake` so that many
    /// sessions can be opened at once: the server commits them in a batch.
    void start_handshake(std::chrono::milliseconds session_timeout);

    /// Waits for the ConnectResponse. @return the session timeout that the server granted.
    std::chrono::milliseconds finish_handshake();

    /// Frames that `flush` or `send` will send; the caller appends.
    bytes& outgoing() { return outgoing_; }

    /// Sends without waiting. @return whether nothing is left to send.
    bool flush();

    /// Sends everything, waiting if it must.
    void send();

    /// Waits for one frame. The view is valid until the next read.
    bytes_view read_frame();

    /// Reads once, without waiting, and calls `on_frame(bytes_view payload)` for each complete
    /// frame. `scratch` is shared by all connections: frames are usually parsed in it without being
    /// copied.
    template <class OnFrame>
    void read_frames(std::span<char> scratch, OnFrame&& on_frame) {
        const bytes_view arrived = receive_available(scratch);
        if (partial_.empty()) {
            partial_.assign(cut_frames(arrived, on_frame));
            return;
        }
        partial_.append(arrived);
        const std::size_t rest_size = cut_frames(partial_, on_frame).size();
        partial_.erase(0, partial_.size() - rest_size);
    }

    [[nodiscard]] int fd() const { return socket_.get(); }

    [[nodiscard]] const std::string& server() const { return server_; }

private:
    connection(descriptor socket, std::string server);

    /// @return what arrived, empty when there was nothing; a view into `scratch`.
    bytes_view receive_available(std::span<char> scratch);

    /// @return the size of the frame at the front of `buffer`, length field included; 0 when it is
    /// incomplete.
    [[nodiscard]] std::size_t whole_frame_size(bytes_view buffer) const;

    /// @return what is left behind the last complete frame.
    template <class OnFrame>
    bytes_view cut_frames(bytes_view buffer, OnFrame& on_frame) {
        while (const std::size_t size = whole_frame_size(buffer)) {
            on_frame(buffer.substr(sizeof(std::int32_t), size - sizeof(std::int32_t)));
            buffer.remove_prefix(size);
        }
        return buffer;
    }

    [[noreturn]] void fail(std::string_view what) const;

    descriptor socket_;
    std::string server_;
    bytes outgoing_;
    bytes partial_;
    std::size_t taken_ = 0; ///< octets of `partial_` that `read_frame` has handed out
};

/// Opens `count` sessions, spread over the servers in turn. Throws `connection_failure`.
/// @param granted_timeout  when given, receives the session timeout of the last one.
std::vector<connection> open_sessions(
    std::span<const endpoint> servers,
    std::size_t count,
    std::chrono::milliseconds session_timeout,
    std::chrono::milliseconds* granted_timeout = nullptr
);

/// Closes the sessions in an orderly way, so that they do not linger on the server and disturb the
/// next run.
void close_sessions(std::span<connection> connections);

} // namespace conclave::bench
