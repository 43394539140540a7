#include "server/net/peer_links.hpp"

#include "server/net/resolve.hpp"

#include <conclave/assert.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::net {

peer_links::peer_links(
    server_id own, const unique_id& storage, std::uint64_t boot, const peer_limits& limits
)
    : own_(own), storage_(storage), boot_(boot), stranger_count_max_(limits.stranger_count_max) {}

peer_hello peer_links::introduction_to(server_id addressee) const {
    peer_hello own;
    own.server = own_;
    own.addressee = addressee;
    own.cluster = cluster_;
    own.storage = storage_;
    own.boot = boot_;
    const auto lost = lost_.find(addressee);
    own.lost_link = lost == lost_.end() ? 0 : lost->second;
    return own;
}

std::optional<peer_refusal> peer_links::objection_to(const peer_hello& from) const {
    if (std::optional<peer_refusal> why = objection_to_cluster(cluster_, from)) {
        return why;
    }
    for (const auto& [id, link] : links_) {
        if (id != from.server && link.peer.storage == from.storage) {
            return refusal_of_copy(id, from.server);
        }
    }
    const peer_link* const link = find(from.server);
    if (link == nullptr) {
        if (known_.contains(from.server) || stranger_count() < stranger_count_max_) {
            return std::nullopt;
        }
        return peer_refusal{
            refusal_code::too_many,
            fmt::format(
                "server {} is not known here, and {} unknown servers are connected already",
                from.server.value,
                stranger_count()
            )};
    }
    if (link->peer.storage != from.storage) {
        return peer_refusal{
            refusal_code::id_in_use,
            fmt::format(
                "the id {} is in use by another server, at {}: give each server an id of its own",
                from.server.value,
                endpoint_text(link->connection->remote())
            )};
    }
    // Only one of the two decides; the other one follows.
    if (own_ < from.server || is_superseded(*link, from)) {
        return std::nullopt;
    }
    return peer_refusal{
        refusal_code::already_linked,
        fmt::format("servers {} and {} have a link already", own_.value, from.server.value)};
}

bool peer_links::is_superseded(const peer_link& link, const peer_hello& by) const {
    return link.peer.boot != by.boot || link.number == by.lost_link;
}

std::vector<std::string> peer_links::hosts_of(server_id peer) const {
    const auto at = known_.find(peer);
    return at == known_.end() ? std::vector<std::string>{} : at->second;
}

std::uint64_t peer_links::draw_link_number() {
    std::uint64_t number = 0;
    while (number == 0) {
        number = random_();
    }
    return number;
}

peer_link& peer_links::add(
    peer_connection_pointer connection,
    const peer_hello& peer,
    std::uint64_t number,
    std::chrono::steady_clock::time_point now
) {
    const auto [at, is_new] = links_.try_emplace(peer.server);
    CONCLAVE_ASSERT(is_new);
    at->second = {std::move(connection), peer, number, link_generation{++generation_}, now};
    return at->second;
}

void peer_links::remove(server_id peer) {
    const auto at = links_.find(peer);
    CONCLAVE_ASSERT(at != links_.end());
    lost_[peer] = at->second.number;
    links_.erase(at);
}

const peer_link* peer_links::find(server_id peer) const {
    const auto at = links_.find(peer);
    return at == links_.end() ? nullptr : &at->second;
}

std::size_t peer_links::stranger_count() const {
    return static_cast<std::size_t>(std::count_if(
        links_.begin(),
        links_.end(),
        [this](const auto& each) { return !known_.contains(each.first); }
    ));
}

} // namespace conclave::net
