/// The links of this server, one per peer.
#pragma once

#include "server/net/peer_connection.hpp"

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace conclave::net {

struct peer_link {
    peer_connection_pointer connection;
    peer_hello peer;        ///< who is there
    std::uint64_t number{}; ///< the same on both sides
    link_generation generation;
    std::chrono::steady_clock::time_point up_since;
};

/// Knows which links there are, and so whether another one may be.
///
/// Of two connections of a pair, the one that the server with the greater id opens first stays. It
/// gives way to a newer one in two cases only: the other server has been restarted, or says that
/// this link is over at its end. One thread.
class peer_links final : public peer_registry {
public:
    peer_links(server_id own, const unique_id& storage, std::uint64_t boot, const peer_limits&);

    void set_cluster(const unique_id& cluster) { cluster_ = cluster; }

    [[nodiscard]] const std::optional<unique_id>& cluster() const { return cluster_; }

    /// The servers that are no strangers, and where they may be found.
    void set_known(std::map<server_id, std::vector<std::string>> known) {
        known_ = std::move(known);
    }

    [[nodiscard]] peer_hello introduction_to(server_id addressee) const override;
    [[nodiscard]] std::optional<peer_refusal> objection_to(const peer_hello& from) const override;
    [[nodiscard]] std::vector<std::string> hosts_of(server_id peer) const override;
    [[nodiscard]] std::uint64_t draw_link_number() override;

    /// Gives the link its generation. Precondition: there is none with that peer.
    peer_link&
    add(peer_connection_pointer connection,
        const peer_hello& peer,
        std::uint64_t number,
        std::chrono::steady_clock::time_point now);

    /// Precondition: there is one.
    void remove(server_id peer);

    void clear() { links_.clear(); }

    /// Null if there is none. Valid until `remove`.
    [[nodiscard]] const peer_link* find(server_id peer) const;

    [[nodiscard]] const std::map<server_id, peer_link>& all() const { return links_; }

private:
    [[nodiscard]] std::size_t stranger_count() const;
    [[nodiscard]] bool is_superseded(const peer_link& link, const peer_hello& by) const;

    server_id own_;
    unique_id storage_;
    std::uint64_t boot_;
    std::size_t stranger_count_max_;
    std::optional<unique_id> cluster_;
    std::map<server_id, std::vector<std::string>> known_; ///< and their hosts
    std::map<server_id, peer_link> links_;
    std::map<server_id, std::uint64_t> lost_; ///< the number of the last link that ended
    std::uint64_t generation_ = 0;            ///< the last one given
    std::mt19937_64 random_{std::random_device{}()};
};

} // namespace conclave::net
