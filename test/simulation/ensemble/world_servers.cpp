/// Servers: starting, stopping, what they want and what they are told.
#include "test/simulation/ensemble/members.hpp"
#include "test/simulation/ensemble/world.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

replica::instant world::clock_of(const server& of) const {
    const nanoseconds now = events_.now();
    const auto scaled = static_cast<std::int64_t>(static_cast<double>(now.count()) * of.clock_rate);
    return {
        nanoseconds{scaled} + of.clock_ahead + seconds{1000},
        1'700'000'000'000 + now / milliseconds{1} + of.wall_ahead_ms};
}

replica::settings world::settings_of(const server& of) {
    replica::settings made;
    made.self = of.id;
    made.storage = of.storage;
    made.ensemble = founders_;
    if (founders_.find(of.id) == nullptr) {
        made.ensemble.members.push_back(member_of(of.id.value, false));
    }
    made.may_found = of.may_found;
    made.boot = of.boot;
    made.fresh_password_key = password_key_;
    made.fresh_password_key[0] = static_cast<char>(of.id.value);
    made.fresh_hash_seed = 17;
    made.first_session = session_id{
        static_cast<std::int64_t>((std::uint64_t{of.id.value} << 56) | (of.boot << 24) | 1)};
    made.tick = milliseconds{500};
    made.session_timeout_ms_min = 1000;
    made.session_timeout_ms_max = 20'000;
    made.checkpoint.interval = seconds{20};
    made.read_only_enabled = plan_.is_read_only_allowed;
    made.reconfig_enabled = plan_.reconfigure > 0;
    made.preparation.access.skip_acl = plan_.reconfigure > 0;
    made.reconfiguration.standalone_enabled = plan_.voters == 5; // else there may be one voter only
    made.preparation.extended_types = plan_.is_reaping;
    made.reaper.check_interval = milliseconds{500};
    made.reaper.container_never_used = container_never_used;
    if (plan_.is_tight) {
        made.limits.named_ephemerals_size_max = 16;
        made.limits.replies_at_once_max = 300;
        made.limits.forward_size_max = 400;
        made.limits.touch_count_max = 1;
    }
    return made;
}

void world::start(server& of) {
    of.boot = next_boot_++;
    install_snapshot(of);
    of.tables.reopen();
    of.running = std::make_unique<replica::replica>(settings_of(of), of.tables);
    of.armed_for = nanoseconds::max();
    of.was_leading = false;
    of.was_serving = false;
    of.touched.clear();
    recover(of);
    journal_.note(
        's',
        of.id.value,
        "starts boot={} applied=0x{:x} log ends at 0x{:x}",
        of.boot,
        of.running->last_applied().value,
        of.log.image().end().at.value
    );
    const replica::instant now = clock_of(of);
    of.not_serving_since = now.monotonic;
    input(of, [now](replica::replica& here) { here.start(now); });
    dial_everybody(of.id);
}

void world::recover(server& of) {
    const auto give_records = [&](replica::replica& to) {
        of.log.for_each([&](const zab::log_record& record) {
            if (const auto taken = to.recover(record); !taken) {
                violated("server {} cannot start: {}", of.id.value, taken.error());
            }
        });
    };
    give_records(*of.running);
    // I39: the same disk gives the same state, however often it is read.
    replica::replica again{settings_of(of), of.tables};
    give_records(again);
    const bool is_same = again.last_applied() == of.running->last_applied() &&
                         again.nodes().current_digest() == of.running->nodes().current_digest();
    if (!is_same) {
        violated("I39: server {} recovers differently from the same disk", of.id.value);
    }
    // A leader may crash when it has committed what nobody has applied yet.
    const zxid applied = of.running->last_applied();
    of.applied_seen = std::min(applied, history_.newest().at);
    follow_history(of, applied);
    if (applied > zxid{} && history_.find(applied) == nullptr) {
        violated(
            "I11: server {} recovers 0x{:x}, which was never committed", of.id.value, applied.value
        );
    }
    const auto known = digests_.find(of.applied_seen);
    if (known != digests_.end() && known->second != of.running->nodes().current_digest()) {
        violated(
            "I15, I33: server {} starts with another state at 0x{:x}",
            of.id.value,
            of.applied_seen.value
        );
    }
}

void world::stop(server& of, bool loses_power) {
    journal_.note('s', of.id.value, "{}", loses_power ? "loses power" : "is killed");
    std::size_t pending = 0;
    for (const auto& each : of.writing) {
        pending += each.records.size();
    }
    if (pending > 0) {
        ++reached_.crashes_during_write;
        const std::size_t kept = disk_random_.below(pending + 1);
        reached_.records_lost += pending - kept;
        of.log.survive(of.writing, kept);
    }
    reached_.crashes_during_checkpoint += of.checkpoint != nullptr ? 1 : 0;
    if (of.checkpoint != nullptr && disk_random_.chance(0.5)) {
        of.tables.commit(*of.checkpoint); // durable, and nobody was told
    }
    lose_connections_of(of);
    reached_.snapshots_cut += of.snapshot_in ? 1 : 0;
    of.snapshots_out.clear();
    of.snapshot_in.reset();
    of.boot = 0;
    of.running.reset();
    of.writing.clear();
    of.is_writing = false;
    of.checkpoint = nullptr;
    of.is_flush_due = false;
    of.inbox.clear();
    of.held_back.clear();
    of.paused_until = {};
    const zab::link_loss how = loses_power ? zab::link_loss::silent : zab::link_loss::refused;
    for (const auto& [id, each] : servers_) {
        if (id != of.id) {
            break_link(of.id, id, how);
        }
    }
}

/// Something comes to the server: now, or when it wakes up.
void world::input(server& to, std::function<void(replica::replica&)> what) {
    if (events_.now() < to.paused_until || !to.inbox.empty()) {
        to.inbox.push_back([this, &to, what = std::move(what)] {
            what(*to.running);
            after_input(to);
        });
        return;
    }
    what(*to.running);
    after_input(to);
}

void world::resume(server& of) {
    while (!of.inbox.empty() && of.is_running() && events_.now() >= of.paused_until) {
        const auto next = std::move(of.inbox.front());
        next();
        if (!of.inbox.empty()) {
            of.inbox.pop_front();
        }
    }
}

/// The batch of inputs ends, at once or a moment later.
void world::after_input(server& of) {
    observe(of);
    if (!is_healing_ && disk_random_.chance(plan_.late_outputs)) {
        if (!of.is_flush_due) {
            of.is_flush_due = true;
            const std::uint64_t boot = of.boot;
            events_.after(disk_random_.between(microseconds{1}, microseconds{200}), [=, this, &of] {
                if (of.boot == boot && of.is_flush_due) {
                    flush(of);
                }
            });
        }
        return;
    }
    flush(of);
}

void world::flush(server& of) {
    of.is_flush_due = false;
    replica::outputs out;
    of.running->take_outputs(out, clock_of(of));
    observe(of);
    if (!out.records.empty()) {
        check_expiries(of, out.records);
        write(of, out.operation, std::move(out.records));
    }
    if (out.checkpoint != nullptr) {
        write_checkpoint(of, std::move(out.checkpoint));
    }
    if (out.log_needed_from) {
        prune_log(of, *out.log_needed_from);
    }
    for (replica::peer_output& each : out.peers) {
        transmit(of, each.to, std::move(each.frame));
    }
    for (const zab::history_request& each : out.history) {
        read_history(of, each);
    }
    move_snapshots(of, out);
    for (replica::client_output& each : out.clients) {
        if (each.has_more) {
            events_.after(microseconds{10}, [this, &of, to = each.to, boot = of.boot] {
                if (of.is_running() && of.boot == boot) {
                    input(of, [this, &of, to](replica::replica& here) {
                        here.go_on(to, clock_of(of));
                    });
                }
            });
        }
        deliver(of, std::move(each));
    }
    if (!of.held_back.empty()) {
        feed_held_back(of);
    }
    arm(of);
    restart_if_wanted(of);
}

/// What it applied since the last look must stand on its own disk and be everybody's history.
void world::follow_history(server& of, zxid applied) {
    const simulation::log_image& image = of.log.image();
    const zxid newest_before = history_.newest().at;
    for (std::size_t index = image.index_behind(of.applied_seen); of.applied_seen != applied;
         ++index) {
        if (index == image.entries.size() || image.entries[index]->at > applied) {
            violated(
                "F5: server {} applies 0x{:x} before it is durable there",
                of.id.value,
                applied.value
            );
        }
        const zab::shared_entry& next = image.entries[index];
        if (next->previous != of.applied_seen) {
            violated("I20: server {} leaves out what precedes 0x{:x}", of.id.value, next->at.value);
        }
        if (const committed_entry* known = history_.find(next->at); known == nullptr) {
            history_.append(next);
        } else if (known->what->chain != next->chain) {
            violated("I11: server {} applies another 0x{:x}", of.id.value, next->at.value);
        }
        of.applied_seen = next->at;
    }
    if (history_.newest().at != newest_before) {
        journal_.note('s', of.id.value, "commits up to 0x{:x}", history_.newest().at.value);
        check_durable();
    }
}

void world::observe(server& of) {
    note_role(of);
    const zxid applied = of.running->last_applied();
    if (applied == of.applied_seen) {
        return;
    }
    follow_history(of, applied);
    const auto [known, is_new] = digests_.emplace(applied, of.running->nodes().current_digest());
    if (!is_new && known->second != of.running->nodes().current_digest()) {
        violated("I33: server {} has another state at 0x{:x}", of.id.value, applied.value);
    }
}

/// I12: a quorum holds everything that is committed. In the middle of a change whose proposal is
/// committed, the new members are enough: they may have committed the activation, and with it all
/// that precedes it.
void world::check_durable() const {
    const auto holds = [&](const zab::member& each) {
        return servers_.at(each.id)->log.image().holds(history_.newest());
    };
    const zab::membership_state& members = history_.members();
    if (!members.is_quorum(holds) && !(members.is_joint && members.pending.is_quorum(holds))) {
        std::string holders;
        for (const auto& [id, each] : servers_) {
            holders +=
                each->log.image().holds(history_.newest()) ? fmt::format(" {}", id.value) : "";
        }
        violated(
            "I12: 0x{:x} is committed, but only{} hold it", history_.newest().at.value, holders
        );
    }
}

void world::note_role(server& of) {
    const bool leads = of.running->is_leading();
    const bool serves = of.running->is_serving();
    const nanoseconds here = clock_of(of).monotonic;
    if (leads && !of.was_leading) {
        ++reached_.leaders;
        of.leading_since = here;
        of.touched.clear();
        for (const auto& [id, each] : servers_) {
            if (id != of.id && each->is_running() && each->running->is_leading()) {
                ++reached_.two_leaders_at_once;
            }
        }
    }
    if (serves != of.was_serving || leads != of.was_leading) {
        journal_.note(
            's',
            of.id.value,
            "{} applied=0x{:x}",
            leads    ? "leads"
            : serves ? "follows"
                     : "looks for a leader",
            of.running->last_applied().value
        );
    }
    if (of.was_serving && !serves) {
        of.not_serving_since = here;
        for (auto& [number, each] : connections_) {
            each.saw_leader_change =
                each.saw_leader_change || (each.server == of.id && each.was_established);
        }
    }
    of.was_leading = leads;
    of.was_serving = serves;
}

/// I32: a leader ends a session by itself only if it has not heard of it for its whole timeout.
void world::check_expiries(server& of, const std::vector<zab::log_record>& records) {
    if (!of.running->is_leading()) {
        return;
    }
    const nanoseconds here = clock_of(of).monotonic;
    for (const zab::log_record& record : records) {
        if (record.type != zab::record_type::entry || record.what == nullptr ||
            record.what->kind != zab::entry_kind::application ||
            record.what->from.server != of.id || record.what->from.boot != of.boot) {
            continue;
        }
        const auto made = replica::decode_transaction(record.what->body);
        const auto* const closed =
            made ? std::get_if<replica::close_session>(&made->what) : nullptr;
        if (closed == nullptr || made->session != session_id{}) {
            continue;
        }
        ++reached_.sessions_expired;
        const auto touched = of.touched.find(closed->id);
        const nanoseconds since = touched == of.touched.end()
                                      ? of.leading_since
                                      : std::max(of.leading_since, touched->second);
        const session_life* const life = history_.session(closed->id);
        const milliseconds timeout{life == nullptr ? 0 : life->timeout_ms};
        journal_.note('s', of.id.value, "expires session 0x{:x}", closed->id.value);
        if (here - since < timeout) {
            violated(
                "I32: session 0x{:x} expires {} ms after its last sign of life, its timeout is {}",
                closed->id.value,
                (here - since) / milliseconds{1},
                timeout.count()
            );
        }
    }
}

void world::arm(server& of) {
    const nanoseconds due = of.running->next_deadline();
    const nanoseconds here = clock_of(of).monotonic;
    const auto wait = nanoseconds{
        static_cast<std::int64_t>(static_cast<double>((due - here).count()) / of.clock_rate)};
    const nanoseconds at = events_.now() + std::max<nanoseconds>(wait, milliseconds{10});
    if (of.armed_for > events_.now() && of.armed_for <= at) {
        return;
    }
    of.armed_for = at;
    const std::uint64_t boot = of.boot;
    events_.after(at - events_.now(), [this, &of, boot, at] {
        if (of.boot != boot || of.armed_for != at) {
            return;
        }
        of.armed_for = nanoseconds::max();
        input(of, [this, &of](replica::replica& woken) { woken.on_tick(clock_of(of)); });
    });
}

// ---- disk ----

/// Keeps what any server may still ask for, unless those that lag are to need snapshots.
void world::prune_log(server& of, zxid covered) {
    for (const auto& [id, each] : servers_) {
        covered = plan_.is_log_short ? covered : std::min(covered, each->applied_seen);
    }
    of.log.prune(covered, plan_.log_kept);
}

void world::write(server& of, zab::operation_id operation, std::vector<zab::log_record> records) {
    of.writing.push_back({operation, std::move(records)});
    begin_write(of);
}

/// One write is on its way at a time; what gathers meanwhile goes with the next.
void world::begin_write(server& of) {
    if (of.is_writing || of.writing.empty()) {
        return;
    }
    of.is_writing = true;
    const bool is_slow = !is_healing_ && disk_random_.chance(plan_.slow_disk);
    const nanoseconds takes = is_slow ? disk_random_.between(milliseconds{1}, milliseconds{1500})
                                      : disk_random_.between(microseconds{60}, microseconds{400});
    const std::uint64_t boot = of.boot;
    const std::size_t count = of.writing.size();
    events_.after(takes, [this, &of, boot, count] {
        if (of.boot != boot) {
            return;
        }
        of.is_writing = false;
        zab::operation_id done;
        for (std::size_t index = 0; index < count; ++index) {
            check_base(of, of.writing.front().records);
            of.log.complete(of.writing.front());
            done = of.writing.front().id;
            of.writing.pop_front();
        }
        journal_.note('s', of.id.value, "has on disk 0x{:x}", of.log.image().end().at.value);
        begin_write(of);
        input(of, [this, &of, done](replica::replica& here) {
            here.on_persisted(done, clock_of(of));
        });
    });
}

/// I16: a snapshot takes nothing away that its receiver has of the same history.
void world::check_base(const server& of, const std::vector<zab::log_record>& completed) const {
    for (const zab::log_record& record : completed) {
        if (record.type != zab::record_type::base) {
            continue;
        }
        const zab::position base = zab::decode_base(record.payload)->at;
        const committed_entry* const there = history_.find(base.at);
        if (there == nullptr || there->what->where() != base) {
            violated("I15: server {} gets a snapshot of no committed state", of.id.value);
        }
        if (of.log.image().holds(base)) {
            violated("I16: server {} gets a snapshot that it does not need", of.id.value);
        }
    }
}

void world::write_checkpoint(server& of, std::shared_ptr<const tree::change_set> changes) {
    of.checkpoint = std::move(changes);
    const std::uint64_t boot = of.boot;
    const bool fails = !is_healing_ && disk_random_.chance(plan_.failed_checkpoint);
    events_.after(disk_random_.between(milliseconds{1}, milliseconds{200}), [=, this, &of] {
        if (of.boot != boot) {
            return;
        }
        const std::shared_ptr<const tree::change_set> written = std::exchange(of.checkpoint, {});
        if (!fails) {
            of.tables.commit(*written);
        }
        ++(fails ? reached_.failed_checkpoints : reached_.checkpoints);
        input(of, [this, &of, fails](replica::replica& here) {
            here.on_checkpoint(!fails, clock_of(of));
        });
    });
}

void world::read_history(server& of, const zab::history_request& wanted) {
    ++reached_.history_reads;
    const std::uint64_t boot = of.boot;
    events_.after(disk_random_.between(microseconds{50}, milliseconds{5}), [=, this, &of] {
        if (of.boot != boot) {
            return;
        }
        auto read = of.log.read(wanted.behind, 1 + disk_random_.below(200));
        input(of, [this, &of, wanted, read = std::move(read)](replica::replica& here) {
            if (read) {
                here.on_history_read(wanted.peer, wanted.number, *read, clock_of(of));
            } else {
                here.on_history_gone(wanted.peer, wanted.number, clock_of(of));
            }
        });
    });
}

} // namespace conclave::ensemble
