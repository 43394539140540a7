#include "server/net/peer_handshake.hpp"

#include <fmt/format.h>

#include <utility>

namespace conclave::net {

namespace {

peer_refusal no_common_version(const peer_hello& from) {
    return {
        refusal_code::no_common_version,
        fmt::format(
            "the server that was met speaks versions {} to {} of the protocol between servers, "
            "this one {} to {}: run releases that are close enough to each other",
            from.version_min,
            from.version_max,
            peer_version_min,
            peer_version_max
        )};
}

peer_refusal same_id(const peer_hello& own, const peer_hello& from) {
    if (own.storage == from.storage && own.boot == from.boot) {
        return {
            refusal_code::own_id,
            fmt::format(
                "server {} has reached itself: check the address of server {}",
                own.server.value,
                from.addressee.value
            )};
    }
    return {
        refusal_code::own_id,
        fmt::format(
            "two servers have the id {}: give each server an id of its own", own.server.value
        )};
}

/// What the hello alone says against a link. `expected` is whom the dialer means.
std::optional<peer_refusal>
objection_to_hello(const peer_hello& own, const peer_hello& from, server_id expected) {
    if (std::optional<peer_refusal> why = objection_to_cluster(own.cluster, from)) {
        return why;
    }
    if (from.server == own.server) {
        return same_id(own, from);
    }
    if (from.storage == own.storage) {
        return refusal_of_copy(own.server, from.server);
    }
    if (from.addressee != own.server) {
        return peer_refusal{
            refusal_code::wrong_id,
            fmt::format(
                "server {} was dialed, but server {} is here: check the addresses and ids",
                from.addressee.value,
                own.server.value
            )};
    }
    if (from.server != expected) {
        return peer_refusal{
            refusal_code::wrong_id,
            fmt::format(
                "server {} was dialed, but server {} answered: check the addresses and ids",
                expected.value,
                from.server.value
            )};
    }
    return std::nullopt;
}

} // namespace

peer_refusal refusal_of_copy(server_id one, server_id other) {
    return {
        refusal_code::copied_storage,
        fmt::format(
            "servers {} and {} run on copies of one data directory: empty that of the server that "
            "it does not belong to, and let it fetch the data from the others",
            one.value,
            other.value
        )};
}

std::optional<peer_refusal>
objection_to_cluster(const std::optional<unique_id>& own, const peer_hello& from) {
    if (!own || !from.cluster || *own == *from.cluster) {
        return std::nullopt;
    }
    return peer_refusal{
        refusal_code::other_cluster,
        fmt::format(
            "server {} belongs to cluster {}, not to {}: check the addresses, or empty its data "
            "directory if it is to join",
            from.server.value,
            text_of(*from.cluster),
            text_of(*own)
        )};
}

peer_handshake::peer_handshake(peer_side side, server_id own, server_id dialed)
    : side_(side), own_(own), dialed_(dialed) {}

std::vector<peer_message> peer_handshake::start(const peer_registry& registry) const {
    if (side_ == peer_side::acceptor) {
        return {};
    }
    return {registry.introduction_to(dialed_)};
}

peer_handshake::outcome peer_handshake::on_message(
    bytes_view payload, peer_registry& registry, std::vector<peer_message>& replies
) {
    const std::optional<peer_message> message = decode_peer_message(payload);
    if (!message) {
        return outcome::broken;
    }
    if (const auto* refusal = std::get_if<peer_refusal>(&*message)) {
        refusal_ = *refusal;
        return outcome::refused_there;
    }
    switch (next_) {
    case waiting_for::hello:
        if (const auto* hello = std::get_if<peer_hello>(&*message)) {
            return on_hello(*hello, registry, replies);
        }
        break;
    case waiting_for::ready:
        if (std::holds_alternative<peer_ready>(*message)) {
            return on_ready(registry, replies);
        }
        break;
    case waiting_for::open:
        if (const auto* open = std::get_if<peer_open>(&*message)) {
            return on_open(*open, registry);
        }
        break;
    }
    return outcome::broken;
}

peer_handshake::outcome peer_handshake::on_hello(
    const peer_hello& hello, const peer_registry& registry, std::vector<peer_message>& replies
) {
    if (!has_common_version(hello)) {
        return refuse(no_common_version(hello), replies);
    }
    const bool is_dialer = side_ == peer_side::dialer;
    const peer_hello own = registry.introduction_to(hello.server);
    peer_ = hello;
    std::optional<peer_refusal> why =
        objection_to_hello(own, hello, is_dialer ? dialed_ : hello.server);
    if (!why) {
        why = registry.objection_to(hello);
    }
    if (why) {
        return refuse(std::move(*why), replies);
    }
    if (!is_dialer) {
        replies.emplace_back(own);
    }
    if (is_decider()) {
        next_ = waiting_for::ready;
    } else {
        replies.emplace_back(peer_ready{});
        next_ = waiting_for::open;
    }
    return outcome::going_on;
}

peer_handshake::outcome
peer_handshake::on_ready(peer_registry& registry, std::vector<peer_message>& replies) {
    if (std::optional<peer_refusal> why = registry.objection_to(*peer_)) {
        return refuse(std::move(*why), replies);
    }
    link_number_ = registry.draw_link_number();
    replies.emplace_back(peer_open{link_number_});
    return outcome::open;
}

/// The other side takes the connection for open already, so there is no place for a refusal.
peer_handshake::outcome
peer_handshake::on_open(const peer_open& open, const peer_registry& registry) {
    if (std::optional<peer_refusal> why = registry.objection_to(*peer_)) {
        refusal_ = std::move(*why);
        return outcome::refused_here;
    }
    link_number_ = open.link_number;
    return outcome::open;
}

peer_handshake::outcome
peer_handshake::refuse(peer_refusal why, std::vector<peer_message>& replies) {
    refusal_ = why;
    replies.assign(1, std::move(why));
    return outcome::refused_here;
}

} // namespace conclave::net
