/// What changes in flight will add to quotas.
#pragma once

#include "server/tree/quota.hpp"

#include <conclave/types.hpp>

#include <deque>
#include <map>
#include <vector>

namespace conclave::tree {

/// Growth by quota prefix, kept like `pending_changes`: tried, then accepted under a zxid or
/// discarded, and dropped when the transaction is applied, because the statistics node counts it
/// from then on.
///
/// Owner: preparation; core thread only. As large as what is in flight.
class pending_usage {
public:
    /// Growth below that prefix by everything that is in flight or being tried.
    [[nodiscard]] quota_usage of(bytes_view prefix) const;

    void add(bytes_view prefix, const quota_usage& growth);

    void accept(zxid at);
    void discard();
    void release(zxid at);
    void clear();

    [[nodiscard]] std::size_t size() const { return by_prefix_.size(); }

private:
    struct sum {
        quota_usage growth;
        std::size_t changes = 0;
    };

    using sum_map = std::map<bytes, sum, std::less<>>;

    struct change {
        zxid by;
        sum_map::iterator of;
        quota_usage growth;
    };

    void subtract(const change& what);

    sum_map by_prefix_;
    std::vector<change> scratch_;
    std::deque<change> in_flight_;
};

} // namespace conclave::tree
