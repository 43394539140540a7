/// The operations of the protocol as values. Most programs use the named functions of `session`;
/// generic code (retries, recording, the blocking facade) gives these to `session::async_execute`.
///
/// Paths are those of the program: the chroot is added and taken off on the way. A path that no
/// server would take ends the operation with `errc::bad_arguments`, and nothing is sent.
#pragma once

#include <conclave/client/node.hpp>
#include <conclave/client/transaction.hpp>
#include <conclave/client/watch.hpp>

#include <string>
#include <utility>
#include <vector>

namespace conclave::client {

/// A result together with a watch on what it was read from.
template <class Result>
struct watched {
    Result result;
    watch next; ///< tells the first change after `result`
};

/// Which changes a persistent watch tells.
enum class watch_mode : std::int32_t {
    persistent = 0, ///< of the node and of its set of children
    recursive = 1,  ///< of the node and of all below it
};

/// Which watches of a path checkWatches and removeWatches mean. The last two: servers since 3.9.
enum class watch_type : std::int32_t {
    children = 1,
    data = 2,
    any = 3,
    persistent = 4,
    recursive = 5,
};

/// How the membership of an ensemble is to change (ZooKeeper's reconfig). Either `members`, the
/// whole new list, or any of the others.
struct reconfiguration {
    std::string joining; ///< "server.4=host:2888:3888;2181", separated by commas
    std::string leaving; ///< ids, separated by commas
    std::string members;
    std::int64_t from_version = -1; ///< only from this version of the configuration; -1: any
};

namespace operation {

/// NodeExists, NoNode (the parent), NoAuth, NoChildrenForEphemerals, InvalidACL, QuotaExceeded.
/// Fires data watches of the path and child watches of the parent.
struct create {
    using result_type = created_node;
    std::string path;
    std::optional<bytes> data;
    create_options options;
};

/// NoNode, BadVersion, NotEmpty, NoAuth. Fires data and child watches of the path and child watches
/// of the parent.
struct remove {
    using result_type = void;
    std::string path;
    data_version version = any_version;
};

/// Never NoNode: a node that is not there is a result.
struct exists {
    using result_type = std::optional<node_stat>;
    std::string path;
};

/// Sets the watch also on a node that does not exist, and tells then that it was created.
struct exists_and_watch {
    using result_type = watched<std::optional<node_stat>>;
    std::string path;
};

/// NoNode, NoAuth.
struct get {
    using result_type = node_data;
    std::string path;
};

/// As `get`. Without the node there is no watch.
struct get_and_watch {
    using result_type = watched<node_data>;
    std::string path;
};

/// NoNode, BadVersion, NoAuth, QuotaExceeded. Fires data watches of the path.
struct set {
    using result_type = node_stat;
    std::string path;
    std::optional<bytes> data;
    data_version version = any_version;
};

/// NoNode, NoAuth.
struct get_children {
    using result_type = node_children;
    std::string path;
};

/// As `get_children`. Without the node there is no watch.
struct get_children_and_watch {
    using result_type = watched<node_children>;
    std::string path;
};

/// NoNode, NoAuth.
struct get_acl {
    using result_type = node_acl;
    std::string path;
};

/// NoNode, BadVersion, InvalidACL, NoAuth.
struct set_acl {
    using result_type = node_stat;
    std::string path;
    acl entries;
    acl_version version = any_acl_version;
};

/// Once it is answered, reads of this session see all that was committed when it was asked.
struct sync {
    using result_type = void;
    std::string path = "/";
};

/// Fails with the error of the first operation that failed; the results tell which.
struct commit {
    using result_type = std::vector<transaction_result>;
    transaction steps;
};

/// Several reads, each with an outcome of its own; fails only as a whole, with the connection.
struct read {
    using result_type = std::vector<read_result>;
    read_batch steps;
};

/// NoAuth. The node need not exist. Servers since 3.6.
struct add_watch {
    using result_type = watch;
    std::string path;
    watch_mode mode = watch_mode::recursive;
};

/// NoWatcher if this connection has none of this kind at the path.
struct check_watches {
    using result_type = void;
    std::string path;
    watch_type type = watch_type::any;
};

/// Makes the server forget watches, whoever in this program owns them; the `watch` values of the
/// path hear nothing more until they are set again after a reconnect. Only for tools: destroying a
/// `watch` does this where it is right.
struct remove_watches {
    using result_type = void;
    std::string path;
    watch_type type = watch_type::any;
};

/// The configuration of the ensemble, as the text of /zookeeper/config. Not subject to the chroot.
struct get_config {
    using result_type = node_data;
};

/// As `get_config`, with a watch of the next change of the configuration.
struct get_config_and_watch {
    using result_type = watched<node_data>;
};

/// BadVersion, BadArguments, NewConfigNoQuorum, ReconfigInProgress, ReconfigDisabled, NoAuth.
struct reconfig {
    using result_type = node_data;
    reconfiguration change;
};

/// The identities of this connection. Servers since 3.7.
struct who_am_i {
    using result_type = std::vector<identity>;
};

/// Paths of this session's ephemeral nodes that start with a text. Servers since 3.6.
struct get_ephemerals {
    using result_type = std::vector<std::string>;
    std::string prefix = "/";
};

/// How many nodes are below a node. Servers since 3.6.
struct get_all_children_number {
    using result_type = std::int32_t;
    std::string path;
};

} // namespace operation

namespace detail {

template <class Result>
struct signature {
    using type = void(boost::system::error_code, Result);
};

template <>
struct signature<void> {
    using type = void(boost::system::error_code);
};

} // namespace detail

/// How an operation completes: `void(error_code, Result)`, or `void(error_code)` without a result.
template <class Operation>
using signature_of = typename detail::signature<typename Operation::result_type>::type;

} // namespace conclave::client
