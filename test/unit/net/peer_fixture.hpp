/// Servers that only have a transport, and peers that a test plays by hand.
#pragma once

#include "server/net/peer_network.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conclave::test {

inline constexpr auto patience = std::chrono::seconds{60};

/// Runs a context on the test's own thread.
class event_loop {
public:
    boost::asio::io_context context{1};

    /// Runs until the condition holds; false if that takes too long.
    [[nodiscard]] bool await(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) {
                return false;
            }
            context.restart();
            context.run_one_for(std::chrono::milliseconds{20});
        }
        return true;
    }
};

inline net::unique_id id_of(std::uint8_t octet) {
    net::unique_id id;
    id.fill(octet);
    return id;
}

inline net::peer_frame frame_of(std::string text) {
    return {std::make_shared<const bytes>(std::move(text))};
}

/// A frame as it travels.
inline bytes on_the_wire(bytes_view payload) {
    const net::peer_frame_head head = net::head_of(frame_of(bytes{payload}));
    return bytes{head.data(), head.size()}.append(payload);
}

inline net::peer_limits quick_limits() {
    net::peer_limits limits;
    limits.dial_pause_min = std::chrono::milliseconds{5};
    limits.dial_pause_max = std::chrono::milliseconds{20};
    return limits;
}

/// A server that writes down what its transport reports, and sees to it that the report makes
/// sense.
class peer_server final : public net::peer_events {
public:
    struct link_view {
        net::link_generation generation; ///< of the newest link
        bool is_up = false;
        std::vector<bytes> frames; ///< of the newest link
        std::size_t ups = 0;
        std::vector<net::link_loss> losses;
        std::size_t refused_dials = 0;
        std::size_t writables = 0;
    };

    peer_server(event_loop& loop, std::uint32_t id, net::peer_limits limits = quick_limits())
        : loop_(loop) {
        settings.own = server_id{id};
        settings.storage = id_of(static_cast<std::uint8_t>(id));
        settings.boot = 100 * id;
        settings.listeners = {{"127.0.0.1", 0}};
        settings.limits = limits;
    }

    /// Begins to listen, on the same port as before if it was started before.
    peer_server& start() {
        ++settings.boot;
        network = std::make_unique<net::peer_network>(loop_.context, settings, *this, make_stream);
        network->listen();
        settings.listeners.front().port = port();
        return *this;
    }

    /// As if the process were killed: the system closes its sockets.
    void kill() {
        network.reset();
        links.clear();
        newest_ = {};
    }

    [[nodiscard]] std::uint16_t port() const { return network->local_endpoints().front().port(); }

    [[nodiscard]] net::peer_endpoint endpoint() const {
        return {settings.own, "127.0.0.1", settings.listeners.front().port};
    }

    void dial(const std::vector<const peer_server*>& others) {
        std::vector<net::peer_endpoint> all;
        for (const peer_server* each : others) {
            all.push_back(each->endpoint());
        }
        network->set_peers(all);
    }

    [[nodiscard]] link_view& with(const peer_server& other) { return links[other.settings.own]; }

    [[nodiscard]] bool is_linked(const peer_server& other) { return with(other).is_up; }

    bool send(const peer_server& to, std::string text) {
        return send(to, frame_of(std::move(text)));
    }

    bool send(const peer_server& to, const net::peer_frame& frame) {
        return network->send(to.settings.own, with(to).generation, frame);
    }

    [[nodiscard]] std::optional<net::peer_status> status_of(std::uint32_t id) const {
        for (const net::peer_status& each : network->status()) {
            if (each.id == server_id{id}) {
                return each;
            }
        }
        return std::nullopt;
    }

    /// The number that both sides of a link know it by; 0 without one.
    [[nodiscard]] std::uint64_t link_number(const peer_server& other) const {
        const auto status = status_of(other.settings.own.value);
        return status && status->link ? status->link->number : 0;
    }

    void on_link_up(server_id peer, net::link_generation generation) override {
        link_view& link = links[peer];
        CHECK_FALSE(link.is_up);
        CHECK(generation > newest_);
        newest_ = generation;
        link.generation = generation;
        link.is_up = true;
        link.frames.clear();
        ++link.ups;
        if (react_to_up) {
            react_to_up(peer, generation);
        }
    }

    void
    on_link_down(server_id peer, net::link_generation generation, net::link_loss how) override {
        link_view& link = links[peer];
        CHECK(link.is_up);
        CHECK(link.generation == generation);
        link.is_up = false;
        link.losses.push_back(how);
        if (react_to_down) {
            react_to_down(peer);
        }
    }

    void on_peer_frame(server_id peer, net::link_generation generation, bytes_view frame) override {
        link_view& link = links[peer];
        CHECK(link.is_up);
        CHECK(link.generation == generation);
        link.frames.emplace_back(frame);
        if (react_to_frame) {
            react_to_frame(peer, generation, frame);
        }
    }

    void on_dial_refused(server_id peer) override { ++links[peer].refused_dials; }

    void on_writable(server_id peer, net::link_generation generation) override {
        CHECK(links[peer].generation == generation);
        ++links[peer].writables;
    }

    net::peer_network_settings settings; ///< before `start`
    net::peer_stream_factory make_stream = net::make_plain_stream;
    std::unique_ptr<net::peer_network> network;
    std::map<server_id, link_view> links;
    std::function<void(server_id, net::link_generation)> react_to_up;
    std::function<void(server_id)> react_to_down;
    std::function<void(server_id, net::link_generation, bytes_view)> react_to_frame;

private:
    event_loop& loop_;
    net::link_generation newest_;
};

/// Both sides know the same link.
inline bool are_linked(peer_server& one, peer_server& other) {
    return one.is_linked(other) && other.is_linked(one) &&
           one.link_number(other) == other.link_number(one);
}

/// The other side of a connection, by hand.
class hand_made_peer {
public:
    hand_made_peer(event_loop& loop, std::uint16_t port) : loop_(loop), socket_(loop.context) {
        socket_.connect({boost::asio::ip::address_v4::loopback(), port});
        socket_.non_blocking(true);
    }

    hand_made_peer(event_loop& loop, net::tcp_socket accepted)
        : loop_(loop), socket_(std::move(accepted)) {
        socket_.non_blocking(true);
    }

    /// For less than the socket takes at once.
    void send(bytes_view octets) {
        REQUIRE(socket_.send(boost::asio::buffer(octets.data(), octets.size())) == octets.size());
    }

    void send(const net::peer_message& message) { send(on_the_wire(net::encode(message))); }

    void close() { socket_.close(); }

    /// The next frame; nothing if the connection ends before.
    [[nodiscard]] std::optional<bytes> receive() {
        std::optional<bytes> frame;
        REQUIRE(loop_.await([&] {
            bytes_view payload;
            if (reader_.next(payload) == net::peer_frame_reader::status::frame) {
                frame = bytes{payload};
                return true;
            }
            read();
            return is_ended_;
        }));
        return frame;
    }

    template <class Message>
    [[nodiscard]] Message receive_message() {
        const std::optional<bytes> payload = receive();
        REQUIRE(payload);
        const std::optional<net::peer_message> message = net::decode_peer_message(*payload);
        REQUIRE(message);
        REQUIRE(std::holds_alternative<Message>(*message));
        return std::get<Message>(*message);
    }

    /// Waits for the other side to close.
    [[nodiscard]] bool is_closed() {
        return loop_.await([&] {
            read();
            return is_ended_;
        });
    }

private:
    void read() {
        char part[4096];
        boost::system::error_code failed;
        const std::size_t size = socket_.read_some(boost::asio::buffer(part), failed);
        reader_.append({part, size});
        is_ended_ = failed && failed != boost::asio::error::would_block;
    }

    event_loop& loop_;
    net::tcp_socket socket_;
    net::peer_frame_reader reader_{std::size_t{1} << 20U};
    bool is_ended_ = false;
};

/// How server `id` would present itself to `addressee`.
inline net::peer_hello hello_of(std::uint32_t id, std::uint32_t addressee) {
    net::peer_hello hello;
    hello.server = server_id{id};
    hello.addressee = server_id{addressee};
    hello.storage = id_of(static_cast<std::uint8_t>(id));
    hello.boot = 100 * id + 1;
    return hello;
}

/// A port of 127.0.0.1 where nobody listens.
inline std::uint16_t port_without_listener(event_loop& loop) {
    net::tcp_acceptor acceptor{loop.context, {boost::asio::ip::address_v4::loopback(), 0}};
    return acceptor.local_endpoint().port();
}

} // namespace conclave::test
