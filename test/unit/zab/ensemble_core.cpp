/// Carries out what a core wants, and holds it to what must always be true.
#include "test/unit/zab/ensemble_node.hpp"

#include <utility>

namespace conclave::test {

namespace {

constexpr std::uint64_t snapshot_pieces = 3;
constexpr std::size_t steps_to_quiescence = 10'000;

} // namespace

/// Lets a core finish what an input began. One that has installed a snapshot starts anew.
void ensemble::settle(node& of) {
    for (std::size_t steps = 0;; ++steps) {
        must_hold(steps < steps_to_quiescence, "a core never comes to rest");
        zab::core_outputs wanted;
        of.core->take_outputs(wanted);
        const bool has_read = carry_out(of, wanted);
        if (of.core->has_events()) {
            apply(of);
        } else if (!has_read) {
            break;
        }
    }
    if (of.core->needs_restart()) {
        of.writing.clear();
        stop(of);
        start(of.number);
    }
}

bool ensemble::carry_out(node& of, zab::core_outputs& wanted) {
    check_records(of, wanted.disk.records);
    for (zab::outgoing& each : wanted.messages) {
        check_sent(of, each.what);
        const id to = each.to.value;
        if (of.linked.contains(to) && !mute_.contains({of.number, to})) {
            queues_[{of.number, to}].push_back(std::move(each.what));
        }
    }
    if (!wanted.disk.records.empty()) {
        of.writing.push_back({wanted.disk.operation, std::move(wanted.disk.records)});
    }
    for (zab::snapshot_piece& each : wanted.pieces) {
        of.pieces.push_back(std::move(each));
    }
    return serve_reads(of, wanted);
}

bool ensemble::serve_reads(node& of, zab::core_outputs& wanted) {
    for (const zab::history_request& each : wanted.history) {
        if (auto read = of.drive.read(each.behind, options_.limits.batch_count); read) {
            of.core->history_read(each.peer, each.number, *std::move(read));
        } else {
            of.core->history_gone(each.peer, each.number);
        }
    }
    const zab::base_state& newest = of.drive.newest_checkpoint().state;
    for (const zab::snapshot_request& each : wanted.snapshots) {
        if (newest.at.at >= each.at_least && newest.at.at > zxid{}) {
            of.core->snapshot_opened(each.peer, each.number, newest);
        } else {
            of.core->snapshot_failed(each.peer, each.number);
        }
    }
    for (const zab::snapshot_read_request& each : wanted.snapshot_reads) {
        const bool is_last = each.offset + 1 == snapshot_pieces;
        of.core->snapshot_read(each.peer, each.number, each.offset, "x", is_last);
    }
    return !wanted.history.empty() || !wanted.snapshots.empty() || !wanted.snapshot_reads.empty();
}

void ensemble::apply(node& of) {
    for (const zab::shared_entry& next : of.core->take_committed()) {
        const auto [known, is_new] = history_.try_emplace(next->at, next);
        must_hold(is_new || *known->second == *next, "I11: two histories are committed");
        must_hold(next->previous == of.applied.at, "I20: applied out of order");
        must_hold(of.drive.image().holds(next->where()), "I13: applied before it is durable");
        of.applied = next->where();
        of.core->applied(next->at);
    }
    for (const zab::barrier_result& each : of.core->take_barriers()) {
        must_hold(barriers_.try_emplace(each.token, each).second, "a barrier is answered twice");
    }
}

void ensemble::check_records(const node& by, const std::vector<zab::log_record>& records) {
    for (const zab::log_record& record : records) {
        if (record.type == zab::record_type::truncate) {
            must_hold(record.at >= by.applied.at, "I14: truncates what is applied");
        } else if (record.type == zab::record_type::entry) {
            const zab::shared_entry& made = record.what;
            const bool begins = made->kind == zab::entry_kind::epoch_start &&
                                made->from.server == server_id{by.number};
            const std::pair own{by.number, by.boot};
            if (begins && is_leading(by.core->current_role())) {
                const auto owner = leaders_.try_emplace(made->at.in_epoch(), own).first;
                must_hold(owner->second == own, "I1: an epoch has two leaders");
            }
        }
    }
}

void ensemble::check_sent(const node& by, const zab::message& what) const {
    const simulation::log_image& image = by.drive.image();
    if (const auto* told = std::get_if<zab::acknowledge_message>(&what); told != nullptr) {
        must_hold(image.promised == told->in, "I17: acknowledges without the promise on disk");
        must_hold(told->durable <= image.end().at, "I17: acknowledges before it is durable");
    } else if (const auto* grant = std::get_if<zab::promise_message>(&what);
               grant != nullptr && grant->reason == zab::denial::none) {
        must_hold(image.promised == grant->asked.to, "I18: a promise is told before it is durable");
        must_hold(grant->state.last.at <= image.end().at, "F3: tells what is not durable");
    } else if (const auto* asked = std::get_if<zab::campaign_message>(&what); asked != nullptr) {
        must_hold(image.promised == asked->asked.to, "F1: campaigns without the promise on disk");
    }
}

} // namespace conclave::test
