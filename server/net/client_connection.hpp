/// One client's socket.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/client_input.hpp"
#include "server/net/client_service.hpp"
#include "server/net/output_queue.hpp"
#include "server/net/stream_socket.hpp"
#include "server/replica/connection.hpp"

#include <chrono>
#include <memory>

namespace conclave::net {

class io_shard;

/// Reads frames when it has the turn (`client_service`), writes what the core delivers, never
/// blocks.
///
/// Costs little while idle: it waits for readability without a buffer, and what it has neither cut
/// nor sent is empty. Bounds: it does not read while more than `output_pause_size` is unsent (until
/// half of that is left), and it is dropped beyond `output_size_max` or when such output makes no
/// progress. When it is closed in good order, output is sent, the write side is shut, and input is
/// drained for a while, because closing a socket with unread input resets the connection and may
/// eat the last reply.
///
/// Lives on the thread of its shard; kept alive by what it waits for, and by the core from
/// `on_connect` to `on_disconnect`.
class client_connection final : public std::enable_shared_from_this<client_connection> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    client_connection(stream_socket socket, const tcp::endpoint& peer, io_shard& shard);
    client_connection(const client_connection&) = delete;
    client_connection& operator=(const client_connection&) = delete;

    /// Reports the connection to the core and starts to read.
    void start();

    /// Does what the core asks for. Does nothing once closed.
    void apply(delivery&& what);

    /// Closes the connection if its time is up. @return  false if it has no deadline (any more).
    [[nodiscard]] bool on_sweep(time_point now);

    /// Any thread.
    [[nodiscard]] replica::peer_address peer() const;

    /// Who the client has proved to be by a certificate. Any thread, once started.
    [[nodiscard]] std::optional<bytes> certificate_subject() const {
        return socket_.tls() == nullptr ? std::nullopt : socket_.tls()->peer_subject();
    }

    /// Any thread.
    [[nodiscard]] io_shard& shard() { return shard_; }

    /// The core's notes about this connection, which it alone may look at.
    struct core_notes {
        replica::connection_id id;
        bytes held;              ///< frames that the replica does not want yet
        bool is_closing = false; ///< it was told to close, or is gone
    };

    core_notes& notes_of_core() { return notes_of_core_; }

    /// When the newest of what it has handed over was read. For whoever has the turn.
    [[nodiscard]] time_point arrived() const { return arrived_; }

private:
    enum class phase {
        open,
        flushing, ///< nothing more is taken from the client; the rest of the output is being sent
        draining, ///< everything is sent and the write side is shut
        closed,
    };

    // Input.
    void wait_readable(connection_pointer self);
    void on_readable(connection_pointer self);
    void on_input(connection_pointer self, bytes_view data);
    void advance(connection_pointer self);
    void hand_over(connection_pointer self, const client_input::item& what);
    void take_turn(const connection_pointer& self);
    void tell_room(const connection_pointer& self);

    // Output.
    void push(bytes frames);
    void send(const connection_pointer& self);
    void wait_writable(connection_pointer self);
    void note_backlog(const connection_pointer& self, bool made_progress);

    // End.
    void close_after_output(const connection_pointer& self);
    void shut_down(const connection_pointer& self);
    void drop(const connection_pointer& self, const char* reason);
    void close(const connection_pointer& self);
    void set_deadline(const connection_pointer& self, std::chrono::milliseconds from_now);

    void clear_deadline() { deadline_ = time_point::max(); }

    stream_socket socket_;
    io_shard& shard_;
    client_input input_;
    output_queue output_;
    std::size_t oversize_ = 0; ///< of output that came in one piece while there was room
    time_point deadline_ = time_point::max();
    tcp::endpoint peer_;
    time_point arrived_{};
    phase phase_ = phase::open;
    delivery::next_step turn_ =
        delivery::next_step::none; ///< a turn that waits for the output to shrink
    bool is_reading_ = false;      ///< waits for readability
    bool is_writing_ = false;      ///< waits for writability
    bool is_paused_ = false;       ///< too much is unsent
    bool tells_room_ = false;      ///< as soon as it is not paused
    bool is_watched_ = false;      ///< by the shard's sweep
    bool has_peer_ended_ = false;  ///< it will send nothing more
    core_notes notes_of_core_;
};

} // namespace conclave::net
