/// The network between clients and servers.
#include "test/simulation/ensemble/describe.hpp"
#include "test/simulation/ensemble/world.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

void world::act(std::uint32_t number) {
    const nanoseconds wait = clients_[number]->act(events_.now());
    events_.after(wait, [this, number] { act(number); });
}

connection_number world::connect(std::uint32_t number, std::uint32_t to) {
    const connection_number which = next_connection_++;
    connection added;
    added.client = number;
    added.server = server_id{to};
    const server& at = *servers_.at(added.server);
    added.boot = at.boot;
    added.session = clients_[number]->session();
    added.seen = clients_[number]->last_seen();
    added.has_left_requests = clients_[number]->has_left_requests();
    connections_.emplace(which, std::move(added));
    journal_.note('c', number, "connects to {} as #{}", to, which);
    if (!at.is_running()) {
        events_.after(network_random_.between(microseconds{50}, milliseconds{5}), [this, which] {
            client_lost(which);
        });
    }
    return which;
}

void world::send(connection_number on, bytes frame) {
    connection& via = connections_.at(on);
    const std::uint64_t boot = via.boot;
    if (boot == 0) {
        return;
    }
    carry(on, &connection::to_server, [this, on, boot, frame = std::move(frame)]() mutable {
        const auto at = connections_.find(on);
        if (at == connections_.end() || !at->second.server_is_there) {
            return;
        }
        server& to = *servers_.at(at->second.server);
        if (to.boot != boot) {
            return;
        }
        at->second.inbox.push_back(std::move(frame));
        input(to, [this, &to, on](replica::replica&) { feed(to, on); });
    });
}

void world::close(connection_number which) {
    connection& via = connections_.at(which);
    journal_.note('c', via.client, "leaves #{}", which);
    via.client_is_there = false;
    // The server learns it soon, late, or never from this.
    const nanoseconds takes = network_random_.chance(0.8)
                                  ? network_random_.between(microseconds{30}, milliseconds{5})
                                  : network_random_.between(milliseconds{5}, seconds{5});
    events_.after(takes, [this, which] {
        const auto at = connections_.find(which);
        if (at == connections_.end()) {
            return;
        }
        server& to = *servers_.at(at->second.server);
        if (to.boot != at->second.boot || !at->second.is_known || !to.is_running()) {
            connections_.erase(at);
            return;
        }
        input(to, [this, which](replica::replica& here) {
            const auto known = connections_.find(which);
            if (known == connections_.end()) {
                return;
            }
            if (known->second.server_is_there) {
                here.on_disconnect(known->second.at_server);
                by_server_.erase({known->second.server, known->second.at_server});
            }
            connections_.erase(known);
        });
    });
}

/// In order, in one direction; held while the connection is cut.
void world::carry(
    connection_number on, nanoseconds connection::*newest, std::function<void()> what
) {
    connection& via = connections_.at(on);
    const bool is_slow = !is_healing_ && network_random_.chance(plan_.slow_client);
    const nanoseconds takes = is_slow
                                  ? network_random_.between(milliseconds{1}, milliseconds{500})
                                  : network_random_.between(microseconds{30}, microseconds{200});
    via.*newest = std::max(events_.now() + takes, via.*newest + nanoseconds{1});
    events_.after(via.*newest - events_.now(), [this, on, what = std::move(what)]() mutable {
        let_through(on, std::move(what));
    });
}

void world::let_through(connection_number on, std::function<void()> what) {
    const auto at = connections_.find(on);
    if (at == connections_.end()) {
        return;
    }
    if (at->second.is_cut || !at->second.held.empty()) {
        at->second.held.push_back(std::move(what));
        return;
    }
    what();
}

/// The cut is over: what was held comes through, in order.
void world::release_held(connection_number on) {
    const auto at = connections_.find(on);
    if (at == connections_.end()) {
        return;
    }
    at->second.is_cut = false;
    for (auto& each : std::exchange(at->second.held, {})) {
        let_through(on, std::move(each));
    }
}

/// Gives the server the frames of a connection, as many as it wants now.
void world::feed(server& at, connection_number which) {
    const auto known = connections_.find(which);
    if (known == connections_.end() || !known->second.server_is_there) {
        return;
    }
    connection& via = known->second;
    if (!via.is_known) {
        via.is_known = true;
        via.at_server = at.running->on_connect({"127.0.0.1", 1}, clock_of(at));
        by_server_[{at.id, via.at_server}] = which;
        via.is_early = via.session != session_id{} && at.running->is_following() &&
                       at.running->sessions().find(via.session) == nullptr;
    }
    while (!via.inbox.empty() && at.running->wants_input(via.at_server)) {
        const bytes frame = std::move(via.inbox.front());
        via.inbox.pop_front();
        if (via.was_established && at.running->is_leading()) {
            at.touched[via.session] = clock_of(at).monotonic;
        }
        journal_.note('s', at.id.value, "takes a frame of {} octets on #{}", frame.size(), which);
        at.running->on_frame(via.at_server, frame, clock_of(at));
    }
    if (via.inbox.empty()) {
        at.held_back.erase(which);
    } else if (at.held_back.insert(which).second) {
        ++reached_.input_held_back;
        journal_.note('s', at.id.value, "takes nothing more on #{}", which);
    }
}

void world::feed_held_back(server& at) {
    for (const connection_number which : std::vector(at.held_back.begin(), at.held_back.end())) {
        const auto known = connections_.find(which);
        if (known == connections_.end() || !known->second.server_is_there) {
            at.held_back.erase(which);
            continue;
        }
        if (at.running->wants_input(known->second.at_server)) {
            events_.after(nanoseconds{100}, [this, &at, which, boot = at.boot] {
                if (at.boot == boot) {
                    input(at, [this, &at, which](replica::replica&) { feed(at, which); });
                }
            });
        }
    }
}

void world::deliver(server& from, replica::client_output output) {
    const auto known = by_server_.find({from.id, output.to});
    if (known == by_server_.end()) {
        return;
    }
    const connection_number which = known->second;
    connection& via = connections_.at(which);
    if (!output.frames.empty()) {
        if (!via.was_established && from.running->is_serving()) {
            via.was_established = true;
            via.began_in = from.running->current_ensemble_status().current_epoch;
            const bool lives = from.running->sessions().find(via.session) != nullptr;
            reached_.sessions_awaited += via.is_early && lives ? 1 : 0;
        }
        carry(which, &connection::to_client, [this, which, frames = std::move(output.frames)] {
            const connection& back = connections_.at(which);
            if (!back.client_is_there) {
                return;
            }
            client& to = *clients_[back.client];
            if (journal_.is_printed()) {
                journal_.note('c', back.client, "hears {} on #{}", describe_answers(frames), which);
            } else {
                journal_.note('c', back.client, "{}{}", frames.size(), which);
            }
            const std::uint64_t replies = reached_.writes_completed;
            to.on_octets(frames, events_.now());
            const auto still = connections_.find(which);
            if (still != connections_.end()) {
                still->second.session = to.session();
                if (still->second.saw_leader_change) {
                    still->second.saw_leader_change = false;
                    ++reached_.connections_over_leader_change;
                    reached_.writes_over_leader_change +=
                        reached_.writes_completed > replies ? 1 : 0;
                }
            }
        });
    }
    if (output.close) {
        note_closing(from, via);
        check_closing(from, via);
        journal_.note('s', from.id.value, "closes #{}", which);
        via.server_is_there = false;
        via.inbox.clear();
        by_server_.erase(known);
        from.held_back.erase(which);
        from.running->on_disconnect(output.to);
        carry(which, &connection::to_client, [this, which] { client_lost(which); });
    }
}

/// It has been without a leader for longer than connections are kept.
bool world::is_out_of_patience(const server& with_clients) const {
    const nanoseconds since = with_clients.not_serving_since;
    return !with_clients.running->is_serving() &&
           clock_of(with_clients).monotonic - since >= replica::limit_settings{}.parking_time;
}

void world::note_closing(const server& by, const connection& closed) {
    if (closed.was_established) {
        reached_.parked_connections_dropped += is_out_of_patience(by) ? 1 : 0;
    } else if (by.running->is_serving() && closed.seen > by.running->last_applied()) {
        ++reached_.newer_clients_refused;
    }
}

/// A server closes an established connection only if the session is over or elsewhere, or if it has
/// been without a leader for too long. When a leader dies, clients of others notice nothing.
void world::check_closing(const server& by, const connection& closed) const {
    const client& of = *clients_[closed.client];
    const bool is_current = closed.client_is_there && of.connection() &&
                            connections_.at(*of.connection()).at_server == closed.at_server &&
                            connections_.at(*of.connection()).server == closed.server;
    if (!is_current || !closed.was_established || of.is_closing() ||
        closed.session != of.session() || !of.has_session()) {
        return;
    }
    const session_life* const life = history_.session(of.session());
    if (life == nullptr || life->closed != zxid{}) {
        return;
    }
    if (is_out_of_patience(by)) {
        return;
    }
    // A leader that was deposed, or whom the next one did not hear of, may have given the session
    // to this server while what its client had asked elsewhere was asked for again under the next
    // one: who was first cannot be told.
    const epoch now_in = by.running->current_ensemble_status().current_epoch;
    if (closed.has_left_requests && now_in != closed.began_in) {
        return;
    }
    // One that its client left, and its server has not missed yet, may still speak for the session:
    // its handshake, even, may come late, and the question for the leader later still.
    for (const auto& [which, each] : connections_) {
        if (each.client == closed.client && !each.client_is_there && each.server_is_there) {
            return;
        }
    }
    if (const auto moved = left_behind_.find(closed.session);
        moved != left_behind_.end() && *of.connection() < moved->second) {
        return;
    }
    violated(
        "server {} closes the connection of {}, whose session 0x{:x} lives there",
        by.id.value,
        of.describe(),
        of.session().value
    );
}

/// The client learns that its connection is gone.
void world::client_lost(connection_number which) {
    const auto at = connections_.find(which);
    if (at == connections_.end()) {
        return;
    }
    client& of = *clients_[at->second.client];
    if (at->second.client_is_there) {
        journal_.note('c', at->second.client, "loses #{}", which);
        at->second.client_is_there = false;
        of.on_closed(events_.now());
    }
    connections_.erase(which);
}

void world::lose_connections_of(server& gone) {
    for (auto& [which, each] : connections_) {
        if (each.server != gone.id || each.boot != gone.boot || !each.server_is_there) {
            continue;
        }
        each.server_is_there = false;
        by_server_.erase({each.server, each.at_server});
        lost_.push_back(which);
    }
    std::sort(lost_.begin(), lost_.end()); // the order of a hash table is nobody's business
    for (const connection_number which : std::exchange(lost_, {})) {
        events_.after(network_random_.between(microseconds{50}, milliseconds{50}), [this, which] {
            client_lost(which);
        });
    }
}

} // namespace conclave::ensemble
