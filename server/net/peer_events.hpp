/// What the transport between servers tells the core.
#pragma once

#include <conclave/types.hpp>

namespace conclave::net {

/// Of a link; grows with every link that this process establishes, whoever the peer is. Never 0.
using link_generation = strong_integer<struct link_generation_tag, std::uint64_t>;

/// Why a link is gone: a hint for the failure detector, nothing that safety may rest on.
enum class link_loss {
    closed,    ///< the other side ended it, as the system does for a process that has ended
    reset,     ///< broken off, as by a process that has ended with input unread
    timed_out, ///< the other host has not answered for a while, or cannot be reached
    replaced,  ///< by a newer link with the same server, which is reported next
    dropped,   ///< given up here: the peer was too slow, broke the protocol, or was not wanted
};

/// Receives what happens to links. All calls come on the core thread and never from within a call
/// of `peer_network`; they may themselves call anything of it but its destructor.
///
/// For one server the calls are: up, frames and writable, down, and again. Everything between an up
/// and its down belongs to that generation, and generations grow, so a frame of an older link never
/// follows one of a newer.
class peer_events {
public:
    virtual ~peer_events() = default;

    /// Frames may be sent from now on.
    virtual void on_link_up(server_id peer, link_generation generation) = 0;

    /// Whatever was sent and not answered may or may not have arrived.
    virtual void on_link_down(server_id peer, link_generation generation, link_loss how) = 0;

    /// `frame` is valid during the call; its checksum was right. Never empty.
    virtual void on_peer_frame(server_id peer, link_generation generation, bytes_view frame) = 0;

    /// Every address of the server refuses connections: the host is up and the process is not.
    /// Reported once per round of dialing.
    virtual void on_dial_refused(server_id peer) = 0;

    /// The queue of the link had reached its soft size and has fallen to half of that.
    virtual void on_writable(server_id peer, link_generation generation) = 0;
};

} // namespace conclave::net
