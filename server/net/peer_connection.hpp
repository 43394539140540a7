/// One connection with another server.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/peer_events.hpp"
#include "server/net/peer_handshake.hpp"
#include "server/net/peer_output.hpp"
#include "server/net/peer_stream.hpp"

#include <memory>
#include <string>
#include <vector>

namespace conclave::net {

class peer_connection;
using peer_connection_pointer = std::shared_ptr<peer_connection>;

/// Why a connection is of no use, or of no use any more.
struct peer_failure {
    enum class kind {
        ended,          ///< by the other side or by the network
        refused_here,   ///< a refusal is on its way to the other side
        refused_there,  ///< the other side has refused
        not_secured,    ///< TLS has failed
        bad_handshake,  ///< not what a server sends
        slow_handshake, ///< not within the time
        bad_length,     ///< of a frame
        bad_checksum,   ///< of a frame
        too_slow,       ///< too much is unsent
        too_large,      ///< a frame that would have to be sent
        given_up,       ///< for a reason that the owner knows
    };

    kind what{};
    link_loss as_loss{};
    std::string sentence;
    refusal_code code{}; ///< with `refused_here` and `refused_there`
};

struct peer_traffic {
    std::uint64_t octets_in{};
    std::uint64_t octets_out{}; ///< handed to the system
    std::uint64_t frames_in{};
    std::uint64_t frames_out{}; ///< handed to the link
};

/// What a connection reports; never from within a call of its methods.
class peer_connection_owner {
public:
    /// It is the link now; whatever was the link of this pair before is not any more.
    virtual void on_open(const peer_connection_pointer& which) = 0;

    virtual void on_frame(peer_connection& from, bytes_view payload) = 0;

    virtual void on_writable(peer_connection& which) = 0;

    /// Once at most, and last.
    virtual void on_failed(const peer_connection_pointer& which, const peer_failure& why) = 0;

protected:
    ~peer_connection_owner() = default;
};

/// From a connected socket to the end: handshake, then frames.
///
/// Reads as fast as the owner takes frames; what is read at once is bounded. Writes what has
/// gathered with few system calls. After a refusal it stays until the other side has read that, or
/// the time of a handshake is over.
///
/// One thread; kept alive by what it waits for. The registry and the owner are not used after
/// `abandon`, nor after `on_failed`.
class peer_connection final : public std::enable_shared_from_this<peer_connection> {
public:
    /// `dialed`: whom the dialer means.
    peer_connection(
        asio::io_context& context,
        std::unique_ptr<peer_stream> stream,
        const tcp::endpoint& remote,
        peer_side side,
        server_id own,
        server_id dialed,
        const peer_limits& limits,
        peer_registry& registry,
        peer_connection_owner& owner
    );
    peer_connection(const peer_connection&) = delete;
    peer_connection& operator=(const peer_connection&) = delete;

    void start();

    /// False if it is not open, or has just failed because too much is unsent.
    bool send(const peer_frame& frame);

    /// Ends it now and reports that soon.
    void fail(peer_failure why);

    /// Ends it and reports nothing any more.
    void abandon();

    /// Set by the owner when it is open.
    void set_generation(link_generation generation) { generation_ = generation; }

    [[nodiscard]] link_generation generation() const { return generation_; }

    [[nodiscard]] bool is_closed() const { return phase_ == phase::closed; }

    [[nodiscard]] peer_side side() const { return side_; }

    [[nodiscard]] const tcp::endpoint& remote() const { return remote_; }

    /// 0 if it was accepted.
    [[nodiscard]] server_id dialed() const { return dialed_; }

    /// Who is there, or was dialed, or 0.
    [[nodiscard]] server_id peer() const;

    [[nodiscard]] const peer_handshake& handshake() const { return handshake_; }

    [[nodiscard]] std::size_t queued_size() const { return output_.size(); }

    [[nodiscard]] const peer_traffic& traffic() const { return traffic_; }

private:
    enum class phase {
        starting, ///< the stream is
        shaking,
        open,
        refusing, ///< the refusal is sent; input is thrown away
        closed,
    };

    void on_started(error_code failed);
    void wait_for_handshake();
    void on_deadline();

    // Input.
    void read();
    void on_read(error_code failed, std::size_t size);
    void take_frames();
    void take(bytes_view payload);
    void on_handshake_message(bytes_view payload);
    [[nodiscard]] std::optional<peer_refusal> objection_to_certificate() const;
    void become_open();
    void refuse();

    // Output.
    void push(const std::vector<peer_message>& messages);
    void request_flush();
    void flush();
    void on_written(error_code failed, std::size_t size);
    void note_room();

    // End.
    void fail(const error_code& reason);
    void close(bool abort);

    asio::io_context& context_;
    std::unique_ptr<peer_stream> stream_;
    tcp::endpoint remote_;
    peer_side side_;
    server_id dialed_;
    const peer_limits limits_;
    peer_registry& registry_;
    peer_connection_owner* owner_; ///< null once nothing is reported any more
    timer deadline_;
    peer_handshake handshake_;
    phase phase_ = phase::starting;
    link_generation generation_;

    std::vector<char> input_;
    peer_frame_reader reader_;
    peer_output output_;
    std::vector<asio::const_buffer> gathered_; ///< what is being written
    bool is_flushing_ = false;
    bool is_above_soft_size_ = false;
    peer_traffic traffic_;
};

} // namespace conclave::net
