#include "test/bench/connection.hpp"

#include "test/bench/failure.hpp"

#include <conclave/jute.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace conclave::bench {

namespace {

/// How long a call waits for the server before the run is given up.
constexpr std::chrono::seconds call_patience{30};

/// Sessions that are opened at once. Stays below the listen backlog of ZooKeeper (50), beyond which
/// a connect waits a second for the retransmission of its SYN.
constexpr std::size_t handshake_window = 32;

/// Larger frames are not expected in any run and mean that the stream is out of step.
constexpr std::int32_t frame_size_max = 64 * 1024 * 1024;

} // namespace

connection::connection(descriptor socket, std::string server)
    : socket_(std::move(socket)), server_(std::move(server)) {}

std::optional<connection>
connection::try_dial(const endpoint& server, std::chrono::milliseconds patience) {
    descriptor socket{::socket(server.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0) {
        throw connection_failure(fmt::format("cannot open a socket: {}", std::strerror(errno)));
    }
    const int enabled = 1;
    const timeval limit{
        .tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
    if (::connect(socket.get(), address, server.address_size) != 0) {
        return std::nullopt;
    }
    return connection{std::move(socket), server.name};
}

connection connection::dial(const endpoint& server) {
    std::optional<connection> dialled = try_dial(server, call_patience);
    if (!dialled) {
        throw connection_failure(
            fmt::format("cannot connect to {}: {}", server.name, std::strerror(errno))
        );
    }
    return std::move(*dialled);
}

void connection::start_handshake(std::chrono::milliseconds session_timeout) {
    {
        const jute::frame_scope frame{outgoing_};
        const std::array<char, session_password_size> no_password{};
        connect_request request;
        request.timeout_ms = static_cast<std::int32_t>(session_timeout.count());
        request.password = bytes_view{no_password.data(), no_password.size()};
        jute::writer{outgoing_}(request, /*read_only=*/false);
    }
    send();
}

std::chrono::milliseconds connection::finish_handshake() {
    jute::reader reader{read_frame()};
    std::int32_t protocol_version = 0;
    std::int32_t timeout_ms = 0;
    session_id session;
    reader(protocol_version, timeout_ms, session);
    if (!reader.ok() || session == session_id{}) {
        fail("refused the session");
    }
    return std::chrono::milliseconds{timeout_ms};
}

bool connection::flush() {
    std::size_t sent = 0;
    while (sent < outgoing_.size()) {
        const ssize_t count = ::send(
            socket_.get(),
            outgoing_.data() + sent,
            outgoing_.size() - sent,
            MSG_DONTWAIT | MSG_NOSIGNAL
        );
        if (count < 0 && errno == EAGAIN) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            fail(std::strerror(errno));
        }
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    outgoing_.erase(0, sent);
    return outgoing_.empty();
}

void connection::send() {
    std::size_t sent = 0;
    while (sent < outgoing_.size()) {
        const ssize_t count =
            ::send(socket_.get(), outgoing_.data() + sent, outgoing_.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            fail(std::strerror(errno));
        }
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    outgoing_.clear();
}

bytes_view connection::read_frame() {
    partial_.erase(0, std::exchange(taken_, 0));
    while (whole_frame_size(partial_) == 0) {
        std::array<char, 4096> chunk; // NOLINT: filled by recv
        const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            fail("did not answer in time");
        }
        if (count <= 0) {
            fail(count == 0 ? "closed the connection" : std::strerror(errno));
        }
        partial_.append(chunk.data(), static_cast<std::size_t>(count));
    }
    taken_ = whole_frame_size(partial_);
    return bytes_view{partial_}.substr(sizeof(std::int32_t), taken_ - sizeof(std::int32_t));
}

bytes_view connection::receive_available(std::span<char> scratch) {
    partial_.erase(0, std::exchange(taken_, 0));
    const ssize_t count = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return {};
    }
    if (count <= 0) {
        fail(count == 0 ? "closed the connection" : std::strerror(errno));
    }
    return {scratch.data(), static_cast<std::size_t>(count)};
}

std::size_t connection::whole_frame_size(bytes_view buffer) const {
    std::int32_t payload_size = 0;
    if (buffer.size() < sizeof payload_size) {
        return 0;
    }
    jute::reader{buffer}(payload_size);
    if (payload_size < 0 || payload_size > frame_size_max) {
        fail(fmt::format("sent a frame length of {}", payload_size));
    }
    const std::size_t size = sizeof payload_size + static_cast<std::size_t>(payload_size);
    return buffer.size() < size ? 0 : size;
}

void connection::fail(std::string_view what) const {
    throw connection_failure(fmt::format("server {}: {}", server_, what));
}

std::vector<connection> open_sessions(
    std::span<const endpoint> servers,
    std::size_t count,
    std::chrono::milliseconds session_timeout,
    std::chrono::milliseconds* granted_timeout
) {
    std::vector<connection> connections;
    connections.reserve(count);
    while (connections.size() < count) {
        const std::size_t first = connections.size();
        const std::size_t last = std::min(count, first + handshake_window);
        for (std::size_t index = first; index < last; ++index) {
            connections.push_back(connection::dial(servers[index % servers.size()]));
            connections.back().start_handshake(session_timeout);
        }
        for (std::size_t index = first; index < last; ++index) {
            const std::chrono::milliseconds granted = connections[index].finish_handshake();
            if (granted_timeout != nullptr) {
                *granted_timeout = granted;
            }
        }
    }
    return connections;
}

void close_sessions(std::span<connection> connections) {
    for (connection& each : connections) {
        {
            const jute::frame_scope frame{each.outgoing()};
            jute::writer{each.outgoing()}(request_header{xid{0}, opcode::close_session});
        }
        each.send();
    }
    for (connection& each : connections) {
        each.read_frame();
    }
}

} // namespace conclave::bench
