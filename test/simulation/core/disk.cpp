#include "test/simulation/core/disk.hpp"

#include "server/zab/history.hpp"

#include <algorithm>
#include <utility>

namespace conclave::simulation {

void log_image::take(const zab::log_record& record) {
    switch (record.type) {
    case zab::record_type::promise:
        promised = std::max(promised, zab::decode_promise(record.payload)->to);
        break;
    case zab::record_type::entry:
        entries.push_back(record.what);
        break;
    case zab::record_type::truncate:
        while (!entries.empty() && entries.back()->at > record.at) {
            entries.pop_back();
        }
        break;
    case zab::record_type::base:
        entries.clear();
        base = zab::decode_base(record.payload)->at;
        break;
    case zab::record_type::commit_hint:
        break;
    }
}

bool log_image::holds(const zab::position& at) const {
    if (at.at <= base.at) {
        return true;
    }
    const auto found = std::lower_bound(
        entries.begin(),
        entries.end(),
        at.at,
        [](const zab::shared_entry& left, zxid right) { return left->at < right; }
    );
    return found != entries.end() && (*found)->where() == at;
}

void disk::keep(const zab::log_record& record) {
    image_.take(record);
    records_.push_back(record);
    if (record.type == zab::record_type::promise) {
        head_promise_ = *zab::decode_promise(record.payload);
    }
    if (record.type == zab::record_type::base && staged_) {
        checkpoint_ = *std::exchange(staged_, std::nullopt);
    }
}

void disk::complete(const operation& done) {
    for (const zab::log_record& record : done.records) {
        keep(record);
    }
}

void disk::survive(const std::deque<operation>& pending, std::size_t records_kept) {
    for (const operation& each : pending) {
        for (const zab::log_record& record : each.records) {
            if (records_kept-- == 0) {
                staged_.reset();
                return;
            }
            keep(record);
        }
    }
    staged_.reset();
}

void disk::write_checkpoint(checkpoint next) {
    checkpoint_ = std::move(next);
}

void disk::prune(std::size_t kept) {
    if (records_.size() <= kept) {
        return;
    }
    const auto may_go = [&](const zab::log_record& each) {
        return each.type == zab::record_type::promise || each.at <= checkpoint_.state.at.at;
    };
    std::size_t dropped = 0;
    while (dropped < records_.size() - kept && may_go(records_[dropped])) {
        if (records_[dropped].type != zab::record_type::promise) {
            pruned_ = std::max(pruned_, records_[dropped].at);
        }
        ++dropped;
    }
    records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(dropped));
}

result<zab::recovered_state, std::string> disk::recover(zab::recovery::apply on_committed) {
    zab::recovery reading{checkpoint_.state, checkpoint_.time_ms};
    if (head_promise_.to > epoch{}) {
        static_cast<void>(reading.on_record(zab::to_log_record(head_promise_), on_committed));
    }
    for (const zab::log_record& record : records_) {
        if (auto taken = reading.on_record(record, on_committed); !taken) {
            return unexpected{taken.error()};
        }
    }
    return std::move(reading).finish();
}

std::optional<std::vector<zab::shared_entry>> disk::read(zxid behind, std::size_t count) const {
    const std::vector<zab::shared_entry>& entries = image_.entries;
    const auto first = std::lower_bound(
        entries.begin(),
        entries.end(),
        behind.next(),
        [](const zab::shared_entry& left, zxid right) { return left->at < right; }
    );
    if (first == entries.end() || (*first)->previous != behind || behind < pruned_) {
        return std::nullopt;
    }
    const auto available = static_cast<std::size_t>(entries.end() - first);
    const auto length = static_cast<std::ptrdiff_t>(std::min(count, available));
    return std::vector<zab::shared_entry>{first, first + length};
}

} // namespace conclave::simulation
