/// Servers, links, disks and requests of an ensemble.
#include "test/unit/zab/ensemble_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::test {

ensemble::ensemble(const zab::membership& founding, ensemble_options options)
    : options_(options), founding_(founding) {
    for (const zab::member& each : founding.members) {
        add(each.id.value, founding);
    }
}

ensemble::~ensemble() = default;

// ---- servers ----

ensemble::node& ensemble::at(id server) const {
    return *servers_.at(server);
}

void ensemble::add(id server, const zab::membership& file) {
    auto added = std::make_unique<node>();
    added->number = server;
    added->drive.storage = {1, next_number_++};
    added->drive.write_checkpoint({empty_base(file), 0});
    servers_[server] = std::move(added);
}

void ensemble::start(id server) {
    auto& of = at(server);
    of.boot = next_number_++;
    of.applied = of.drive.newest_checkpoint().state.at;
    auto recovered =
        of.drive.recover([&](const zab::entry& committed) { of.applied = committed.where(); });
    must_hold(recovered.has_value(), recovered ? "" : recovered.error());
    zab::core_settings settings;
    settings.self = server_id{server};
    settings.storage = of.drive.storage;
    settings.boot = of.boot;
    settings.seed = of.boot;
    settings.priority = server == options_.favourite ? 1 : 0;
    settings.limits = options_.limits;
    settings.may_found = !options_.joiners.contains(server);
    of.core = std::make_unique<zab::core>(settings, *std::move(recovered));
    of.core->start(of.clock, of.clock / milliseconds{1}, {});
    settle(of);
    for (const auto& [other, peer] : servers_) {
        if (other != server && !broken_.contains({server, other})) {
            set_link(of, *peer, true, {});
        }
    }
}

void ensemble::start_all() {
    for (const auto& [server, each] : servers_) {
        if (each->core == nullptr) {
            start(server);
        }
    }
}

void ensemble::begin() {
    start_all();
    stabilize();
    must_hold(leader() == options_.favourite, "the favourite was not elected");
    const auto all_are_admitted = [&] {
        const zab::membership_state& all = (*this)[leader()].members();
        return !all.is_joint && std::none_of(
                                    all.stable.members.begin(),
                                    all.stable.members.end(),
                                    [](const zab::member& each) {
                                        return each.is_voter && each.storage == zab::storage_id{};
                                    }
                                );
    };
    must_hold(run_until(all_are_admitted, milliseconds{1000}), "a voter was not admitted");
    must_hold(agree().empty(), disagreement());
    for (const auto& [server, each] : servers_) {
        checkpoint(server, each->drive.image().entries.size() * 10);
    }
}

void ensemble::stop(node& of) {
    of.core.reset();
    of.pieces.clear();
    for (const auto& [other, peer] : servers_) {
        if (peer.get() != &of) {
            set_link(of, *peer, false, zab::link_loss::refused);
        }
    }
}

void ensemble::crash(id server, std::size_t records_kept) {
    auto& of = at(server);
    of.drive.survive(of.writing, records_kept);
    of.writing.clear();
    of.is_paused = false;
    stop(of);
}

void ensemble::restart(id server, std::size_t records_kept) {
    if (is_running(server)) {
        crash(server, records_kept);
    }
    start(server);
}

void ensemble::wipe(id server) {
    if (is_running(server)) {
        crash(server);
    }
    auto& of = at(server);
    of.drive = simulation::disk{};
    of.drive.storage = {1, next_number_++};
    of.drive.write_checkpoint({empty_base(founding_), 0});
    of.applied = {};
}

void ensemble::pause(id server) {
    at(server).is_paused = true;
}

void ensemble::resume(id server) {
    at(server).is_paused = false;
}

// ---- network ----

const std::deque<zab::message>& ensemble::queue(id from, id to) const {
    static const std::deque<zab::message> empty;
    const auto found = queues_.find({from, to});
    return found == queues_.end() ? empty : found->second;
}

bool ensemble::deliver(id from, id to) {
    if (waiting(from, to) == 0) {
        return false;
    }
    zab::message next = std::move(queues_[{from, to}].front());
    queues_[{from, to}].pop_front();
    forge(from, to, std::move(next));
    return true;
}

bool ensemble::drop(id from, id to) {
    if (waiting(from, to) == 0) {
        return false;
    }
    queues_[{from, to}].pop_front();
    return true;
}

void ensemble::duplicate(id from, id to) {
    queues_[{from, to}].push_back(queue(from, to).front());
}

std::size_t ensemble::waiting(id from, id to) const {
    return queue(from, to).size();
}

void ensemble::forge(id from, id to, zab::message what) {
    auto& receiver = at(to);
    must_hold(receiver.core != nullptr, "a message for a server that does not run");
    receiver.core->receive(server_id{from}, std::move(what));
    settle(receiver);
}

void ensemble::hold(id from, id to) {
    held_.insert({from, to});
}

void ensemble::release(id from, id to) {
    held_.erase({from, to});
}

void ensemble::set_link(node& one, node& other, bool is_up, zab::link_loss why) {
    queues_.erase({one.number, other.number});
    queues_.erase({other.number, one.number});
    if (is_up && (one.core == nullptr || other.core == nullptr)) {
        return;
    }
    const auto tell = [&](node& who, id peer) {
        if (is_up ? !who.linked.insert(peer).second : who.linked.erase(peer) == 0) {
            return;
        }
        if (who.core == nullptr) {
            return;
        }
        if (is_up) {
            who.core->link_up(server_id{peer});
        } else {
            who.core->link_down(server_id{peer}, why);
        }
        settle(who);
    };
    tell(one, other.number);
    tell(other, one.number);
}

void ensemble::disconnect(id one, id other, zab::link_loss why) {
    broken_.insert({one, other});
    broken_.insert({other, one});
    set_link(at(one), at(other), false, why);
}

void ensemble::connect(id one, id other) {
    broken_.erase({one, other});
    broken_.erase({other, one});
    set_link(at(one), at(other), true, {});
}

void ensemble::mute(id from, id to) {
    mute_.insert({from, to});
    queues_.erase({from, to});
}

void ensemble::isolate(id server) {
    for (const auto& [other, peer] : servers_) {
        if (other != server) {
            mute(server, other);
            mute(other, server);
        }
    }
}

void ensemble::heal() {
    for (const auto& [from, to] : std::exchange(mute_, {})) {
        set_link(at(from), at(to), false, zab::link_loss::silent);
        connect(from, to);
    }
    for (const auto& [from, to] : std::exchange(broken_, {})) {
        connect(from, to);
    }
}

// ---- disks ----

bool ensemble::persist(id server) {
    auto& of = at(server);
    if (of.core == nullptr || of.writing.empty()) {
        return false;
    }
    const zab::operation_id done = of.writing.front().id;
    of.drive.complete(of.writing.front());
    of.writing.pop_front();
    of.core->persisted(done);
    settle(of);
    return true;
}

bool ensemble::store_piece(id server) {
    auto& of = at(server);
    if (of.core == nullptr || of.pieces.empty()) {
        return false;
    }
    const zab::snapshot_piece next = std::move(of.pieces.front());
    of.pieces.pop_front();
    if (next.is_last) {
        of.drive.stage({next.of, 0});
    }
    of.core->snapshot_stored(next.number, next.offset + next.content.size());
    settle(of);
    return true;
}

void ensemble::refuse_piece(id server) {
    auto& of = at(server);
    must_hold(!of.pieces.empty(), "there is no piece to be stored");
    const zab::attachment number = of.pieces.front().number;
    of.pieces.clear();
    of.core->snapshot_refused(number);
    settle(of);
}

std::size_t ensemble::unstored(id server) const {
    return at(server).pieces.size();
}

void ensemble::hold_disk(id server) {
    at(server).is_disk_held = true;
}

void ensemble::release_disk(id server) {
    at(server).is_disk_held = false;
}

std::size_t ensemble::unwritten(id server) const {
    return at(server).writing.size();
}

void ensemble::checkpoint(id server, std::size_t records_kept) {
    auto& of = at(server);
    of.drive.write_checkpoint({of.core->state_at(of.applied), 0});
    of.drive.prune(records_kept);
}

simulation::disk& ensemble::drive(id server) {
    return at(server).drive;
}

// ---- requests ----

zxid ensemble::propose(id server, bytes body) {
    auto& of = at(server);
    must_hold(of.core->can_propose(), fmt::format("server {} cannot propose", server));
    const zab::origin from{server_id{server}, of.boot, next_number_++};
    const zxid proposed = of.core->propose(from, of.clock / milliseconds{1}, std::move(body));
    settle(of);
    return proposed;
}

zxid ensemble::write(bytes body) {
    must_hold(leader() != 0, "a write without a leader");
    const zxid written = propose(leader(), std::move(body));
    stabilize();
    return written;
}

void ensemble::change_members(zab::membership next) {
    must_hold(leader() != 0, "a change of the members without a leader");
    auto& of = at(leader());
    must_hold(of.core->can_change_membership(), "a change of the members is under way");
    for (zab::member& each : next.members) {
        each.storage = at(each.id.value).drive.storage;
    }
    of.core->propose_membership({server_id{of.number}, of.boot, next_number_++}, std::move(next));
    settle(of);
    stabilize();
}

std::uint64_t ensemble::barrier(id server) {
    const std::uint64_t token = next_number_++;
    at(server).core->barrier(token);
    settle(at(server));
    return token;
}

const zab::barrier_result* ensemble::barrier_of(std::uint64_t token) const {
    const auto found = barriers_.find(token);
    return found == barriers_.end() ? nullptr : &found->second;
}

void ensemble::impair(id server) {
    at(server).core->set_impaired(true);
}

void ensemble::transfer(id from, id to) {
    must_hold(at(from).core->transfer_leadership(server_id{to}), "leadership is not handed over");
    settle(at(from));
}

} // namespace conclave::test
