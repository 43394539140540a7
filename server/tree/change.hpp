/// What a transaction does to the tree: results that were decided while preparing, never
/// conditions. Applying a change validates nothing, and applying the same change at the same zxid
/// twice leaves the same state.
#pragma once

#include <conclave/jute.hpp>

#include <optional>
#include <variant>
#include <vector>

namespace conclave::tree {

struct create_node {
    bytes path; ///< final, sequence suffix included
    std::optional<bytes> data;
    bytes acl;                           ///< encoded as in node_view::acl
    std::int64_t owner{};                ///< encoded as in node_head::owner
    std::int32_t parent_child_counter{}; ///< of the parent, after this create

    static void fields(auto& archive, auto& record) {
        archive(record.path, record.data, record.acl, record.owner, record.parent_child_counter);
    }

    friend bool operator==(const create_node&, const create_node&) = default;
};

struct delete_node {
    bytes path;

    static void fields(auto& archive, auto& record) { archive(record.path); }

    friend bool operator==(const delete_node&, const delete_node&) = default;
};

struct set_data {
    bytes path;
    std::optional<bytes> data;
    std::int32_t version{}; ///< the new one

    static void fields(auto& archive, auto& record) {
        archive(record.path, record.data, record.version);
    }

    friend bool operator==(const set_data&, const set_data&) = default;
};

struct set_acl {
    bytes path;
    bytes acl;
    std::int32_t aversion{}; ///< the new one

    static void fields(auto& archive, auto& record) {
        archive(record.path, record.acl, record.aversion);
    }

    friend bool operator==(const set_acl&, const set_acl&) = default;
};

/// A passed version check of a multi: changes nothing, but has its place among the results.
struct checked {
    static void fields(auto&, auto&) {}

    friend bool operator==(const checked&, const checked&) = default;
};

using change = std::variant<create_node, delete_node, set_data, set_acl, checked>;

/// Octets of the path, the data and the ACL that a change carries.
[[nodiscard]] std::size_t size_of_texts(const change& what);

/// Appends kind octet and fields.
void encode(jute::writer& out, const change& what);

/// @return nothing on an unknown kind or missing octets; the reader has failed then.
[[nodiscard]] std::optional<change> decode_change(jute::reader& in);

} // namespace conclave::tree
