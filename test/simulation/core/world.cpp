#include "test/simulation/core/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <utility>

namespace conclave::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t snapshot_pieces = 3;

void add(zab::core_counters& to, const zab::core_counters& more) {
    std::vector<std::uint64_t> values;
    zab::core_counters::for_each(more, [&](const char*, std::uint64_t value) {
        values.push_back(value);
    });
    auto next = values.begin();
    zab::core_counters::for_each(to, [&](const char*, std::uint64_t& value) { value += *next++; });
}

} // namespace

struct world::event {
    nanoseconds at;
    std::uint64_t sequence;
    std::function<void()> what;
};

bool world::later::operator()(
    const std::unique_ptr<event>& left, const std::unique_ptr<event>& right
) const {
    return std::pair{left->at, left->sequence} > std::pair{right->at, right->sequence};
}

struct world::server {
    server_id id;
    std::uint64_t boot = 0;
    disk drive;
    std::unique_ptr<zab::core> core; ///< while it runs
    std::deque<disk::operation> writing;
    bool is_writing = false;
    nanoseconds paused_until{};
    double clock_rate = 1;
    nanoseconds armed_for = nanoseconds::max();
    bool is_gone = false; ///< removed by the operator, for ever

    zab::position applied;
    std::int64_t applied_time = 0;
    zxid committed_seen;
    zab::role role_seen{};
    zab::position last_seen;
    std::map<server_id, nanoseconds> arrival; ///< of the newest message to each, when in order
    std::map<std::uint64_t, zxid> barriers;   ///< token: what was acknowledged when it was asked
    std::optional<checkpoint> incoming;
    std::set<server_id> linked;
};

world::world(world_options options) : options_(options), random_(options.seed) {
    draw_plan();
}

world::~world() = default;

nanoseconds world::between(nanoseconds least, nanoseconds most) {
    return least + nanoseconds{static_cast<std::int64_t>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)
                   )};
}

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

void world::trace(const server& of, const std::string& what) {
    for (const char each : what) {
        trace_hash_ = (trace_hash_ ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
    }
    trace_hash_ ^= static_cast<std::uint64_t>(now_.count()) + of.id.value;
    if (options_.is_traced) {
        std::cout << fmt::format(
            "{:>12.6f} {} {}\n", static_cast<double>(now_.count()) / 1e9, of.id.value, what
        );
    }
}

/// Only for the eye: not part of the hash.
void world::trace_message(const server& from, const zab::outgoing& sent) const {
    std::string text;
    if (const auto* each = std::get_if<zab::campaign_message>(&sent.what)) {
        text = fmt::format("campaign {} last=0x{:x}", each->asked.to.value, each->last.at.value);
    } else if (const auto* promise = std::get_if<zab::promise_message>(&sent.what)) {
        text = fmt::format(
            "promise {} reason={} last=0x{:x}",
            promise->asked.to.value,
            static_cast<int>(promise->reason),
            promise->state.last.at.value
        );
    } else if (const auto* follow = std::get_if<zab::follow_message>(&sent.what)) {
        text = fmt::format(
            "follow #{} last=0x{:x}", follow->number.value, follow->state.last.at.value
        );
    } else if (const auto* welcome = std::get_if<zab::welcome_message>(&sent.what)) {
        text = fmt::format(
            "welcome #{} epoch={} common=0x{:x}",
            welcome->number.value,
            welcome->leader.to.value,
            welcome->common.value
        );
    } else if (const auto* append = std::get_if<zab::append_message>(&sent.what)) {
        text = fmt::format(
            "append #{} epoch={} behind=0x{:x} count={} committed=0x{:x}",
            append->number.value,
            append->in.value,
            append->previous.at.value,
            append->entries.size(),
            append->committed.value
        );
    } else if (const auto* ack = std::get_if<zab::acknowledge_message>(&sent.what)) {
        text = fmt::format(
            "ack #{} epoch={} durable=0x{:x}", ack->number.value, ack->in.value, ack->durable.value
        );
    } else {
        text = fmt::format("message of type {}", sent.what.index());
    }
    std::cout << fmt::format(
        "{:>12.6f} {} -> {} {}\n",
        static_cast<double>(now_.count()) / 1e9,
        from.id.value,
        sent.to.value,
        text
    );
}

zab::time_point world::clock_of(const server& of) const {
    return zab::time_point{
        static_cast<std::int64_t>(static_cast<double>(now_.count()) * of.clock_rate)};
}

// ---- servers ----

void world::start(server& of) {
    of.boot = next_boot_++;
    of.writing.clear();
    of.is_writing = false;
    of.incoming.reset();
    of.barriers.clear();
    of.armed_for = nanoseconds::max();
    of.linked.clear();
    const checkpoint& base = of.drive.newest_checkpoint();
    of.applied = base.state.at;
    oracle_.check_recovered(of.drive.storage, of.drive.image());
    const incarnation self{of.id, of.boot};
    auto recovered = of.drive.recover([&](const zab::entry& next) {
        oracle_.on_apply(self, of.applied, next, of.drive.image());
        of.applied = next.where();
    });
    if (!recovered) {
        throw violation{fmt::format("server {} cannot start: {}", of.id.value, recovered.error())};
    }
    const zab::recovered_state again =
        std::move(of.drive.recover([](const zab::entry&) {})).value();
    const zab::position end =
        recovered->tail.empty() ? recovered->base.at : recovered->tail.back()->where();
    if (again.promised != recovered->promised || again.base != recovered->base ||
        again.tail.size() != recovered->tail.size()) {
        throw violation{"I39: recovering twice gives different states"};
    }
    if (end != of.drive.image().end() && end.at >= of.drive.image().end().at) {
        throw violation{fmt::format("I40: server {} recovers another end of the log", of.id.value)};
    }
    zab::core_settings settings;
    settings.self = of.id;
    settings.storage = of.drive.storage;
    settings.boot = of.boot;
    settings.seed = random_();
    settings.limits.counter_max = plan_.counter_max;
    settings.limits.memory_count = 5 + below(60);
    settings.limits.batch_count = 1 + below(20);
    settings.limits.window_count = 1 + below(8);
    of.committed_seen = recovered->base.at.at;
    of.last_seen = end;
    of.core = std::make_unique<zab::core>(settings, *std::move(recovered));
    trace(of, fmt::format("start boot={} last=0x{:x}", of.boot, of.last_seen.at.value));
    tell_links(of);
    input(of, [&](zab::core& core) { core.start(clock_of(of), now_ / milliseconds{1}, {}); });
}

void world::stop(server& of, bool loses_power) {
    trace(of, loses_power ? "loses power" : "stops");
    add(result_.counters, of.core->statistics());
    of.core.reset();
    of.boot = 0;
    if (loses_power) {
        std::size_t records = 0;
        for (const disk::operation& each : of.writing) {
            records += each.records.size();
        }
        of.drive.survive(of.writing, records == 0 ? 0 : below(records + 1));
    } else {
        for (const disk::operation& each : of.writing) {
            of.drive.complete(each);
        }
    }
    of.writing.clear();
    const incarnation self{of.id, of.boot};
    oracle_.on_durable(self, of.drive.image());
    for (auto& [id, other] : servers_) {
        set_link(of.id, id, false, true);
    }
}

void world::input(server& to, const std::function<void(zab::core&)>& what) {
    what(*to.core);
    settle(to);
}

/// Lets a core finish what an input began, checking every step.
void world::settle(server& of) {
    const incarnation self{of.id, of.boot};
    for (;;) {
        zab::core& core = *of.core;
        zab::core_outputs wanted;
        core.take_outputs(wanted);
        for (const zab::log_record& record : wanted.disk.records) {
            if (record.type == zab::record_type::truncate) {
                oracle_.on_truncate(
                    self, core, record.at, std::max(of.committed_seen, of.applied.at)
                );
            } else if (record.type == zab::record_type::entry) {
                oracle_.on_append(self, core, *record.what);
            }
        }
        if (core.committed() != of.committed_seen) {
            oracle_.on_commit(self, core, of.committed_seen);
            of.committed_seen = core.committed();
            if (oracle_.newest_committed().at == core.committed()) {
                std::map<server_id, const disk*> disks;
                for (const auto& [id, each] : servers_) {
                    disks.emplace(id, &each->drive);
                }
                oracle_.check_durable(core.members(), disks);
            }
        }
        if (core.current_role() != of.role_seen) {
            of.role_seen = core.current_role();
            trace(
                of,
                fmt::format(
                    "role={} epoch={} promised={} last=0x{:x} committed=0x{:x}",
                    static_cast<int>(of.role_seen),
                    core.current_epoch().value,
                    core.promised().to.value,
                    core.last().at.value,
                    core.committed().value
                )
            );
        }
        carry_out(of, wanted);
        if (!core.has_events()) {
            break;
        }
        apply(of);
    }
    if (!of.core->quarantine().empty()) {
        throw violation{
            fmt::format("server {} quarantined itself: {}", of.id.value, of.core->quarantine())};
    }
    if (of.core->needs_restart()) {
        return restart_from_snapshot(of);
    }
    arm(of);
}

void world::apply(server& of) {
    const incarnation self{of.id, of.boot};
    for (const zab::shared_entry& next : of.core->take_committed()) {
        oracle_.on_apply(self, of.applied, *next, of.drive.image());
        of.applied = next->where();
        of.applied_time = next->time_ms;
        of.core->applied(next->at);
        if (next->kind == zab::entry_kind::application && next->from.server == of.id &&
            next->from.boot == of.boot) {
            oracle_.on_acknowledged(next->at);
        }
    }
    for (const zab::barrier_result& each : of.core->take_barriers()) {
        const auto asked = of.barriers.find(each.token);
        if (asked != of.barriers.end() && each.is_confirmed) {
            oracle_.on_barrier(each.at, asked->second);
        }
        of.barriers.erase(each.token);
    }
}

void world::carry_out(server& of, zab::core_outputs& wanted) {
    const incarnation self{of.id, of.boot};
    for (zab::outgoing& each : wanted.messages) {
        oracle_.on_send(self, *of.core, of.drive.image(), each.what);
        if (options_.is_traced) {
            trace_message(of, each);
        }
        transmit(of, std::move(each));
    }
    if (!wanted.disk.records.empty()) {
        write(of, std::move(wanted.disk));
    }
    const std::uint64_t boot = of.boot;
    for (const zab::history_request& each : wanted.history) {
        after(between(microseconds{50}, milliseconds{5}), [this, &of, boot, each] {
            if (of.boot != boot) {
                return;
            }
            auto read = of.drive.read(each.behind, 1 + below(30));
            ++result_.reached[read ? "history read" : "history gone"];
            input(of, [&](zab::core& core) {
                if (read) {
                    core.history_read(each.peer, each.number, *std::move(read));
                } else {
                    core.history_gone(each.peer, each.number);
                }
            });
        });
    }
    serve_snapshots(of, wanted);
}

void world::serve_snapshots(server& of, zab::core_outputs& wanted) {
    const std::uint64_t boot = of.boot;
    const auto later_here = [&](std::function<void(zab::core&)> what) {
        after(between(microseconds{50}, milliseconds{20}), [this, &of, boot, what] {
            if (of.boot == boot) {
                input(of, what);
            }
        });
    };
    for (const zab::snapshot_request& each : wanted.snapshots) {
        if (of.drive.newest_checkpoint().state.at.at <= each.at_least &&
            of.applied.at > each.at_least) {
            of.drive.write_checkpoint({of.core->state_at(of.applied), of.applied_time});
        }
        const zab::base_state state = of.drive.newest_checkpoint().state;
        later_here([each, state](zab::core& core) {
            if (state.at.at >= each.at_least && state.at.at > zxid{}) {
                core.snapshot_opened(each.peer, each.number, state);
            } else {
                core.snapshot_failed(each.peer, each.number);
            }
        });
    }
    for (const zab::snapshot_read_request& each : wanted.snapshot_reads) {
        const bool is_last = each.offset + 1 == snapshot_pieces;
        later_here([each, is_last](zab::core& core) {
            core.snapshot_read(each.peer, each.number, each.offset, "x", is_last);
        });
    }
    for (const zab::snapshot_piece& each : wanted.pieces) {
        later_here([this, &of, each](zab::core& core) {
            if (each.is_last) {
                of.drive.stage({each.of, 0});
            }
            core.snapshot_stored(each.number, each.offset + each.content.size());
        });
    }
}

/// What was received is the checkpoint now: the process starts anew on it.
void world::restart_from_snapshot(server& of) {
    ++result_.reached["restart from snapshot"];
    stop(of, false);
    const auto begin = [this, &of] {
        if (of.boot == 0 && !of.is_gone) {
            start(of);
        }
    };
    after(between(milliseconds{1}, milliseconds{50}), begin);
}

void world::write(server& of, zab::core_records records) {
    of.writing.push_back({records.operation, std::move(records.records)});
    finish_write(of);
}

/// One write is on its way at a time; what gathers meanwhile goes with the next.
void world::finish_write(server& of) {
    if (of.is_writing || of.writing.empty()) {
        return;
    }
    of.is_writing = true;
    const bool is_slow = !is_healing_ && chance() < plan_.slow_disk;
    const nanoseconds takes = is_slow ? between(milliseconds{1}, milliseconds{1500})
                                      : between(microseconds{60}, microseconds{400});
    const std::uint64_t boot = of.boot;
    const std::size_t count = 1 + below(of.writing.size());
    after(takes, [this, &of, boot, count] {
        if (of.boot != boot) {
            return;
        }
        of.is_writing = false;
        zab::operation_id done;
        for (std::size_t index = 0; index < count; ++index) {
            of.drive.complete(of.writing.front());
            done = of.writing.front().id;
            of.writing.pop_front();
        }
        oracle_.on_durable({of.id, of.boot}, of.drive.image());
        finish_write(of);
        input(of, [&](zab::core& core) { core.persisted(done); });
    });
}

/// Asks to be woken when the core has something to do.
void world::arm(server& of) {
    const zab::time_point due = of.core->next_deadline();
    if (due == zab::time_point::max()) {
        return;
    }
    const auto in_world =
        nanoseconds{static_cast<std::int64_t>(static_cast<double>(due.count()) / of.clock_rate)} +
        nanoseconds{1000};
    if (of.armed_for > now_ && of.armed_for <= in_world) {
        return;
    }
    of.armed_for = std::max(in_world, now_ + microseconds{10});
    const std::uint64_t boot = of.boot;
    const nanoseconds at = of.armed_for;
    after(at - now_, [this, &of, boot, at] {
        if (of.boot != boot || of.armed_for != at) {
            return;
        }
        of.armed_for = nanoseconds::max();
        if (now_ < of.paused_until) {
            return arm(of);
        }
        input(of, [&](zab::core& core) { core.advance(clock_of(of), now_ / milliseconds{1}); });
    });
}

// ---- network ----

bool world::is_connected(server_id one, server_id other) const {
    return !cut_.contains({one, other});
}

void world::transmit(server& from, zab::outgoing what) {
    server& to = *servers_.at(what.to);
    const bool is_lost = !is_healing_ && chance() < plan_.loss * (plan_.is_datagram ? 1 : 0.01);
    if (!from.linked.contains(to.id) || !is_connected(from.id, to.id)) {
        return;
    }
    if (is_lost) {
        if (!plan_.is_datagram) {
            ++result_.reached["link reset"];
            const server_id one = from.id;
            const server_id other = to.id;
            after(nanoseconds{1}, [this, one, other] {
                set_link(one, other, false, false);
                after(between(milliseconds{1}, milliseconds{200}), [this, one, other] {
                    set_link(one, other, true, false);
                });
            });
        }
        return;
    }
    const bool is_slow = !is_healing_ && chance() < plan_.slow_message;
    nanoseconds takes = is_slow ? between(milliseconds{1}, milliseconds{800})
                                : between(microseconds{30}, microseconds{300});
    const std::uint64_t from_boot = from.boot;
    const std::uint64_t boot = to.boot;
    const bool is_doubled = !is_healing_ && plan_.is_datagram && chance() < plan_.duplication;
    const auto deliver = [this, &to, boot, from_boot, from_id = from.id](zab::message&& message) {
        if (to.boot != boot || boot == 0) {
            return;
        }
        const bool link_is_old = !plan_.is_datagram && (servers_.at(from_id)->boot != from_boot ||
                                                        !to.linked.contains(from_id));
        if (link_is_old) {
            return;
        }
        input(to, [&](zab::core& core) {
            core.advance(clock_of(to), now_ / milliseconds{1});
            core.receive(from_id, std::move(message));
        });
    };
    const auto send_at = [&](nanoseconds at, zab::message message) {
        const nanoseconds resumed = std::max(at, to.paused_until);
        after(resumed - now_, [deliver, message = std::move(message)]() mutable {
            deliver(std::move(message));
        });
    };
    nanoseconds at = now_ + takes;
    if (!plan_.is_datagram || is_healing_) {
        at = std::max(at, from.arrival[to.id] + nanoseconds{1});
        from.arrival[to.id] = at;
    }
    if (is_doubled) {
        send_at(now_ + between(microseconds{30}, milliseconds{500}), what.what);
    }
    send_at(at, std::move(what.what));
}

void world::tell_links(server& of) {
    for (auto& [id, other] : servers_) {
        if (id != of.id && other->core != nullptr && is_connected(id, of.id) &&
            is_connected(of.id, id)) {
            set_link(of.id, id, true, false);
        }
    }
}

void world::set_link(server_id one, server_id other, bool is_up, bool is_abrupt) {
    if (one == other) {
        return;
    }
    const auto tell = [&](server& at, server_id peer) {
        if (at.linked.contains(peer) == is_up) {
            return;
        }
        if (is_up) {
            at.linked.insert(peer);
        } else {
            at.linked.erase(peer);
        }
        const std::uint64_t boot = at.boot;
        after(
            std::max(at.paused_until - now_, nanoseconds{0}) +
                between(microseconds{10}, milliseconds{2}),
            [this, &at, boot, peer, is_up, is_abrupt] {
                if (at.boot != boot || at.core == nullptr || at.linked.contains(peer) != is_up) {
                    return;
                }
                input(at, [&](zab::core& core) {
                    core.advance(clock_of(at), now_ / milliseconds{1});
                    if (is_up) {
                        core.link_up(peer);
                    } else {
                        core.link_down(
                            peer, is_abrupt ? zab::link_loss::refused : zab::link_loss::silent
                        );
                    }
                });
            }
        );
    };
    server& first = *servers_.at(one);
    server& second = *servers_.at(other);
    if (is_up && (first.core == nullptr || second.core == nullptr || !is_connected(one, other) ||
                  !is_connected(other, one))) {
        return;
    }
    tell(first, other);
    tell(second, one);
}

// ---- faults and load ----

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

// ---- a run ----

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

/// Where everybody stands, for the report of a violation.
std::string world::describe() const {
    std::string all;
    for (const auto& [id, each] : servers_) {
        if (each->core == nullptr) {
            all += fmt::format("\n  {} is down", id.value);
            continue;
        }
        const zab::core& core = *each->core;
        all += fmt::format(
            "\n  {} role={} epoch={} promised={}({}) last={:x} durable={:x} committed={:x} "
            "applied={:x} leader={} members",
            id.value,
            static_cast<int>(core.current_role()),
            core.current_epoch().value,
            core.promised().to.value,
            core.durable_promise().value,
            core.last().at.value,
            core.durable().value,
            core.committed().value,
            each->applied.at.value,
            core.leader().value
        );
        const auto list = [&](const zab::membership& in) {
            for (const zab::member& one : in.members) {
                all += fmt::format(
                    " {}{}/{}{}",
                    one.id.value,
                    one.is_voter ? "v" : "o",
                    one.weight,
                    one.storage == zab::storage_id{}                    ? "?"
                    : one.storage == servers_.at(one.id)->drive.storage ? ""
                                                                        : "!"
                );
            }
        };
        list(core.members().stable);
        if (core.members().is_joint) {
            all += " ->";
            list(core.members().pending);
        }
        for (const auto& [peer, follower] : core.followers()) {
            all += fmt::format(
                " [{}: mode={} sent={:x} matched={:x} in_flight={}]",
                peer.value,
                static_cast<int>(follower.mode),
                follower.sent.at.value,
                follower.matched.value,
                follower.in_flight.size()
            );
        }
        all += " links";
        for (const server_id peer : each->linked) {
            all += fmt::format(" {}", peer.value);
        }
    }
    return all;
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
            add(result_.counters, each->core->statistics());
        }
    }
    result_.trace_hash = trace_hash_;
    result_.committed = oracle_.committed_count();
    return result_;
}

} // namespace conclave::simulation
