/// Snapshots between servers: a copy of the tables travels in pieces (zab 2.6.4).
#include "server/replica/history_row.hpp"
#include "test/simulation/ensemble/world.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void world::move_snapshots(server& of, replica::outputs& out) {
    for (const server_id gone : out.ended_snapshots) {
        of.snapshots_out.erase(gone);
    }
    for (const zab::snapshot_request& each : out.snapshots) {
        open_snapshot(of, each);
    }
    for (const zab::snapshot_read_request& each : out.snapshot_reads) {
        read_snapshot(of, each);
    }
    for (zab::snapshot_piece& each : out.pieces) {
        store_piece(of, std::move(each));
    }
}

/// The copy is of now; the answer comes a moment later.
void world::open_snapshot(server& of, const zab::snapshot_request& wanted) {
    ++reached_.snapshots_begun;
    const bool fails = !is_healing_ && disk_random_.chance(plan_.failed_snapshot);
    test::memory_tables copy = of.tables;
    copy.refresh();
    const auto row = copy.get(tree::table::meta, replica::history_key);
    const auto history = row ? replica::decode_history_row(*row) : std::nullopt;
    if (!history || history_.find(history->applied.at.at) == nullptr) {
        violated("I15: server {} sends a snapshot of no committed state", of.id.value);
    }
    of.snapshots_out[wanted.peer] = {wanted.number, copy.dump()};
    journal_.note('s', of.id.value, "sends a snapshot to {}", wanted.peer.value);
    const std::uint64_t boot = of.boot;
    const zab::base_state applied = history->applied;
    events_.after(disk_random_.between(microseconds{50}, milliseconds{5}), [=, this, &of] {
        if (of.boot != boot) {
            return;
        }
        reached_.snapshots_failed += fails ? 1 : 0;
        input(of, [this, &of, fails, wanted, applied](replica::replica& here) {
            fails ? here.on_snapshot_failed(wanted.peer, wanted.number, clock_of(of))
                  : here.on_snapshot_opened(wanted.peer, wanted.number, applied, clock_of(of));
        });
    });
}

void world::read_snapshot(server& of, const zab::snapshot_read_request& wanted) {
    const std::uint64_t boot = of.boot;
    const std::size_t size = 1 + disk_random_.below(20'000);
    const bool fails = !is_healing_ && disk_random_.chance(plan_.failed_snapshot);
    events_.after(disk_random_.between(microseconds{50}, milliseconds{2}), [=, this, &of] {
        const auto open = of.snapshots_out.find(wanted.peer);
        if (of.boot != boot || open == of.snapshots_out.end() ||
            open->second.number != wanted.number) {
            return;
        }
        reached_.snapshots_failed += fails ? 1 : 0;
        const bytes& all = open->second.content;
        const bytes piece = all.substr(std::min<std::size_t>(wanted.offset, all.size()), size);
        const bool is_last = wanted.offset + piece.size() == all.size();
        input(of, [=, this, &of](replica::replica& here) {
            const zab::attachment number = wanted.number;
            const replica::instant now = clock_of(of);
            fails ? here.on_snapshot_failed(wanted.peer, number, now)
                  : here.on_snapshot_read(wanted.peer, number, wanted.offset, piece, is_last, now);
        });
    });
}

/// In the order in which the pieces came.
void world::store_piece(server& of, zab::snapshot_piece piece) {
    const bool is_slow = !is_healing_ && disk_random_.chance(plan_.slow_disk);
    const nanoseconds takes = is_slow ? disk_random_.between(milliseconds{1}, milliseconds{1500})
                                      : disk_random_.between(microseconds{60}, milliseconds{3});
    of.newest_piece = std::max(events_.now() + takes, of.newest_piece + nanoseconds{1});
    const std::uint64_t boot = of.boot;
    events_.after(of.newest_piece - events_.now(), [this, &of, boot, piece = std::move(piece)] {
        if (of.boot == boot) {
            take_piece(of, piece);
        }
    });
}

void world::take_piece(server& of, const zab::snapshot_piece& piece) {
    if (piece.offset == 0) {
        of.snapshot_in = incoming_snapshot{piece.number, {}};
        of.to_install.reset();
    }
    const bool is_next = of.snapshot_in && of.snapshot_in->number == piece.number &&
                         of.snapshot_in->content.size() == piece.offset;
    if (!is_next) {
        return;
    }
    if (!is_healing_ && disk_random_.chance(plan_.failed_snapshot)) {
        ++reached_.snapshots_refused;
        of.snapshot_in.reset();
        return input(of, [this, &of, number = piece.number](replica::replica& here) {
            here.on_snapshot_refused(number, clock_of(of));
        });
    }
    of.snapshot_in->content += piece.content;
    const std::uint64_t end = of.snapshot_in->content.size();
    if (piece.is_last) {
        of.to_install = stored_snapshot{
            piece.of.at, test::memory_tables::restored_from(of.snapshot_in->content)};
        of.snapshot_in.reset();
    }
    input(of, [this, &of, number = piece.number, end](replica::replica& here) {
        here.on_snapshot_stored(number, end, clock_of(of));
    });
}

/// At a start: the log says whether the snapshot that is stored here was to become the state.
void world::install_snapshot(server& of) {
    if (!of.to_install) {
        return;
    }
    stored_snapshot stored = *std::exchange(of.to_install, std::nullopt);
    if (of.log.image().base != stored.of) {
        ++reached_.snapshots_discarded;
        return;
    }
    ++reached_.snapshots_installed;
    journal_.note('s', of.id.value, "installs a snapshot of 0x{:x}", stored.of.at.value);
    of.tables = std::move(stored.tables);
}

/// It waits for nothing but a new process.
void world::restart_if_wanted(server& of) {
    if (!of.running->needs_restart()) {
        return;
    }
    if (!of.running->quarantine().empty()) {
        violated("server {} leaves: {}", of.id.value, of.running->quarantine());
    }
    events_.after(
        disk_random_.between(nanoseconds{1}, milliseconds{50}),
        [=, this, &of, boot = of.boot] {
            if (of.boot != boot) {
                return;
            }
            stop(of, false);
            events_.after(disk_random_.between(milliseconds{1}, milliseconds{300}), [this, &of] {
                if (!of.is_running()) {
                    start(of);
                }
            });
        }
    );
}

} // namespace conclave::ensemble
