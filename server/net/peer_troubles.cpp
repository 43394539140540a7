// What a `peer_network` counts, logs and remembers of what went wrong, and what it tells of itself.
#include "server/net/peer_network.hpp"
#include "server/net/resolve.hpp"

#include <fmt/format.h>

#include <utility>

namespace conclave::net {

namespace {

using kind = peer_failure::kind;

bool is_refusal(const peer_failure& why) {
    return why.what == kind::refused_here || why.what == kind::refused_there;
}

/// Two connections of one pair have met, as they do all the time.
bool is_harmless(const peer_failure& why) {
    return is_refusal(why) && why.code == refusal_code::already_linked;
}

log_level level_of(const peer_connection& which, const peer_failure& why) {
    if (is_harmless(why)) {
        return log_level::debug;
    }
    if (is_refusal(why) && why.code != refusal_code::too_many) {
        // Somebody has made a mistake, and it does not go away by itself.
        return log_level::error;
    }
    if (why.what == kind::ended && which.side() == peer_side::acceptor) {
        // As a look whether the port is open, or a dialer that was faster elsewhere.
        return log_level::debug;
    }
    return log_level::warning;
}

const char* event_of(const peer_failure& why) {
    switch (why.what) {
    case kind::refused_here:
        return "server refused";
    case kind::refused_there:
        return "refused by server";
    default:
        return "server connection failed";
    }
}

/// The port of one who dials is new each time, and would make every line a new one.
std::string address_of(const peer_connection& which) {
    return which.side() == peer_side::dialer ? endpoint_text(which.remote())
                                             : which.remote().address().to_string();
}

} // namespace

void peer_network::count(const peer_failure& why) {
    switch (why.what) {
    case kind::refused_here:
        counters_.refused_here += is_harmless(why) ? 0 : 1;
        break;
    case kind::refused_there:
        counters_.refused_there += is_harmless(why) ? 0 : 1;
        break;
    case kind::not_secured:
        ++counters_.not_secured;
        break;
    case kind::bad_handshake:
        ++counters_.bad_handshakes;
        break;
    case kind::slow_handshake:
        ++counters_.slow_handshakes;
        break;
    case kind::bad_length:
        ++counters_.bad_lengths;
        break;
    case kind::bad_checksum:
        ++counters_.bad_checksums;
        break;
    case kind::too_slow:
        ++counters_.too_slow;
        break;
    case kind::too_large:
    case kind::ended:
    case kind::given_up:
        break;
    }
}

void peer_network::on_handshake_failed(const peer_connection& which, const peer_failure& why) {
    const server_id peer = which.peer();
    complaints_.log(
        level_of(which, why),
        fmt::format(
            "{} peer={} address={} reason=\"{}\"",
            event_of(why),
            peer.value,
            address_of(which),
            why.sentence
        ),
        clock::now()
    );
    if (!is_harmless(why)) {
        note_trouble(which.side() == peer_side::dialer ? which.dialed() : peer, why.sentence);
    }
    if (which.side() == peer_side::dialer) {
        if (const auto dialer = dialers_.find(which.dialed()); dialer != dialers_.end()) {
            dialer->second->on_handshake_failed();
        }
    }
}

void peer_network::on_dial_failed(
    server_id peer, const std::string& address, const std::string& sentence
) {
    complaints_.log(
        log_level::warning,
        fmt::format(
            "server not reached peer={} address={} reason=\"{}\"", peer.value, address, sentence
        ),
        clock::now()
    );
    note_trouble(peer, fmt::format("{}: {}", address, sentence));
}

void peer_network::on_dial_refused(server_id peer) {
    events_.on_dial_refused(peer);
}

void peer_network::note_trouble(server_id peer, const std::string& sentence) {
    if (dialers_.contains(peer)) {
        troubles_[peer] = {sentence, clock::now()};
    }
}

// ---- queries ----

std::size_t peer_network::queued_size(server_id peer) const {
    const peer_link* const link = links_.find(peer);
    return link == nullptr ? 0 : link->connection->queued_size();
}

std::vector<tcp::endpoint> peer_network::local_endpoints() const {
    std::vector<tcp::endpoint> all;
    for (const open_door& each : doors_) {
        const std::vector<tcp::endpoint> of_door = each.listener->local_endpoints();
        all.insert(all.end(), of_door.begin(), of_door.end());
    }
    return all;
}

std::vector<peer_status> peer_network::status() const {
    std::map<server_id, peer_status> all;
    for (const auto& [id, dialer] : dialers_) {
        all[id].endpoints = dialer->endpoints();
    }
    for (const auto& [id, last] : troubles_) {
        all[id].last_error = last.sentence;
        all[id].last_error_at = last.since;
    }
    for (const auto& [id, link] : links_.all()) {
        all[id].link = peer_link_status{
            link.generation,
            link.number,
            endpoint_text(link.connection->remote()),
            link.connection->side() == peer_side::dialer,
            link.peer.cluster,
            link.peer.storage,
            link.peer.boot,
            link.up_since,
            link.connection->traffic(),
            link.connection->queued_size()};
    }
    std::vector<peer_status> ordered;
    for (auto& [id, each] : all) {
        each.id = id;
        ordered.push_back(std::move(each));
    }
    return ordered;
}

} // namespace conclave::net
