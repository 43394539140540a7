/// The log and the checkpoint of one simulated replication core.
#pragma once

#include "test/simulation/core/record_log.hpp"

#include <string>

namespace conclave::simulation {

struct checkpoint {
    zab::base_state state;
    std::int64_t time_ms = 0;
};

class disk {
public:
    using operation = record_log::operation;

    /// Everything of the operation is durable from now on.
    void complete(const operation& done);

    /// A power loss: of the operations that were under way a prefix survives.
    void survive(const std::deque<operation>& pending, std::size_t records_kept);

    void write_checkpoint(checkpoint next);

    /// Drops log records that the checkpoint covers, all but about the newest `kept`.
    void prune(std::size_t kept) { log_.prune(checkpoint_.state.at.at, kept); }

    /// A snapshot is whole and durable; it counts once the log says so.
    void stage(checkpoint incoming) { staged_ = std::move(incoming); }

    [[nodiscard]] result<zab::recovered_state, std::string>
    recover(zab::recovery::apply on_committed);

    /// Entries behind `behind`; nothing if the log does not reach back so far.
    [[nodiscard]] std::optional<std::vector<zab::shared_entry>>
    read(zxid behind, std::size_t count) const {
        return log_.read(behind, count);
    }

    [[nodiscard]] const log_image& image() const { return log_.image(); }

    [[nodiscard]] const checkpoint& newest_checkpoint() const { return checkpoint_; }

    zab::storage_id storage;

private:
    void install_staged();

    record_log log_;
    checkpoint checkpoint_;
    std::optional<checkpoint> staged_;
};

} // namespace conclave::simulation
