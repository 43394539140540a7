/// What a znode looks like to a program: versions, `Stat`, access control lists, create options.
#pragma once

#include <conclave/identity.hpp>
#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::client {

/// How often the data of a node has been set. Given with a write, the write happens only if the
/// node still has this version.
using data_version = strong_integer<struct data_version_tag, std::int32_t>;

/// How often children of a node have come or gone.
using child_version = strong_integer<struct child_version_tag, std::int32_t>;

/// How often the access control list of a node has been set.
using acl_version = strong_integer<struct acl_version_tag, std::int32_t>;

/// Fits every version: the write happens whatever the node looks like.
inline constexpr data_version any_version{-1};
/// Fits every version of an access control list.
inline constexpr acl_version any_acl_version{-1};

/// Wall-clock time of the server, to the millisecond.
using server_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// ZooKeeper's `Stat`.
struct node_stat {
    zxid czxid; ///< of the transaction that created the node; grows over time, so it can fence
    zxid mzxid; ///< of the last write of the data
    zxid pzxid; ///< of the last change to the set of children
    server_time ctime;
    server_time mtime;
    data_version version;
    child_version cversion;
    acl_version aversion;
    session_id ephemeral_owner; ///< 0: not ephemeral
    std::int32_t data_length{}; ///< bytes
    std::int32_t num_children{};

    friend bool operator==(const node_stat&, const node_stat&) = default;
};

/// Who may do what: `permissions` are bits of `conclave::permission`, `who` is a scheme and an id
/// such as ("digest", "bob:hash").
struct acl_entry {
    std::int32_t permissions = permission::all;
    identity who;

    acl_entry() = default;

    acl_entry(std::int32_t allowed, std::string scheme, std::string id)
        : permissions(allowed), who{std::move(scheme), std::move(id)} {}

    friend bool operator==(const acl_entry&, const acl_entry&) = default;
};

/// Whoever fits an entry may do what it permits; nobody else anything.
using acl = std::vector<acl_entry>;

/// Everybody may do everything (ZooKeeper's OPEN_ACL_UNSAFE, the default of create).
[[nodiscard]] acl open_acl();
/// Everybody may read.
[[nodiscard]] acl read_only_acl();
/// The identities that this session has authenticated with may do everything, nobody else anything.
[[nodiscard]] acl creator_acl();
/// Who knows `user` and `password` may do what `permissions` say. The password does not travel.
[[nodiscard]] acl_entry digest_entry(
    std::string_view user, std::string_view password, std::int32_t permissions = permission::all
);

/// How a node is created. `create_mode` is enough in most places: `async_create(path, data,
/// create_mode::ephemeral, token)`.
class create_options {
public:
    create_options(create_mode chosen = create_mode::persistent) : mode_(chosen) {}

    /// Who may do what with the node; `open_acl()` if this is not called. An empty list is refused
    /// by servers.
    create_options& with_acl(acl chosen) {
        acl_ = std::move(chosen);
        return *this;
    }

    /// For the TTL modes: the node goes when it has no children and has not been written for so
    /// long. 1 ms to `conclave::ttl_max_ms`.
    create_options& with_ttl(std::chrono::milliseconds chosen) {
        ttl_ = chosen;
        return *this;
    }

    /// As it was chosen; the default is persistent.
    [[nodiscard]] create_mode mode() const { return mode_; }

    /// As given to `with_acl`.
    [[nodiscard]] const std::optional<acl>& access() const { return acl_; }

    /// As given to `with_ttl`; 0 without one.
    [[nodiscard]] std::chrono::milliseconds ttl() const { return ttl_; }

private:
    create_mode mode_;
    std::optional<acl> acl_;
    std::chrono::milliseconds ttl_{0};
};

/// A node that was created.
struct created_node {
    std::string path; ///< with the number that a sequential mode has added
    std::optional<node_stat>
        stat; ///< absent where the server tells none (ZooKeeper 3.4, some multis)
};

/// The data of a node and what is known about it.
struct node_data {
    bytes data;           ///< empty too when `is_null`
    bool is_null = false; ///< the node was given no data at all, which is not the same as none
    node_stat stat;
};

/// The names (not paths) of the children of a node, in no order.
struct node_children {
    std::vector<std::string> names;
    node_stat stat;
};

/// Who may do what with a node.
struct node_acl {
    acl entries; ///< without the ADMIN permission the hashes of digest ids read "x"
    node_stat stat;
};

/// Data to be written: a text, or `std::nullopt` for none at all.
using data_view = std::optional<bytes_view>;

} // namespace conclave::client
