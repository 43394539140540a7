#include "test/simulation/core/disk.hpp"

#include <utility>

namespace conclave::simulation {

/// The log says that the history goes on from the snapshot that was received.
void disk::install_staged() {
    if (staged_ && image().base == staged_->state.at) {
        checkpoint_ = *std::exchange(staged_, std::nullopt);
    }
}

void disk::complete(const operation& done) {
    log_.complete(done);
    install_staged();
}

void disk::survive(const std::deque<operation>& pending, std::size_t records_kept) {
    log_.survive(pending, records_kept);
    install_staged();
    staged_.reset();
}

void disk::write_checkpoint(checkpoint next) {
    checkpoint_ = std::move(next);
}

result<zab::recovered_state, std::string> disk::recover(zab::recovery::apply on_committed) {
    zab::recovery reading{checkpoint_.state, checkpoint_.time_ms};
    std::optional<std::string> refused;
    log_.for_each([&](const zab::log_record& record) {
        if (refused) {
            return;
        }
        if (auto taken = reading.on_record(record, on_committed); !taken) {
            refused = taken.error();
        }
    });
    if (refused) {
        return unexpected{*std::move(refused)};
    }
    return std::move(reading).finish();
}

} // namespace conclave::simulation
