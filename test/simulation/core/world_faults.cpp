/// What goes wrong, and what is asked of the servers meanwhile.
#include "test/simulation/core/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

world::server& world::any_server() {
    auto at = servers_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(servers_.size())));
    return *at->second;
}

void world::crash_one() {
    server& victim = any_server();
    if (victim.core == nullptr) {
        return;
    }
    stop(victim, chance() < 0.7);
    after(between(milliseconds{1}, seconds{3}), [this, &victim] {
        if (victim.core == nullptr && !victim.is_gone) {
            start(victim);
        }
    });
}

void world::crash_all() {
    ++result_.reached["power loss of all"];
    for (auto& [id, each] : servers_) {
        if (each->core != nullptr) {
            stop(*each, true);
            server& victim = *each;
            after(between(milliseconds{1}, milliseconds{500}), [this, &victim] {
                if (victim.core == nullptr && !victim.is_gone) {
                    start(victim);
                }
            });
        }
    }
}

void world::partition() {
    ++result_.reached["partition"];
    const std::uint64_t kind = below(4);
    const server_id lone = any_server().id;
    for (const auto& [one, first] : servers_) {
        for (const auto& [other, second] : servers_) {
            if (one == other) {
                continue;
            }
            const bool is_cut = kind == 0   ? one == lone || other == lone
                                : kind == 1 ? one.value % 2 != other.value % 2
                                : kind == 2 ? one == lone // one way
                                            : chance() < 0.3;
            if (is_cut) {
                cut_.insert({one, other});
            }
        }
    }
    const bool is_noticed = chance() < 0.5;
    if (is_noticed) {
        for (const auto& [one, other] : cut_) {
            set_link(one, other, false, false);
        }
    }
    after(between(milliseconds{50}, seconds{4}), [this] { heal(); });
}

void world::heal() {
    const auto healed = std::exchange(cut_, {});
    for (const auto& [one, other] : healed) {
        if (chance() < 0.5) {
            set_link(one, other, false, false);
        }
        after(between(milliseconds{1}, milliseconds{100}), [this, one = one, other = other] {
            set_link(one, other, true, false);
        });
    }
}

void world::pause_one() {
    server& victim = any_server();
    ++result_.reached["pause"];
    victim.paused_until = now_ + between(milliseconds{1}, seconds{5});
}

void world::checkpoint_one() {
    server& of = any_server();
    if (of.core == nullptr || of.applied == of.drive.newest_checkpoint().state.at) {
        return;
    }
    checkpoint next{of.core->state_at(of.applied), of.applied_time};
    of.drive.write_checkpoint(std::move(next));
    of.drive.prune(plan_.log_kept);
}

void world::transfer_one() {
    for (auto& [id, each] : servers_) {
        if (each->core != nullptr && now_ >= each->paused_until) {
            input(*each, [&](zab::core& core) { core.transfer_leadership({}); });
        }
    }
}

void world::reconfigure() {
    for (auto& [id, each] : servers_) {
        if (each->core == nullptr || now_ < each->paused_until ||
            !each->core->can_change_membership() ||
            each->core->members().stable.version == zxid{}) {
            continue;
        }
        zab::membership next = each->core->members().stable;
        const server_id chosen = any_server().id;
        const auto at =
            std::find_if(next.members.begin(), next.members.end(), [&](const zab::member& one) {
                return one.id == chosen;
            });
        if (at == next.members.end()) {
            if (!each->core->is_caught_up(chosen)) {
                return;
            }
            zab::member added;
            added.id = chosen;
            added.storage = each->core->followers().at(chosen).state.storage;
            next.members.push_back(added);
        } else if (chance() < 0.3) {
            if (!at->is_voter && !each->core->is_caught_up(chosen) && chosen != id) {
                return;
            }
            at->is_voter = !at->is_voter;
            if (at->is_voter && chosen != id) {
                at->storage = each->core->followers().at(chosen).state.storage;
            }
        } else {
            next.members.erase(at);
        }
        const bool is_viable =
            std::any_of(next.members.begin(), next.members.end(), [](const zab::member& one) {
                return one.is_voter && one.weight > 0;
            });
        if (!is_viable) {
            return;
        }
        if (!each->core->could_decide(next)) {
            ++result_.reached["reconfiguration refused"];
            return;
        }
        ++result_.reached["reconfiguration"];
        trace(*each, fmt::format("reconfigures server {}", chosen.value));
        input(*each, [&](zab::core& core) {
            core.propose_membership({id, each->boot, 0}, std::move(next));
        });
        return;
    }
}

/// One disk at a time, and only while everybody else is well.
void world::wipe_one() {
    server& victim = any_server();
    if (running_count() != servers_.size() || !cut_.empty()) {
        return;
    }
    for (const auto& [id, each] : servers_) {
        const zab::membership& members = each->core->members().stable;
        const zab::member* own = members.find(id);
        const bool others_suffice =
            members.is_quorum([&](const zab::member& one) { return one.id != victim.id; });
        if (!others_suffice || members.version == zxid{} || each->core->members().is_joint ||
            (own != nullptr && own->is_voter && own->storage != each->drive.storage)) {
            return;
        }
    }
    ++result_.reached["wiped disk"];
    stop(victim, true);
    trace(victim, "is wiped");
    oracle_.forgive(victim.drive.storage);
    victim.drive = disk{};
    victim.drive.storage = {options_.seed + 1, 1000 + random_() % 1'000'000'000};
    checkpoint empty;
    empty.state.members.stable = founding_;
    victim.drive.write_checkpoint(std::move(empty));
    start(victim);
}

void world::propose_some() {
    for (auto& [id, each] : servers_) {
        if (each->core == nullptr || now_ < each->paused_until || !each->core->can_propose()) {
            continue;
        }
        const std::uint64_t count = 1 + below(chance() < 0.1 ? 100 : 3);
        input(*each, [&](zab::core& core) {
            for (std::uint64_t index = 0; index < count && core.can_propose(); ++index) {
                core.propose({id, each->boot, next_request_++}, now_ / milliseconds{1}, "write");
            }
        });
    }
}

void world::ask_barrier() {
    server& at = any_server();
    if (at.core == nullptr || now_ < at.paused_until) {
        return;
    }
    const std::uint64_t token = next_request_++;
    at.barriers.emplace(token, oracle_.acknowledged());
    input(at, [&](zab::core& core) { core.barrier(token); });
}

std::size_t world::running_count() const {
    return static_cast<std::size_t>(std::count_if(
        servers_.begin(),
        servers_.end(),
        [](const auto& each) { return each.second->core != nullptr; }
    ));
}

void world::heal_everything() {
    is_healing_ = true;
    heal();
    for (auto& [id, each] : servers_) {
        each->paused_until = std::min(each->paused_until, now_);
        server& healed = *each;
        after(milliseconds{200}, [this, &healed] {
            if (healed.core == nullptr && !healed.is_gone) {
                start(healed);
            }
        });
    }
    // Links that nobody noticed to be broken are dialled anew.
    after(milliseconds{400}, [this] {
        for (const auto& [one, first] : servers_) {
            for (const auto& [other, second] : servers_) {
                if (one < other) {
                    set_link(one, other, true, false);
                }
            }
        }
    });
}

} // namespace conclave::simulation
