/// A client socket for tests: blocking, with a limit on how long anything may take.
#pragma once

#include <conclave/types.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace conclave::test {

/// A frame as it travels.
inline bytes framed(bytes_view payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    bytes frame;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        frame.push_back(static_cast<char>((size >> shift) & 0xffU));
    }
    return frame.append(payload);
}

class posix_client {
public:
    explicit posix_client(std::uint16_t port, int receive_buffer_size = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer_size != 0) {
            ::setsockopt(
                socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_size, sizeof receive_buffer_size
            );
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            const int failed = errno;
            ::close(socket_);
            throw std::system_error{failed, std::generic_category(), "connect"};
        }
    }

    ~posix_client() { close(); }

    posix_client(const posix_client&) = delete;
    posix_client& operator=(const posix_client&) = delete;

    void close() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
        socket_ = -1;
    }

    /// Sends all of it; waits while the peer does not read.
    void send(bytes_view data) {
        while (!data.empty()) {
            const ssize_t size = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
            if (size < 0) {
                throw std::system_error{errno, std::generic_category(), "send"};
            }
            data.remove_prefix(static_cast<std::size_t>(size));
        }
    }

    [[nodiscard]] int descriptor() const { return socket_; }

    void end_sending() { ::shutdown(socket_, SHUT_WR); }

    /// Exactly so many octets; fewer if the connection ended before.
    bytes receive(std::size_t size) {
        bytes all(size, '\0');
        std::size_t received = 0;
        while (received < size) {
            const ssize_t more = receive_some(all.data() + received, size - received);
            if (more <= 0) {
                break;
            }
            received += static_cast<std::size_t>(more);
        }
        all.resize(received);
        return all;
    }

    /// The payload of one frame.
    bytes receive_frame() {
        const bytes length = receive(4);
        if (length.size() < 4) {
            return {};
        }
        std::size_t size = 0;
        for (const char octet : length) {
            size = size << 8U | static_cast<unsigned char>(octet);
        }
        return receive(size);
    }

    /// Everything until the peer ends or resets the connection.
    bytes receive_to_end() {
        bytes all;
        char part[16384];
        ssize_t size = 0;
        while ((size = receive_some(part, sizeof part)) > 0) {
            all.append(part, static_cast<std::size_t>(size));
        }
        was_reset_ = size < 0;
        return all;
    }

    /// True if `receive_to_end` met a reset instead of an end.
    [[nodiscard]] bool was_reset() const { return was_reset_; }

private:
    ssize_t receive_some(char* into, std::size_t size_max) const {
        constexpr int patience_ms = 30'000;
        pollfd wanted{socket_, POLLIN, 0};
        if (::poll(&wanted, 1, patience_ms) != 1) {
            throw std::runtime_error{"nothing was received in time"};
        }
        return ::recv(socket_, into, size_max, 0);
    }

    int socket_;
    bool was_reset_ = false;
};

} // namespace conclave::test
