/// How a connection between two servers becomes their link, or does not.
#pragma once

#include "server/net/peer_message.hpp"
#include "server/net/peer_stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace conclave::net {

/// Servers of two clusters have nothing to say to each other; one that belongs to none may talk to
/// any.
[[nodiscard]] std::optional<peer_refusal>
objection_to_cluster(const std::optional<unique_id>& own, const peer_hello& from);

/// Two servers with one storage: both would vote for what one of them has promised.
[[nodiscard]] peer_refusal refusal_of_copy(server_id one, server_id other);

/// What the handshake of one connection must know of everything else.
class peer_registry {
public:
    virtual ~peer_registry() = default;

    /// How this server presents itself to that one.
    [[nodiscard]] virtual peer_hello introduction_to(server_id addressee) const = 0;

    /// What speaks against a link with that server now. Asked when it has presented itself, and
    /// again when the link is about to be opened.
    [[nodiscard]] virtual std::optional<peer_refusal> objection_to(const peer_hello& from
    ) const = 0;

    /// The names and addresses under which that server is known; none of a stranger.
    [[nodiscard]] virtual std::vector<std::string> hosts_of(server_id peer) const = 0;

    /// For a link that is opened here.
    [[nodiscard]] virtual std::uint64_t draw_link_number() = 0;
};

/// The handshake of one connection, without the connection: messages in, messages out.
///
/// The dialer presents itself, then the other one if it has no objection. Of the two, the server
/// with the smaller id says that it is ready, and the one with the greater id opens the link or
/// refuses. So one server decides alone which of several connections is the link of a pair, and
/// both mean the same one, however the messages cross.
class peer_handshake {
public:
    enum class outcome {
        going_on,
        open,
        refused_here,  ///< the other side is told so by the replies, if it can be; then closed
        refused_there, ///< `refusal` says why
        broken,        ///< what came was no message that belongs here
    };

    /// `dialed`: whom the dialer means; not looked at on the other side.
    peer_handshake(peer_side side, server_id own, server_id dialed);

    /// What is to be sent at once.
    [[nodiscard]] std::vector<peer_message> start(const peer_registry& registry) const;

    /// Takes the payload of a frame. Adds what is to be sent to `replies`. After another outcome
    /// than `going_on` it must not be called again.
    [[nodiscard]] outcome
    on_message(bytes_view payload, peer_registry& registry, std::vector<peer_message>& replies);

    /// Ends it for a reason that lies outside: instead of what `on_message` has added to `replies`.
    outcome refuse(peer_refusal why, std::vector<peer_message>& replies);

    /// Who the other side is. Nothing before it has presented itself; with `refused_here` it may
    /// not be true.
    [[nodiscard]] const std::optional<peer_hello>& peer() const { return peer_; }

    /// Precondition: the outcome was `refused_here` or `refused_there`.
    [[nodiscard]] const peer_refusal& refusal() const { return refusal_; }

    /// 0 until the outcome is `open`.
    [[nodiscard]] std::uint64_t link_number() const { return link_number_; }

private:
    enum class waiting_for { hello, ready, open };

    outcome on_hello(
        const peer_hello& hello, const peer_registry& registry, std::vector<peer_message>& replies
    );
    outcome on_ready(peer_registry& registry, std::vector<peer_message>& replies);
    outcome on_open(const peer_open& open, const peer_registry& registry);

    [[nodiscard]] bool is_decider() const { return own_ > peer_->server; }

    peer_side side_;
    server_id own_;
    server_id dialed_;
    waiting_for next_ = waiting_for::hello;
    std::optional<peer_hello> peer_;
    peer_refusal refusal_;
    std::uint64_t link_number_ = 0;
};

} // namespace conclave::net
