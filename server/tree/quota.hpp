/// Quotas (zookeeper-protocol 7.3): the texts in which they are kept, and the set of prefixes that
/// have one.
#pragma once

#include <conclave/types.hpp>

#include <cstdint>
#include <map>
#include <optional>

namespace conclave::tree {

/// The grammar that limits and statistics share: `name=number` pairs, separated by ',' or ';'.
///
/// Names that mean nothing here are kept and written back, as ZooKeeper does.
class quota_record {
public:
    /// Accepts what ZooKeeper 3.8.0 accepts: the empty text too, and a number with '=' behind it,
    /// because its shell writes "bytes=-1=". Nothing if a pair has no number or a number does not
    /// fit 64 bits.
    [[nodiscard]] static std::optional<quota_record> parse(bytes_view text);

    /// -1, which means "no limit", if the name is missing.
    [[nodiscard]] std::int64_t value(bytes_view name) const;

    void set(bytes_view name, std::int64_t number);

    /// Count and bytes, then the others in ascending order: "count=1,bytes=2=;byteHardLimit=3".
    [[nodiscard]] bytes to_text() const;

private:
    std::map<bytes, std::int64_t, std::less<>> values_;
};

/// Totals of a subtree. They may be negative: clients can overwrite what the server has counted.
struct quota_usage {
    std::int64_t count{}; ///< nodes, the prefix itself included
    std::int64_t bytes{}; ///< data only

    /// Modulo 2^64, as Java adds: clients can write any number into the statistics.
    [[nodiscard]] quota_usage operator+(const quota_usage& growth) const;
    [[nodiscard]] quota_usage operator-() const;

    friend bool operator==(const quota_usage&, const quota_usage&) = default;
};

/// -1: no limit. Soft limits are only logged, and not looked at where a hard one is set.
struct quota_limits {
    std::int64_t count = -1;
    std::int64_t bytes = -1;
    std::int64_t count_hard = -1;
    std::int64_t bytes_hard = -1;

    /// Limits that cannot be parsed limit nothing (in ZooKeeper they block every write below: 15,
    /// row 3).
    [[nodiscard]] static quota_limits parse(bytes_view text);

    friend bool operator==(const quota_limits&, const quota_limits&) = default;
};

/// "/zookeeper/quota/a/zookeeper_limits" for "/a".
[[nodiscard]] bytes quota_limits_path(bytes_view prefix);
[[nodiscard]] bytes quota_stats_path(bytes_view prefix);

/// The limits node of a quota on "/", which must not be created: it kills a ZooKeeper server (15,
/// row 2).
[[nodiscard]] bool is_root_quota(bytes_view path);

/// "/a" for "/zookeeper/quota/a/zookeeper_limits"; empty if the path is not that of limits, or is
/// that of "/".
[[nodiscard]] bytes_view prefix_of_quota_limits(bytes_view path);
[[nodiscard]] bytes_view prefix_of_quota_stats(bytes_view path);

struct armed_quota {
    quota_limits limits;
    std::optional<std::int64_t> warned_at_ms; ///< when a soft limit was last logged; not replicated
};

/// The prefixes that have a limits node. Core thread only; as large as clients make it, with nodes
/// of their own.
class quota_table {
public:
    using armed_prefix = std::pair<const bytes, armed_quota>;

    void arm(bytes_view prefix, const quota_limits& limits);
    void disarm(bytes_view prefix);

    [[nodiscard]] bool empty() const { return armed_.empty(); }

    /// The longest armed prefix that the path is at or below, by component; null if there is none.
    [[nodiscard]] const armed_prefix* covering(bytes_view path) const;
    [[nodiscard]] armed_prefix* covering(bytes_view path);

private:
    template <class Armed>
    static auto find_covering(Armed& armed, bytes_view path) -> decltype(&*armed.begin());

    std::map<bytes, armed_quota, std::less<>> armed_;
};

} // namespace conclave::tree
