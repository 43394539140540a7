/// The links between the servers of an ensemble.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/peer_complaints.hpp"
#include "server/net/peer_connection.hpp"
#include "server/net/peer_dialer.hpp"
#include "server/net/peer_events.hpp"
#include "server/net/peer_links.hpp"
#include "server/net/peer_listener.hpp"
#include "server/net/peer_status.hpp"

#include <conclave/rate_limited_log.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conclave::net {

/// Keeps one link with each peer: dials all that it knows and has no link with, and accepts
/// whoever dials in, also servers that it does not know, because who may do what is decided above.
/// Moves frames and does not look into them (docs/formats/peer-transport.md).
///
/// Bad input costs the sender its connection, and is counted and logged. Queues, the number of
/// links with unknown servers and of unfinished handshakes, and what a frame may hold are bounded.
///
/// Lives on one thread, the one that runs `context`; has none of its own. `context` and `events`
/// must outlive it. It must not be destroyed from within a call of `events`.
class peer_network final : private peer_connection_owner, private peer_dialer_owner {
public:
    peer_network(
        asio::io_context& context,
        peer_network_settings configured,
        peer_events& events,
        peer_stream_factory make_stream = make_plain_stream
    );

    /// As `stop`.
    ~peer_network();
    peer_network(const peer_network&) = delete;
    peer_network& operator=(const peer_network&) = delete;

    /// Accepts connections from now on. Precondition: it does not do so yet.
    /// @throws std::runtime_error with a sentence for the operator
    void listen();

    /// Where to listen from now on, in place of what was given before; connections stay. Where it
    /// cannot listen it says so in the log, and tries again with the next call; if it can listen
    /// nowhere of all this, it stays where it was.
    void set_listeners(const std::vector<listen_address>& at);

    /// Whom to dial, in place of what was given before. Several entries with one id are several
    /// addresses of one server; entries with the own id are left out. Links stay as they are, also
    /// with servers that are not named any more: `drop` ends them.
    void set_peers(const std::vector<peer_endpoint>& peers);

    /// Ends links with servers of another cluster. Once set, it may not be changed.
    void set_cluster(const unique_id& cluster);

    /// Queues a frame, whose pieces may be shared with other links; it leaves together with what
    /// else is sent before the executor comes round. False, and nothing is sent, if the link is
    /// gone, or is dropped now because the peer is too slow or the frame larger than
    /// `frame_size_max` (`on_link_down` follows in all cases).
    /// Precondition: the frame has a payload.
    bool send(server_id peer, link_generation generation, const peer_frame& frame);

    /// What waits to be sent, about, in octets of memory; 0 without a link.
    [[nodiscard]] std::size_t queued_size(server_id peer) const;

    /// Ends the link, if it is still this one. `on_link_down` follows; the peer is dialed again if
    /// it is known. `reason` is for the operator.
    void drop(server_id peer, link_generation generation, const std::string& reason);

    /// Ends everything, and reports nothing any more. May be called again.
    void stop();

    /// All peers that are known or linked, in the order of their ids.
    [[nodiscard]] std::vector<peer_status> status() const;

    [[nodiscard]] const peer_counters& counters() const { return counters_; }

    /// Where it listens.
    [[nodiscard]] std::vector<tcp::endpoint> local_endpoints() const;

private:
    using clock = std::chrono::steady_clock;

    struct trouble {
        std::string sentence;
        clock::time_point since;
    };

    // peer_connection_owner
    void on_open(const peer_connection_pointer& which) override;
    void on_frame(peer_connection& from, bytes_view payload) override;
    void on_writable(peer_connection& which) override;
    void on_failed(const peer_connection_pointer& which, const peer_failure& why) override;

    // peer_dialer_owner
    void on_connected(server_id peer, tcp_socket socket, const tcp::endpoint& remote) override;
    void on_dial_failed(server_id peer, const std::string& address, const std::string& sentence)
        override;
    void on_dial_refused(server_id peer) override;

    [[nodiscard]] std::shared_ptr<peer_listener> listen_at(const listen_address& at);
    void try_to_listen_at(const listen_address& at);
    void on_accepted(tcp_socket socket, const tcp::endpoint& remote);
    void begin(tcp_socket socket, const tcp::endpoint& remote, peer_side side, server_id dialed);
    void limit_handshakes();
    void abandon_dials_of(server_id peer);

    [[nodiscard]] bool is_link(const peer_connection& which) const;
    void end_link(
        const peer_link& link,
        link_loss how,
        const std::string& sentence,
        log_level level = log_level::warning
    );

    // peer_troubles.cpp
    void count(const peer_failure& why);
    void on_handshake_failed(const peer_connection& which, const peer_failure& why);
    void note_trouble(server_id peer, const std::string& sentence);

    asio::io_context& context_;
    peer_network_settings settings_;
    peer_events& events_;
    peer_stream_factory make_stream_;
    peer_links links_;
    rate_limited_log link_log_;
    peer_complaints complaints_;
    peer_counters counters_;

    struct open_door {
        listen_address at;
        std::shared_ptr<peer_listener> listener;
    };

    std::vector<open_door> doors_;
    std::map<server_id, std::shared_ptr<peer_dialer>> dialers_; ///< of the known peers
    std::map<server_id, trouble> troubles_;                     ///< of the known peers
    std::vector<peer_connection_pointer> handshakes_;           ///< and refusals; the oldest first
};

} // namespace conclave::net
