#include "server/tree/node.hpp"

#include <conclave/assert.hpp>
#include <conclave/checksum.hpp>

#include <algorithm>

namespace conclave::tree {

namespace {

constexpr std::uint8_t record_format = 1;
constexpr std::uint8_t has_data = 1;
constexpr std::uint8_t has_long_name = 2;

constexpr std::size_t checksum_size = sizeof(std::uint32_t);
constexpr std::size_t fixed_size = 2 + 6 * 8 + 4 * 4 + 4 + checksum_size;

constexpr std::uint64_t ttl_mark = 0xff00000000000000;

} // namespace

std::int64_t ttl_owner(std::int64_t ttl_ms) {
    CONCLAVE_ASSERT(ttl_ms > 0 && ttl_ms <= ttl_max_ms);
    return static_cast<std::int64_t>(ttl_mark | static_cast<std::uint64_t>(ttl_ms));
}

node_kind node_head::kind() const {
    if (owner == 0) {
        return node_kind::persistent;
    }
    if (owner == container_owner) {
        return node_kind::container;
    }
    const bool is_ttl = (static_cast<std::uint64_t>(owner) & ttl_mark) == ttl_mark;
    return is_ttl ? node_kind::ttl : node_kind::ephemeral;
}

std::int64_t node_head::ttl_ms() const {
    CONCLAVE_ASSERT(kind() == node_kind::ttl);
    return owner & ttl_max_ms;
}

stat node_view::to_stat() const {
    // Counted modulo 2^32, as the reference does after 2^31 creates.
    const std::uint32_t cversion = 2 * static_cast<std::uint32_t>(head.child_counter) -
                                   static_cast<std::uint32_t>(head.num_children);
    stat sent;
    sent.czxid = head.czxid;
    sent.mzxid = head.mzxid;
    sent.ctime_ms = head.ctime_ms;
    sent.mtime_ms = head.mtime_ms;
    sent.version = head.version;
    sent.cversion = static_cast<std::int32_t>(cversion);
    sent.aversion = head.aversion;
    sent.ephemeral_owner = session_id{head.kind() == node_kind::ephemeral ? head.owner : 0};
    sent.data_length = static_cast<std::int32_t>(data_size());
    sent.num_children = head.num_children;
    sent.pzxid = head.pzxid;
    return sent;
}

bytes encode_node(
    const node_head& head, bytes_view acl, std::optional<bytes_view> data, bytes_view long_name
) {
    bytes record;
    record.reserve(
        fixed_size + acl.size() + (long_name.empty() ? 0 : 4 + long_name.size()) +
        (data ? data->size() : 0)
    );
    const auto flags =
        static_cast<std::uint8_t>((data ? has_data : 0) | (long_name.empty() ? 0 : has_long_name));
    jute::writer to{record};
    to(record_format, flags, head, acl);
    if (!long_name.empty()) {
        to(long_name);
    }
    if (data) {
        record.append(*data);
    }
    to(crc32c(record));
    return record;
}

bytes_view content_of(bytes_view record) {
    return record.substr(0, record.size() - std::min(record.size(), checksum_size));
}

std::optional<node_view> decode_node(bytes_view record, bool verify) {
    if (record.size() < fixed_size) {
        return std::nullopt;
    }
    const bytes_view content = content_of(record);
    if (verify) {
        std::uint32_t expected = 0;
        jute::reader{record.substr(content.size())}(expected);
        if (crc32c(content) != expected) {
            return std::nullopt;
        }
    }
    std::uint8_t format = 0;
    std::uint8_t flags = 0;
    node_view node;
    jute::reader in{content};
    in(format, flags, node.head, node.acl);
    if ((flags & has_long_name) != 0) {
        in(node.long_name);
    }
    if (!in.ok() || format != record_format || flags > (has_data | has_long_name)) {
        return std::nullopt;
    }
    if ((flags & has_data) != 0) {
        node.data = in.rest();
    } else if (!in.rest().empty()) {
        return std::nullopt;
    }
    return node;
}

} // namespace conclave::tree
