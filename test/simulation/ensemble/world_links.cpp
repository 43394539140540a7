/// The network between the servers: one connection per pair, in order while it lasts.
#include "server/replica/peer_message.hpp"
#include "test/simulation/ensemble/describe.hpp"
#include "test/simulation/ensemble/world.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

/// What links take when jute.maxbuffer is what it is by default.
constexpr std::size_t frame_size_max = (std::size_t{16} << 20U) + 2 * std::size_t{0xfffff};

} // namespace

bool world::can_reach(server_id from, server_id to) const {
    return !cut_.contains({from, to});
}

world::link& world::link_of(server_id one, server_id other) {
    return links_[std::minmax(one, other)];
}

void world::dial_everybody(server_id from) {
    for (const auto& [id, each] : servers_) {
        if (id != from) {
            events_.after(
                network_random_.between(microseconds{50}, milliseconds{20}),
                [this, from, to = id] { dial(from, to); }
            );
        }
    }
}

/// Both ends run and hear each other: the link comes up, and each end learns it in its time.
void world::dial(server_id one, server_id other) {
    link& between = link_of(one, other);
    const bool is_possible = servers_.at(one)->is_running() && servers_.at(other)->is_running() &&
                             can_reach(one, other) && can_reach(other, one);
    if (between.is_up || !is_possible) {
        return;
    }
    between.is_up = true;
    const std::uint64_t generation = ++between.generation;
    for (const auto& [at, peer] : {std::pair{one, other}, std::pair{other, one}}) {
        between.ends[at].held.clear();
        server& here = *servers_.at(at);
        events_.after(
            network_random_.between(microseconds{10}, milliseconds{2}),
            [this, &here, peer = peer, generation] { tell_link_up(here, peer, generation); }
        );
    }
}

void world::tell_link_up(server& at, server_id peer, std::uint64_t generation) {
    link& between = link_of(at.id, peer);
    link::end& end = between.ends[at.id];
    if (!between.is_up || between.generation != generation || end.told_up == generation) {
        return;
    }
    if (end.told_up != 0) { // the peer has dialled anew before the old connection was missed
        tell_link_down(at, peer, end.told_up, zab::link_loss::silent);
    }
    end.told_up = generation;
    journal_.note('s', at.id.value, "link to {} is up", peer.value);
    input(at, [this, &at, peer](replica::replica& here) { here.on_link_up(peer, clock_of(at)); });
}

void world::break_link(server_id one, server_id other, zab::link_loss how) {
    link& between = link_of(one, other);
    if (!between.is_up) {
        return;
    }
    between.is_up = false;
    const std::uint64_t generation = between.generation;
    for (const auto& [at, peer] : {std::pair{one, other}, std::pair{other, one}}) {
        between.ends[at].held.clear();
        server& here = *servers_.at(at);
        if (between.ends[at].told_up != generation || !here.is_running()) {
            continue;
        }
        events_.after(
            network_random_.between(microseconds{10}, milliseconds{20}),
            [this, &here, peer = peer, generation, how] {
                tell_link_down(here, peer, generation, how);
            }
        );
    }
    events_.after(network_random_.between(milliseconds{21}, milliseconds{250}), [=, this] {
        dial(one, other);
    });
}

void world::tell_link_down(
    server& at, server_id peer, std::uint64_t generation, zab::link_loss how
) {
    link::end& end = link_of(at.id, peer).ends[at.id];
    if (end.told_up != generation || !at.is_running()) {
        return;
    }
    end.told_up = 0;
    journal_.note('s', at.id.value, "link to {} is down", peer.value);
    input(at, [this, &at, peer, how](replica::replica& here) {
        here.on_link_down(peer, how, clock_of(at));
    });
}

void world::transmit(server& from, server_id to, bytes frame) {
    link& between = link_of(from.id, to);
    const std::uint64_t generation = between.ends[from.id].told_up;
    if (generation == 0 || !between.is_up || between.generation != generation) {
        return;
    }
    if (frame.size() > frame_size_max) {
        violated("server {} sends a message of {} octets", from.id.value, frame.size());
    }
    if (!is_healing_ && network_random_.chance(plan_.link_reset)) {
        ++reached_.link_resets;
        return break_link(from.id, to, zab::link_loss::silent);
    }
    carry(from.id, to, generation, std::move(frame));
}

void world::carry(server_id from, server_id to, std::uint64_t generation, bytes frame) {
    link::end& sender = link_of(from, to).ends[from];
    const bool is_slow = !is_healing_ && network_random_.chance(plan_.slow_message);
    const nanoseconds takes = is_slow
                                  ? network_random_.between(milliseconds{1}, milliseconds{700})
                                  : network_random_.between(microseconds{30}, microseconds{300});
    sender.newest_arrival = std::max(events_.now() + takes, sender.newest_arrival + nanoseconds{1});
    events_.after(
        sender.newest_arrival - events_.now(),
        [this, from, to, generation, frame = std::move(frame)]() mutable {
            arrive(from, to, generation, std::move(frame));
        }
    );
}

void world::arrive(server_id from, server_id to, std::uint64_t generation, bytes frame) {
    link& between = link_of(from, to);
    if (!between.is_up || between.generation != generation) {
        return;
    }
    if (!can_reach(from, to) || !between.ends[from].held.empty()) {
        ++reached_.frames_held_by_partition;
        between.ends[from].held.push_back(std::move(frame));
        return;
    }
    server& at = *servers_.at(to);
    tell_link_up(at, from, generation);
    if (journal_.is_printed()) {
        journal_.note('s', to.value, "hears from {}: {}", from.value, describe_frame(frame));
    } else {
        journal_.note('s', to.value, "{}{}", from.value, frame.size());
    }
    input(at, [this, &at, from, frame = std::move(frame)](replica::replica& here) {
        note_sessions(at, from, frame);
        if (!here.on_peer_frame(from, frame, clock_of(at))) {
            violated("server {} cannot read what server {} sent", at.id.value, from.value);
        }
    });
}

/// The partition is over, and the connection has outlived it: what was sent comes through.
void world::release_held(server_id from, server_id to) {
    link& between = link_of(from, to);
    if (!between.is_up) {
        return;
    }
    const std::uint64_t generation = between.generation;
    for (bytes& frame : std::exchange(between.ends[from].held, {})) {
        arrive(from, to, generation, std::move(frame));
    }
}

/// What a leader hears of sessions at other servers.
void world::note_sessions(server& at, server_id from, bytes_view frame) {
    if (!at.running->is_leading()) {
        return;
    }
    const std::optional<replica::peer_message> message = replica::decode_peer_message(frame);
    if (!message) {
        return;
    }
    if (const auto* const touched = std::get_if<replica::touch_message>(&*message)) {
        for (const replica::touched_session& each : touched->sessions) {
            at.touched[each.id] = clock_of(at).monotonic;
        }
    } else if (const auto* const moved = std::get_if<replica::revalidate_message>(&*message)) {
        const bool is_wanted = std::ranges::any_of(connections_, [&](const auto& each) {
            return each.second.client_is_there && each.second.session == moved->session &&
                   each.second.server == from;
        });
        if (!is_wanted) {
            left_behind_[moved->session] = next_connection_;
        }
    }
}

} // namespace conclave::ensemble
