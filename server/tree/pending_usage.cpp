#include "server/tree/pending_usage.hpp"

namespace conclave::tree {

quota_usage pending_usage::of(bytes_view prefix) const {
    const auto found = by_prefix_.find(prefix);
    return found == by_prefix_.end() ? quota_usage{} : found->second.growth;
}

void pending_usage::add(bytes_view prefix, const quota_usage& growth) {
    auto found = by_prefix_.find(prefix);
    if (found == by_prefix_.end()) {
        found = by_prefix_.emplace(bytes{prefix}, sum{}).first;
    }
    found->second.growth = found->second.growth + growth;
    ++found->second.changes;
    scratch_.push_back({zxid{}, found, growth});
}

void pending_usage::accept(zxid at) {
    for (change& what : scratch_) {
        what.by = at;
        in_flight_.push_back(what);
    }
    scratch_.clear();
}

void pending_usage::discard() {
    for (const change& what : scratch_) {
        subtract(what);
    }
    scratch_.clear();
}

void pending_usage::release(zxid at) {
    while (!in_flight_.empty() && in_flight_.front().by <= at) {
        subtract(in_flight_.front());
        in_flight_.pop_front();
    }
}

void pending_usage::clear() {
    scratch_.clear();
    in_flight_.clear();
    by_prefix_.clear();
}

void pending_usage::subtract(const change& what) {
    sum& total = what.of->second;
    total.growth = total.growth + -what.growth;
    if (--total.changes == 0) {
        by_prefix_.erase(what.of);
    }
}

} // namespace conclave::tree
