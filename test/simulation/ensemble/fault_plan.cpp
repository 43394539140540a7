#include "test/simulation/ensemble/fault_plan.hpp"

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

fault_plan draw_plan(random_source random) {
    const auto maybe = [&](double probability, nanoseconds least, nanoseconds most) {
        const nanoseconds interval = random.between(least, most);
        return random.chance(probability) ? interval : nanoseconds{};
    };
    const auto up_to = [&](double probability, double most) {
        const double drawn = random.fraction() * most;
        return random.chance(probability) ? drawn : 0.0;
    };
    fault_plan plan;
    plan.voters = random.chance(0.7) ? 3 : 5;
    plan.observers = random.chance(0.3) ? 1 : 0;
    plan.clients = 2 + static_cast<std::uint32_t>(random.below(8));
    plan.crash_every = maybe(0.5, milliseconds{800}, seconds{8});
    plan.leader_crash_every = maybe(0.4, seconds{2}, seconds{10});
    plan.power_loss_every = maybe(0.2, seconds{5}, seconds{20});
    plan.partition_every = maybe(0.5, milliseconds{800}, seconds{8});
    plan.pause_every = maybe(0.3, seconds{1}, seconds{10});
    plan.transfer_every = maybe(0.3, seconds{1}, seconds{8});
    plan.full_disk_every = maybe(0.15, seconds{3}, seconds{12});
    plan.client_cut_every = maybe(0.5, milliseconds{300}, seconds{5});
    plan.checkpoint_every = maybe(0.8, milliseconds{300}, seconds{5});
    plan.clock_jump_every = maybe(0.2, seconds{1}, seconds{10});
    plan.link_reset = up_to(0.5, 0.002);
    plan.slow_message = up_to(0.5, 0.03);
    plan.slow_disk = up_to(0.5, 0.1);
    plan.slow_client = up_to(0.5, 0.05);
    plan.late_outputs = up_to(0.7, 0.5);
    plan.failed_checkpoint = up_to(0.3, 0.3);
    plan.failed_snapshot = up_to(0.3, 0.2);
    plan.clock_skew = random.chance(0.3) ? 0.05 : 0;
    plan.is_log_short = random.chance(0.4);
    plan.log_kept = plan.is_log_short ? random.below(20) : 100 + random.below(2000);
    plan.think = random.between(milliseconds{1}, milliseconds{120});
    plan.burst_max = random.chance(0.3) ? 1 : 1 + random.below(random.chance(0.2) ? 200 : 12);
    plan.cold_paths = random.chance(0.5) ? random.below(200) : 0;
    plan.move = up_to(0.6, 0.03);
    plan.silence = up_to(0.4, 0.01);
    plan.close = up_to(0.4, 0.01);
    plan.reads = 0.1 + random.fraction() * 0.8;
    plan.is_plain = random.chance(0.1);
    plan.hasty = up_to(0.5, 0.5);
    plan.wipe_every = maybe(0.2, seconds{2}, seconds{15});
    if (!plan.is_plain) {
        plan.reconfigure = up_to(0.35, 0.03);
        plan.is_reaping = random.chance(0.4);
        plan.is_read_only_allowed = random.chance(0.3);
    }
    if (plan.reconfigure > 0) {
        plan.spares = static_cast<std::uint32_t>(random.below(3));
    }
    plan.session_timeout = random.between(seconds{2}, seconds{6});
    plan.is_tight = random.chance(0.3);
    return plan;
}

} // namespace conclave::ensemble
