/// A client's socket at the server for tests.
#pragma once

#include "server/replica/connection.hpp"

#include <conclave/frame_reader.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <functional>
#include <memory>

namespace conclave::testing {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// Octets in, octets out; decides nothing. On the thread of the server.
class connection : public std::enable_shared_from_this<connection> {
public:
    /// `on_read` is called when octets have arrived, `on_closed` once when the connection is over
    /// for a reason of the client's.
    struct callbacks {
        std::function<void(connection&)> on_read;
        std::function<void(connection&)> on_closed;
    };

    connection(tcp::socket socket, replica::connection_id id, callbacks told);

    [[nodiscard]] replica::connection_id id() const { return id_; }

    /// Reads on, unless it is held or reading already.
    void read();

    /// Sends behind everything before; nothing leaves while it is held.
    void send(bytes_view frames);

    /// Closes the socket once everything is sent that stands before this. Nothing is read or sent
    /// any more.
    void close_when_sent();

    void close_now();

    /// Neither reads nor writes until it is released.
    void hold() { is_held_ = true; }

    void release();

    [[nodiscard]] bool is_held() const { return is_held_; }

    [[nodiscard]] bool is_closing() const { return is_closing_; }

    frame_reader input;
    bool has_greeted = false; ///< its handshake has been taken
    bool is_stalled = false;  ///< the replica wanted no more of it

private:
    void write();
    void fail();

    tcp::socket socket_;
    replica::connection_id id_;
    callbacks told_;
    std::array<char, 16384> buffer_{};
    bytes waiting_;
    bytes leaving_;
    bool is_reading_ = false;
    bool is_writing_ = false;
    bool is_held_ = false;
    bool is_closing_ = false;
};

} // namespace conclave::testing
