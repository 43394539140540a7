/// The octets under a connection between servers: where encryption has its place.
#pragma once

#include "server/net/asio.hpp"

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conclave::net {

enum class peer_side { dialer, acceptor };

/// A connected byte stream. One read and one write at a time; nothing completes within the call
/// that began it. Operations end with an error when it is closed. It must outlive their completion:
/// whoever begins one keeps it alive in the handler.
class peer_stream {
public:
    using started = std::function<void(error_code)>;
    using transferred = std::function<void(error_code, std::size_t)>;

    peer_stream() = default;
    virtual ~peer_stream() = default;
    peer_stream(const peer_stream&) = delete;
    peer_stream& operator=(const peer_stream&) = delete;

    /// First of all: agrees with the other side on what protects the stream.
    virtual void start(peer_side side, started done) = 0;

    virtual void read_some(asio::mutable_buffer into, transferred done) = 0;

    /// The vector and its buffers must stay as they are until it is done.
    virtual void write_some(const std::vector<asio::const_buffer>& from, transferred done) = 0;

    /// Tells the other side that nothing more follows.
    virtual void end_output() = 0;

    /// With `abort` the system throws away what it has not sent.
    virtual void close(bool abort) = 0;

    /// Why what protects the stream has failed, as a part of a sentence; nothing if it has not.
    [[nodiscard]] virtual std::optional<std::string> failure() const = 0;

    /// Whether the other side may be the server at one of these names and addresses, as far as it
    /// has to prove that. Precondition: it was started.
    [[nodiscard]] virtual bool may_be_at(const std::vector<std::string>& hosts) const = 0;
};

/// Makes the stream of a connected socket.
using peer_stream_factory = std::function<std::unique_ptr<peer_stream>(tcp_socket)>;

/// The stream without any protection.
[[nodiscard]] std::unique_ptr<peer_stream> make_plain_stream(tcp_socket socket);

/// No delay of small frames, and a vanished host is noticed whether or not there is something to
/// send. What cannot be set is left as it is.
void prepare_peer_socket(tcp_socket& socket, std::chrono::milliseconds vanished_timeout);

} // namespace conclave::net
