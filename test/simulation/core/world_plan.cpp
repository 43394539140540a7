/// What a seed draws: the faults of the run, and who is there.
#include "test/simulation/core/server.hpp"

#include <utility>

namespace conclave::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

void world::draw_plan() {
    const auto maybe = [&](double probability, nanoseconds least, nanoseconds most) {
        const nanoseconds interval = between(least, most);
        return chance() < probability ? interval : nanoseconds{};
    };
    plan_.is_datagram = chance() < 0.4;
    plan_.loss = chance() < 0.6 ? chance() * 0.1 : 0;
    plan_.duplication = chance() < 0.5 ? chance() * 0.1 : 0;
    plan_.slow_message = chance() < 0.5 ? chance() * 0.05 : 0;
    plan_.slow_disk = chance() < 0.5 ? chance() * 0.1 : 0;
    plan_.crash_every = maybe(0.7, milliseconds{500}, seconds{6});
    plan_.power_loss_every = maybe(0.2, seconds{4}, seconds{20});
    plan_.partition_every = maybe(0.6, milliseconds{500}, seconds{6});
    plan_.pause_every = maybe(0.3, seconds{1}, seconds{10});
    plan_.checkpoint_every = maybe(0.8, milliseconds{100}, seconds{2});
    plan_.transfer_every = maybe(0.3, seconds{1}, seconds{8});
    plan_.reconfiguration_every = maybe(0.4, milliseconds{500}, seconds{5});
    plan_.wipe_every = maybe(0.15, seconds{5}, seconds{15});
    plan_.propose_every = between(microseconds{500}, milliseconds{40});
    plan_.barrier_every = between(milliseconds{2}, milliseconds{100});
    plan_.log_kept = below(40);
    plan_.counter_max = chance() < 0.2 ? static_cast<std::uint32_t>(20 + below(200)) : 0xf0000000;
    plan_.clock_skew = chance() < 0.3 ? 0.05 : 0;

    const std::uint32_t voters = chance() < 0.6 ? 3 : chance() < 0.8 ? 5 : 4;
    const std::uint32_t others = static_cast<std::uint32_t>(below(3));
    const bool is_weighted = chance() < 0.1;
    for (std::uint32_t id = 1; id <= voters + others; ++id) {
        zab::member each;
        each.id = server_id{id};
        each.is_voter = id <= voters;
        each.weight = is_weighted ? static_cast<std::uint32_t>(below(3)) : 1;
        if (id <= voters || chance() < 0.7) {
            founding_.members.push_back(each);
        }
    }
    if (is_weighted) {
        founding_.members.front().weight = 1;
    }
    for (std::uint32_t id = 1; id <= voters + others; ++id) {
        add_server(id, founding_);
    }
}

void world::add_server(std::uint32_t id, const zab::membership& members) {
    auto added = std::make_unique<server>();
    added->id = server_id{id};
    added->drive.storage = {options_.seed + 1, id};
    added->clock_rate = 1 + plan_.clock_skew * (chance() * 2 - 1);
    checkpoint empty;
    empty.state.members.stable = members;
    added->drive.write_checkpoint(std::move(empty));
    servers_.emplace(server_id{id}, std::move(added));
}

} // namespace conclave::simulation
