/// Servers: starting, stopping, what their cores want and are told.
#include "test/simulation/core/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t snapshot_pieces = 3;

} // namespace

zab::time_point world::clock_of(const server& of) const {
    return zab::time_point{
        static_cast<std::int64_t>(static_cast<double>(now_.count()) * of.clock_rate)};
}

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
    add_counters(*of.core);
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

/// To those of all servers together.
void world::add_counters(const zab::core& of) {
    std::vector<std::uint64_t> values;
    zab::core_counters::for_each(of.statistics(), [&](const char*, std::uint64_t value) {
        values.push_back(value);
    });
    auto next = values.begin();
    zab::core_counters::for_each(result_.counters, [&](const char*, std::uint64_t& value) {
        value += *next++;
    });
}

} // namespace conclave::simulation
