#include "test/simulation/core/record_log.hpp"

#include "server/zab/history.hpp"

#include <algorithm>

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

std::size_t log_image::index_behind(zxid at) const {
    const auto found = std::upper_bound(
        entries.begin(),
        entries.end(),
        at,
        [](zxid left, const zab::shared_entry& right) { return left < right->at; }
    );
    return static_cast<std::size_t>(found - entries.begin());
}

bool log_image::holds(const zab::position& at) const {
    if (at.at <= base.at) {
        return true;
    }
    const std::size_t behind = index_behind(at.at);
    return behind > 0 && entries[behind - 1]->where() == at;
}

bool log_image::proposes_members_behind(zxid at) const {
    return std::any_of(
        entries.begin() + static_cast<std::ptrdiff_t>(index_behind(at)),
        entries.end(),
        [](const zab::shared_entry& each) { return each->kind == zab::entry_kind::membership; }
    );
}

void record_log::keep(const zab::log_record& record) {
    image_.take(record);
    records_.push_back(record);
    if (record.type == zab::record_type::promise) {
        head_promise_ = *zab::decode_promise(record.payload);
    }
}

void record_log::complete(const operation& done) {
    for (const zab::log_record& record : done.records) {
        keep(record);
    }
}

void record_log::survive(const std::deque<operation>& pending, std::size_t records_kept) {
    for (const operation& each : pending) {
        for (const zab::log_record& record : each.records) {
            if (records_kept-- == 0) {
                return;
            }
            keep(record);
        }
    }
}

void record_log::prune(zxid covered, std::size_t kept) {
    if (records_.size() <= kept) {
        return;
    }
    const auto may_go = [&](const zab::log_record& each) {
        return each.type == zab::record_type::promise || each.at <= covered;
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

void record_log::for_each(const std::function<void(const zab::log_record&)>& visit) const {
    if (head_promise_.to > epoch{}) {
        visit(zab::to_log_record(head_promise_));
    }
    for (const zab::log_record& record : records_) {
        visit(record);
    }
}

std::optional<std::vector<zab::shared_entry>>
record_log::read(zxid behind, std::size_t count) const {
    const std::vector<zab::shared_entry>& entries = image_.entries;
    const std::size_t first = image_.index_behind(behind);
    if (first == entries.size() || entries[first]->previous != behind || behind < pruned_) {
        return std::nullopt;
    }
    const std::size_t end = std::min(entries.size(), first + count);
    return std::vector<zab::shared_entry>{
        entries.begin() + static_cast<std::ptrdiff_t>(first),
        entries.begin() + static_cast<std::ptrdiff_t>(end)};
}

} // namespace conclave::simulation
