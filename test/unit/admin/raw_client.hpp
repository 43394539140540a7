/// A client of the HTTP server that may do what no client should.
#pragma once

#include <conclave/types.hpp>

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace conclave::test {

/// A blocking client that sends octets as they are.
class raw_client {
public:
    explicit raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    }

    ~raw_client() { ::close(socket_); }

    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    void send(bytes_view text) {
        static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
    }

    void receive_nothing_and_close() { ::shutdown(socket_, SHUT_RDWR); }

    void half_close() { ::shutdown(socket_, SHUT_WR); }

    /// Until there are so many octets, or the server closes. @return what there is
    bytes receive(std::size_t size) {
        while (received_.size() < size && receive_some()) {
        }
        return received_;
    }

    /// Everything until the server closes.
    bytes receive_all() {
        while (receive_some()) {
        }
        return std::exchange(received_, {});
    }

    /// One response, by its Content-Length.
    bytes receive_one() {
        std::size_t head_end = bytes::npos;
        while ((head_end = received_.find("\r\n\r\n")) == bytes::npos && receive_some()) {
        }
        REQUIRE(head_end != bytes::npos);
        const std::size_t at = received_.find("Content-Length: ");
        REQUIRE(at < head_end);
        const std::size_t size = head_end + 4 + std::stoul(received_.substr(at + 16));
        while (received_.size() < size && receive_some()) {
        }
        const bytes one = received_.substr(0, size);
        received_.erase(0, size);
        return one;
    }

private:
    bool receive_some() {
        char buffer[4096];
        const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
        if (size > 0) {
            received_.append(buffer, static_cast<std::size_t>(size));
        }
        return size > 0;
    }

    int socket_;
    bytes received_;
};

} // namespace conclave::test
