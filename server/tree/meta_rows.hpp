/// The rows of table `meta` that belong to the tree (docs/formats/checkpoint.md). Private to this
/// folder.
#pragma once

#include "server/tree/corrupt_state.hpp"

#include <conclave/checksum.hpp>
#include <conclave/jute.hpp>

#include <algorithm>

namespace conclave::tree {

inline constexpr bytes_view hash_seed_row = "hash_seed";
inline constexpr bytes_view counters_row = "tree_counters";

struct counters_record {
    std::int64_t node_count{};
    std::int64_t data_size{};
    std::uint64_t digest_high{};
    std::uint64_t digest_low{};

    static void fields(auto& archive, auto& record) {
        archive(record.node_count, record.data_size, record.digest_high, record.digest_low);
    }
};

template <class Value>
[[nodiscard]] bytes encode_checked(const Value& value) {
    bytes row;
    jute::writer to{row};
    to(value);
    to(crc32c(row));
    return row;
}

/// @throws corrupt_state
template <class Value>
[[nodiscard]] Value decode_checked(bytes_view row, bytes_view row_name) {
    Value value{};
    std::uint32_t checksum = 0;
    jute::reader in{row};
    in(value, checksum);
    const bytes_view content = row.substr(0, row.size() - std::min(row.size(), sizeof checksum));
    if (!in.ok() || !in.rest().empty() || crc32c(content) != checksum) {
        throw corrupt_state{table::meta, row_name, "the row is damaged"};
    }
    return value;
}

} // namespace conclave::tree
