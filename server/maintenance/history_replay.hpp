/// Applies past transactions to a checkpoint, as a server does.
#pragma once

#include "server/maintenance/checkpoint_builder.hpp"
#include "server/replica/transaction.hpp"
#include "server/tree/tree.hpp"
#include "server/zab/entry.hpp"

#include <conclave/result.hpp>

#include <string>

namespace conclave::maintenance {

class history_replay {
public:
    /// Goes on behind `reached`, which is what `state` holds. `state` must outlive this.
    /// @throws tree::corrupt_state
    history_replay(checkpoint_builder& state, replica::history_row reached);

    /// The next entry. @return a sentence if it is not the next one, or does not fit the state
    /// @throws tree::corrupt_state
    [[nodiscard]] result<void, std::string> apply(const zab::entry& next);

    [[nodiscard]] const replica::history_row& reached() const { return reached_; }

    [[nodiscard]] const tree::tree& nodes() const { return nodes_; }

    /// Saves what was applied, as reaching as far as `row` says.
    [[nodiscard]] result<void, std::string> save(const replica::history_row& row);

private:
    using outcome = result<void, std::string>;

    outcome apply_body(const zab::entry& next);
    outcome apply_epoch_start(const zab::entry& next);
    outcome apply_members(const zab::entry& next);
    outcome apply_transaction(const zab::entry& next);
    outcome apply_change(const tree::change& change, const zab::entry& next);

    checkpoint_builder& state_;
    tree::tree nodes_;
    replica::history_row reached_;
};

} // namespace conclave::maintenance
