/// What goes wrong (zab 7.2).
#include "test/simulation/ensemble/world.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

server& world::any_server() {
    auto at = servers_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(fault_random_.below(servers_.size())));
    return *at->second;
}

server* world::leading() {
    for (const auto& [id, each] : servers_) {
        if (each->is_running() && each->running->is_leading()) {
            return each.get();
        }
    }
    return nullptr;
}

void world::crash(server& victim) {
    ++reached_.crashes;
    stop(victim, fault_random_.chance(0.5));
    events_.after(fault_random_.between(milliseconds{1}, seconds{3}), [this, &victim] {
        if (!victim.is_running()) {
            start(victim);
        }
    });
}

void world::crash_one() {
    if (server& victim = any_server(); victim.is_running()) {
        crash(victim);
    }
}

void world::crash_leader() {
    if (server* const victim = leading(); victim != nullptr) {
        ++reached_.leader_crashes;
        crash(*victim);
    }
}

void world::crash_all() {
    ++reached_.power_losses;
    for (const auto& [id, each] : servers_) {
        if (!each->is_running()) {
            continue;
        }
        server& victim = *each;
        stop(victim, true);
        events_.after(fault_random_.between(milliseconds{1}, milliseconds{500}), [this, &victim] {
            if (!victim.is_running()) {
                start(victim);
            }
        });
    }
}

void world::partition() {
    ++reached_.partitions;
    const std::uint64_t kind = fault_random_.below(7);
    server* const leader = leading();
    const server_id lone =
        leader != nullptr && fault_random_.chance(0.5) ? leader->id : any_server().id;
    const bool is_one_way = fault_random_.chance(0.25);
    reached_.one_way_partitions += is_one_way ? 1 : 0;
    const auto is_cut = [&](server_id one, server_id other) {
        switch (kind) {
        case 0:
        case 1: // one alone
            return one == lone || (other == lone && !is_one_way);
        case 2: // halves
            return one.value % 2 != other.value % 2 && (!is_one_way || one.value % 2 == 0);
        case 3: // a chain
            return (one.value > other.value ? one.value - other.value : other.value - one.value) >
                   1;
        case 4: // a hub
            return one != lone && other != lone;
        case 5: // one link
            return (one == lone || other == lone) && one.value + other.value == 2 * lone.value + 1;
        default:
            return fault_random_.chance(0.3);
        }
    };
    for (const auto& [one, first] : servers_) {
        for (const auto& [other, second] : servers_) {
            if (one != other && is_cut(one, other)) {
                cut_.insert({one, other});
            }
        }
    }
    journal_.note('n', kind, "partition: {} of {}", cut_.size(), lone.value);
    if (fault_random_.chance(0.5)) { // else nobody notices but by the silence
        for (const auto& [one, other] : cut_) {
            break_link(one, other, zab::link_loss::silent);
        }
    }
    const bool is_flapping = fault_random_.chance(0.2);
    events_.after(
        is_flapping ? fault_random_.between(milliseconds{300}, milliseconds{1500})
                    : fault_random_.between(milliseconds{50}, seconds{5}),
        [this, is_flapping] {
            heal();
            if (is_flapping && !is_healing_) {
                partition();
            }
        }
    );
}

void world::heal() {
    journal_.note('n', 0, "partition heals");
    for (const auto& [one, other] : std::exchange(cut_, {})) {
        if (fault_random_.chance(0.5)) {
            break_link(one, other, zab::link_loss::silent);
        } else {
            release_held(one, other);
        }
        events_.after(
            fault_random_.between(milliseconds{1}, milliseconds{100}),
            [this, one = one, other = other] { dial(one, other); }
        );
    }
}

void world::pause_one() {
    server* const leader = leading();
    server& victim = leader != nullptr && fault_random_.chance(0.4) ? *leader : any_server();
    if (!victim.is_running()) {
        return;
    }
    ++reached_.pauses;
    reached_.leader_pauses += &victim == leader ? 1 : 0;
    victim.paused_until = events_.now() + (fault_random_.chance(0.7)
                                               ? fault_random_.between(milliseconds{1}, seconds{2})
                                               : fault_random_.between(seconds{2}, seconds{15}));
    journal_.note('s', victim.id.value, "is paused");
    events_.after(victim.paused_until - events_.now(), [this, &victim, boot = victim.boot] {
        if (victim.boot == boot) {
            journal_.note('s', victim.id.value, "goes on");
            resume(victim);
        }
    });
}

void world::transfer_one() {
    server* const leader = leading();
    if (leader == nullptr || servers_.size() < 2) {
        return;
    }
    // An operator stops it in good order.
    ++reached_.transfers;
    journal_.note('s', leader->id.value, "resigns");
    server& victim = *leader;
    input(victim, [this, &victim](replica::replica& here) { here.resign(clock_of(victim)); });
    events_.after(
        fault_random_.between(milliseconds{50}, seconds{1}),
        [this, &victim, boot = victim.boot] {
            if (victim.boot == boot) {
                crash(victim);
            }
        }
    );
}

void world::fill_disk() {
    server& victim = any_server();
    if (!victim.is_running()) {
        return;
    }
    ++reached_.full_disks;
    journal_.note('s', victim.id.value, "has a full disk");
    input(victim, [](replica::replica& here) { here.refuse_writes(true); });
    events_.after(
        fault_random_.between(milliseconds{50}, seconds{4}),
        [this, &victim, boot = victim.boot] {
            if (victim.boot == boot) {
                journal_.note('s', victim.id.value, "has room again");
                input(victim, [](replica::replica& here) { here.refuse_writes(false); });
            }
        }
    );
}

/// Nothing gets through between a client and its server for a while.
void world::cut_client() {
    const client& of = *clients_[fault_random_.below(clients_.size())];
    if (!of.connection()) {
        return;
    }
    const connection_number which = *of.connection();
    connections_.at(which).is_cut = true;
    events_.after(fault_random_.between(milliseconds{10}, seconds{8}), [this, which] {
        release_held(which);
    });
}

void world::checkpoint_one() {
    server& of = any_server();
    if (of.is_running()) {
        input(of, [this, &of](replica::replica& here) { here.request_checkpoint(clock_of(of)); });
    }
}

/// A virtual machine was moved, or its wall clock was set.
void world::clock_jump() {
    server& of = any_server();
    if (fault_random_.chance(0.5)) {
        of.wall_ahead_ms += static_cast<std::int64_t>(fault_random_.below(20'000)) - 10'000;
    } else {
        of.clock_ahead += fault_random_.between(milliseconds{1}, seconds{3});
    }
    of.armed_for = nanoseconds::max();
    if (of.is_running()) {
        arm(of);
    }
}

/// Everybody else has everything that is committed, every vote is that of the disk that is there
/// now, and no log knows of members to come: one disk more may be lost.
bool world::may_lose(const server& victim) const {
    const zab::membership_state& members = history_.members();
    const auto keeps = [&](const zab::member& each) {
        const server& of = *servers_.at(each.id);
        return of.storage == each.storage && of.log.image().holds(history_.newest());
    };
    const bool all_keep = std::ranges::all_of(members.stable.members, [&](const zab::member& each) {
        return !each.is_voter || each.id == victim.id || keeps(each);
    });
    const bool is_changing =
        members.is_joint || std::ranges::any_of(servers_, [&](const auto& each) {
            return each.second->log.image().proposes_members_behind(history_.newest().at);
        });
    // What it has acknowledged may be committed by now, with nobody the wiser yet.
    const bool may_be_committed = victim.log.image().end().at > history_.newest().at;
    return all_keep && !is_changing && !may_be_committed &&
           members.stable.is_quorum([&](const zab::member& each) { return each.id != victim.id; });
}

/// Somebody replaces its disk, and starts it on the empty one.
void world::wipe_one() {
    server& victim = any_server();
    if (history_.entry_count() == 0 || !may_lose(victim)) {
        return;
    }
    ++reached_.disks_wiped;
    if (victim.is_running()) {
        stop(victim, true);
    }
    journal_.note('s', victim.id.value, "gets an empty disk");
    victim.log = {};
    victim.tables = {};
    victim.to_install.reset();
    victim.applied_seen = {};
    victim.may_found = false;
    victim.storage.high += 1;
    events_.after(fault_random_.between(milliseconds{1}, seconds{2}), [this, &victim] {
        if (!victim.is_running()) {
            start(victim);
        }
    });
}

} // namespace conclave::ensemble
