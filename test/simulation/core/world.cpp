#include "test/simulation/core/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool world::later::operator()(
    const std::unique_ptr<event>& left, const std::unique_ptr<event>& right
) const {
    return std::pair{left->at, left->sequence} > std::pair{right->at, right->sequence};
}

world::world(world_options options) : options_(options), random_(options.seed) {
    draw_plan();
}

world::~world() = default;

nanoseconds world::between(nanoseconds least, nanoseconds most) {
    return least + nanoseconds{static_cast<std::int64_t>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)
                   )};
}

void world::after(nanoseconds delay, std::function<void()> what) {
    auto next = std::make_unique<event>();
    next->at = now_ + delay;
    next->sequence = next_event_++;
    next->what = std::move(what);
    events_.push(std::move(next));
}

/// At random moments, `interval` apart on average, until the faults end.
void world::every(nanoseconds interval, void (world::*what)()) {
    if (interval == nanoseconds{}) {
        return;
    }
    after(between(nanoseconds{1}, interval * 2), [this, interval, what] {
        if (!is_healing_) {
            (this->*what)();
            every(interval, what);
        }
    });
}

bool world::step() {
    if (events_.empty()) {
        return false;
    }
    auto next = std::move(const_cast<std::unique_ptr<event>&>(events_.top()));
    events_.pop();
    now_ = next->at;
    ++result_.events;
    next->what();
    return true;
}

bool world::everybody_is_level() const {
    const bool has_leader = std::any_of(servers_.begin(), servers_.end(), [](const auto& each) {
        return each.second->core != nullptr &&
               each.second->core->current_role() == zab::role::leading;
    });
    return has_leader && std::all_of(servers_.begin(), servers_.end(), [&](const auto& each) {
               return each.second->applied == oracle_.newest_committed();
           });
}

/// I41 and I42: everybody agrees, and nobody has reason to move any more.
void world::check_agreement() {
    std::size_t leaders = 0;
    for (const auto& [id, each] : servers_) {
        if (each->core != nullptr && each->core->current_role() == zab::role::leading) {
            ++leaders;
            if (each->applied != oracle_.newest_committed()) {
                throw violation{fmt::format(
                    "I41: leader {} has applied 0x{:x}, committed is 0x{:x}",
                    id.value,
                    each->applied.at.value,
                    oracle_.newest_committed().at.value
                )};
            }
        }
    }
    if (leaders != 1) {
        throw violation{fmt::format("I41: {} leaders when all is well:{}", leaders, describe())};
    }
    for (const auto& [id, each] : servers_) {
        if (each->applied != oracle_.newest_committed()) {
            throw violation{fmt::format(
                "I41: server {} has not applied everything up to 0x{:x}:{}",
                id.value,
                oracle_.newest_committed().at.value,
                describe()
            )};
        }
    }
}

world_result world::run() {
    for (auto& [id, each] : servers_) {
        server& first = *each;
        after(between(nanoseconds{0}, milliseconds{100}), [this, &first] { start(first); });
    }
    every(plan_.crash_every, &world::crash_one);
    every(plan_.power_loss_every, &world::crash_all);
    every(plan_.partition_every, &world::partition);
    every(plan_.pause_every, &world::pause_one);
    every(plan_.checkpoint_every, &world::checkpoint_one);
    every(plan_.transfer_every, &world::transfer_one);
    every(plan_.reconfiguration_every, &world::reconfigure);
    every(plan_.wipe_every, &world::wipe_one);
    every(plan_.propose_every, &world::propose_some);
    every(plan_.barrier_every, &world::ask_barrier);
    while (result_.events < options_.events && step()) {
    }
    heal_everything();
    // Ten times T_elect to agree, and longer only for who must fetch a long history in small
    // pieces.
    const nanoseconds patience = now_ + seconds{15};
    const nanoseconds end = now_ + seconds{600};
    while (step() && now_ < end && (now_ < patience || !everybody_is_level())) {
    }
    check_agreement();
    for (auto& [id, each] : servers_) {
        if (each->core != nullptr) {
            add_counters(*each->core);
        }
    }
    result_.trace_hash = trace_hash_;
    result_.committed = oracle_.committed_count();
    return result_;
}

} // namespace conclave::simulation
