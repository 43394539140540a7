#include "test/support/repairing_ensemble.hpp"

#include "server/replica/history_row.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::test {

struct repairing_ensemble::server {
    id number{};
    replica::settings configured;
    memory_tables tables;
    std::vector<zab::log_record> log;
    zxid log_base;
    std::unique_ptr<replica::replica> here; ///< while it runs
    std::optional<zxid> incoming;
    std::optional<replica::connection_id> client;
    frame_log replies;
    std::vector<std::string> quarantines;
    int installed_count = 0;
};

repairing_ensemble::repairing_ensemble(id count) {
    zab::membership members;
    for (id number = 1; number <= count; ++number) {
        members.members.emplace_back().id = server_id{number};
    }
    for (id number = 1; number <= count; ++number) {
        auto added = std::make_unique<server>();
        added->number = number;
        added->configured.self = server_id{number};
        added->configured.ensemble = members;
        added->configured.storage = {number, 1};
        added->configured.fresh_hash_seed = number;
        servers_.emplace(number, std::move(added));
    }
    for (id number = 1; number <= count; ++number) {
        start(number);
    }
}

repairing_ensemble::~repairing_ensemble() = default;

void repairing_ensemble::start(id which) {
    server& of = at(which);
    of.configured.boot = ++newest_boot_;
    of.configured.first_session = session_id{
        static_cast<std::int64_t>((std::uint64_t{which} << 56U) + (newest_boot_ << 16U))};
    of.tables.refresh();
    of.here = std::make_unique<replica::replica>(of.configured, of.tables);
    for (const zab::log_record& record : of.log) {
        const auto recovered = of.here->recover(record);
        CONCLAVE_ASSERT(recovered.has_value());
    }
    of.here->start(now_);
    for (auto& [number, other] : servers_) {
        if (number != which && other->here != nullptr) {
            other->here->on_link_up(server_id{which}, now_);
            of.here->on_link_up(server_id{number}, now_);
        }
    }
    settle();
}

void repairing_ensemble::stop(id which) {
    server& of = at(which);
    of.here.reset();
    of.client.reset();
    of.replies = {};
    std::erase_if(on_the_way_, [&](const auto& each) {
        return each.first == which || each.second.to == server_id{which};
    });
    for (auto& [number, other] : servers_) {
        if (other->here != nullptr) {
            other->here->on_link_down(server_id{which}, zab::link_loss::refused, now_);
        }
    }
}

repairing_ensemble::id repairing_ensemble::elect() {
    constexpr int patience = 200;
    for (int round = 0; round < patience; ++round) {
        id leader = 0;
        bool all_serve = true;
        for (auto& [number, each] : servers_) {
            const bool runs = each->here != nullptr;
            leader = runs && each->here->is_leading() ? number : leader;
            all_serve = all_serve && (!runs || each->here->is_serving());
        }
        if (leader != 0 && all_serve) {
            return leader;
        }
        advance(std::chrono::milliseconds{50});
    }
    return 0;
}

void repairing_ensemble::advance(std::chrono::milliseconds by) {
    now_.monotonic += by;
    now_.wall_ms += by.count();
    for (auto& [number, each] : servers_) {
        if (each->here != nullptr) {
            each->here->on_tick(now_);
        }
    }
    settle();
}

void repairing_ensemble::settle() {
    bool moves = true;
    while (moves) {
        moves = false;
        for (auto& [number, each] : servers_) {
            moves = (each->here != nullptr && step(*each)) || moves;
        }
        for (auto& [from, what] : std::exchange(on_the_way_, {})) {
            server& to = at(what.to.value);
            if (to.here != nullptr) {
                CONCLAVE_ASSERT(to.here->on_peer_frame(server_id{from}, what.frame, now_));
                moves = true;
            }
        }
    }
}

/// @return  whether there was anything to do.
bool repairing_ensemble::step(server& of) {
    replica::outputs wanted;
    of.here->take_outputs(wanted, now_);
    const bool is_idle = wanted.peers.empty() && wanted.records.empty() &&
                         wanted.checkpoint == nullptr && wanted.history.empty() &&
                         wanted.snapshots.empty() && wanted.snapshot_reads.empty() &&
                         wanted.pieces.empty();
    carry_out(of, wanted);
    if (of.here->needs_restart()) {
        restart(of);
        return true;
    }
    return !is_idle;
}

void repairing_ensemble::carry_out(server& of, replica::outputs& wanted) {
    for (replica::client_output& each : wanted.clients) {
        of.replies.append(each.frames);
    }
    for (replica::peer_output& each : wanted.peers) {
        on_the_way_.emplace_back(of.number, std::move(each));
    }
    if (wanted.log_needed_from) {
        of.log_base = *wanted.log_needed_from;
    }
    serve_snapshots(of, wanted);
    for (const zab::history_request& each : wanted.history) {
        serve_history(of, each);
    }
    if (wanted.checkpoint != nullptr) {
        of.tables.commit(*wanted.checkpoint);
        wanted.checkpoint.reset();
        of.here->on_checkpoint(true, now_);
    }
    if (!wanted.records.empty()) {
        std::move(wanted.records.begin(), wanted.records.end(), std::back_inserter(of.log));
        of.here->on_persisted(wanted.operation, now_);
    }
}

void repairing_ensemble::serve_history(server& of, const zab::history_request& wanted) {
    std::vector<zab::shared_entry> found;
    for (const zab::log_record& record : of.log) {
        if (record.type == zab::record_type::entry && record.at > wanted.behind) {
            found.push_back(record.what);
        }
    }
    if (wanted.behind < of.log_base || found.empty()) {
        of.here->on_history_gone(wanted.peer, wanted.number, now_);
    } else {
        of.here->on_history_read(wanted.peer, wanted.number, std::move(found), now_);
    }
}

/// The rows travel beside the messages, which carry one octet in their place.
void repairing_ensemble::serve_snapshots(server& of, replica::outputs& wanted) {
    for (const zab::snapshot_request& each : wanted.snapshots) {
        memory_tables copy = of.tables;
        copy.refresh();
        const auto row = copy.get(tree::table::meta, replica::history_key);
        const auto history = row ? replica::decode_history_row(*row) : std::nullopt;
        CONCLAVE_ASSERT(history.has_value());
        snapshots_[history->applied.at.at] = std::move(copy);
        of.here->on_snapshot_opened(each.peer, each.number, history->applied, now_);
    }
    for (const zab::snapshot_read_request& each : wanted.snapshot_reads) {
        of.here->on_snapshot_read(each.peer, each.number, each.offset, "x", true, now_);
    }
    for (const zab::snapshot_piece& each : wanted.pieces) {
        of.incoming = each.of.at.at;
        of.here->on_snapshot_stored(each.number, each.offset + each.content.size(), now_);
    }
}

void repairing_ensemble::restart(server& of) {
    if (const std::string why = of.here->quarantine(); !why.empty()) {
        of.quarantines.push_back(why);
        empty(of);
    } else {
        ++of.installed_count;
        of.tables = snapshots_.at(*of.incoming);
    }
    stop(of.number);
    start(of.number);
}

void repairing_ensemble::empty(server& of) {
    of.tables = {};
    of.log.clear();
    of.log_base = {};
    of.configured.storage.low += 1;
    of.configured.may_found = false; // it may have belonged to an ensemble
}

void repairing_ensemble::lose_everything(id which) {
    stop(which);
    empty(at(which));
    start(which);
}

void repairing_ensemble::checkpoint(id which) {
    at(which).here->request_checkpoint(now_);
    settle();
}

received_frame repairing_ensemble::call(id which, bytes_view frame) {
    server& of = at(which);
    if (!of.client) {
        of.client = of.here->on_connect({"127.0.0.1", 40'000}, now_);
        of.here->on_frame(*of.client, connect_frame(30'000), now_);
        settle();
    }
    of.here->on_frame(*of.client, frame, now_);
    settle();
    return of.replies.take();
}

void repairing_ensemble::write_past_digest_point(id which) {
    for (std::uint32_t count = 0; count <= replica::digest_interval; ++count) {
        const bytes path = "/n" + std::to_string(++newest_request_);
        call(which, create_frame(newest_request_, path));
    }
}

void repairing_ensemble::lose_node(id which, bytes_view node_name) {
    memory_tables& tables = at(which).tables;
    bytes found;
    tables.refresh();
    tables.scan(tree::table::node, {}, [&](bytes_view key, bytes_view) {
        found = key.ends_with(node_name) ? bytes{key} : found;
        return true;
    });
    const bool is_lost = tables.lose(tree::table::node, found);
    CONCLAVE_ASSERT(is_lost);
}

replica::replica& repairing_ensemble::operator[](id which) {
    return *at(which).here;
}

const std::vector<std::string>& repairing_ensemble::quarantines(id which) const {
    return at(which).quarantines;
}

int repairing_ensemble::installed_count(id which) const {
    return at(which).installed_count;
}

bool repairing_ensemble::holds_node(id which, bytes_view path) {
    return at(which).here->nodes().find(path).has_value();
}

} // namespace conclave::test
