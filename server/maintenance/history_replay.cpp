#include "server/maintenance/history_replay.hpp"

#include "server/replica/membership_text.hpp"
#include "server/replica/writes.hpp"
#include "server/tree/reserved.hpp"
#include "server/zab/history.hpp"

#include <fmt/format.h>

namespace conclave::maintenance {

namespace {

/// Nobody watches.
class no_listener final : public tree::change_listener {
public:
    void on_event(event_type, bytes_view, bytes_view) override {}
};

unexpected<std::string> misfit(const zab::entry& at, std::string_view what) {
    return unexpected{
        fmt::format("the transaction at zxid 0x{:x} does not fit: {}", at.at.value, what)};
}

tree::apply_context context_of(const zab::entry& next) {
    return {next.at, next.time_ms};
}

} // namespace

history_replay::history_replay(checkpoint_builder& state, replica::history_row reached)
    : state_(state), nodes_(state.rows(), 0), reached_(std::move(reached)) {}

history_replay::outcome history_replay::save(const replica::history_row& row) {
    nodes_.save_counters();
    return state_.save(row);
}

history_replay::outcome history_replay::apply(const zab::entry& next) {
    const zab::position& last = reached_.applied.at;
    if (next.previous != last.at || !zab::is_successor(last.at, next.at)) {
        return misfit(next, fmt::format("it does not follow 0x{:x}", last.at.value));
    }
    if (zab::chain_after(last.chain, next) != next.chain) {
        return misfit(next, "it belongs to another history");
    }
    if (auto applied = apply_body(next); !applied) {
        return applied;
    }
    reached_.applied.at = next.where();
    const bool is_cut = zab::add_place(reached_.applied.epochs, next.where());
    reached_.applied.epochs_are_cut = reached_.applied.epochs_are_cut || is_cut;
    reached_.time_ms = next.time_ms;
    return state_.save_if_large();
}

history_replay::outcome history_replay::apply_body(const zab::entry& next) {
    switch (next.kind) {
    case zab::entry_kind::epoch_start:
        return apply_epoch_start(next);
    case zab::entry_kind::application:
        return apply_transaction(next);
    case zab::entry_kind::membership:
    case zab::entry_kind::activation:
        return apply_members(next);
    }
    return misfit(next, "its kind is unknown");
}

/// The key of the first one that an ensemble ever committed is its secret.
history_replay::outcome history_replay::apply_epoch_start(const zab::entry& next) {
    const auto begin = zab::decode_epoch_start(next.body);
    const auto start = begin ? replica::decode_epoch_start(begin->application) : std::nullopt;
    if (!start) {
        return misfit(next, "its EpochStart cannot be decoded");
    }
    if (reached_.password_key.empty()) {
        reached_.password_key.assign(start->password_key.begin(), start->password_key.end());
    }
    return apply_members(next);
}

history_replay::outcome history_replay::apply_members(const zab::entry& next) {
    zab::membership_state& members = reached_.applied.members;
    const zxid known = members.stable.configured;
    members = zab::members_after(members, next);
    const bytes text = replica::config_text(members.stable);
    if (members.stable.configured == known || text.empty()) {
        return {};
    }
    tree::set_data shown;
    shown.path = tree::config_path;
    shown.data = text;
    shown.version = -1;
    return apply_change(shown, next);
}

history_replay::outcome
history_replay::apply_change(const tree::change& change, const zab::entry& next) {
    no_listener nobody;
    const auto applied = nodes_.apply(change, context_of(next), nobody);
    return applied ? outcome{} : outcome{misfit(next, name(applied.error()))};
}

history_replay::outcome history_replay::apply_transaction(const zab::entry& next) {
    const std::optional<replica::transaction> what = replica::decode_transaction(next.body);
    if (!what) {
        return misfit(next, "it cannot be decoded");
    }
    if (const auto* changes = std::get_if<replica::tree_changes>(&what->what)) {
        for (const tree::change& each : changes->changes) {
            if (auto applied = apply_change(each, next); !applied) {
                return applied;
            }
        }
    } else if (const auto* open = std::get_if<replica::open_session>(&what->what)) {
        state_.put_session(open->id, open->timeout_ms);
    } else if (const auto* close = std::get_if<replica::close_session>(&what->what)) {
        no_listener nobody;
        nodes_.remove_ephemerals(replica::ephemerals_of(*close, nodes_), context_of(next), nobody);
        state_.remove_session(close->id);
    }
    return {};
}

} // namespace conclave::maintenance
