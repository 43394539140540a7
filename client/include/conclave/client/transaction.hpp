/// Several operations in one request: writes that happen together or not at all, and reads in one
/// round trip.
#pragma once

#include <conclave/client/node.hpp>

#include <system_error>
#include <variant>

namespace conclave::client {

/// What one operation of a transaction came to.
struct transaction_result {
    /// Empty on success. In a transaction that failed: empty for operations that would have
    /// succeeded, the reason for the first that did not, `errc::runtime_inconsistency` for those
    /// behind it.
    std::error_code error;
    std::string path;              ///< of a node that was created
    std::optional<node_stat> stat; ///< of a node that was created or set, where the server tells it
};

/// A list of writes that a server applies as one (ZooKeeper's multi): all or none, in order, each
/// seeing the effects of those before it, with one zxid.
///
///     transaction both;
///     both.check("/owner", owner_version).set("/value", "42");
///     co_await zk.async_commit(std::move(both), token);
class transaction {
public:
    /// Creates a node. A sequential one has its whole path in the result.
    transaction& create(std::string path, data_view data, const create_options& options = {});

    /// Removes a node without children.
    transaction& remove(std::string path, data_version version = any_version);

    /// Sets the data of a node.
    transaction& set(std::string path, data_view data, data_version version = any_version);

    /// Changes nothing; the transaction fails unless the node exists with this version.
    transaction& check(std::string path, data_version version);

    [[nodiscard]] std::size_t size() const { return steps_.size(); }

    [[nodiscard]] bool empty() const { return steps_.empty(); }

    /// What `create` has added.
    struct create_step {
        std::string path;
        std::optional<bytes> data;
        create_options options;
    };

    /// What `remove` has added.
    struct remove_step {
        std::string path;
        data_version version;
    };

    /// What `set` has added.
    struct set_step {
        std::string path;
        std::optional<bytes> data;
        data_version version;
    };

    /// What `check` has added.
    struct check_step {
        std::string path;
        data_version version;
    };

    /// One write, for programs that look at transactions.
    using step = std::variant<create_step, remove_step, set_step, check_step>;

    /// In the order in which they were added.
    [[nodiscard]] const std::vector<step>& steps() const { return steps_; }

private:
    std::vector<step> steps_;
};

/// Reads that a server answers in one reply (ZooKeeper's multiRead, since 3.6). Each has an outcome
/// of its own.
class read_batch {
public:
    /// Asks for the data of a node.
    read_batch& get(std::string path);

    /// Asks for the names of its children.
    read_batch& get_children(std::string path);

    [[nodiscard]] std::size_t size() const { return steps_.size(); }

    /// What one of the two has added.
    struct step {
        std::string path;
        bool wants_children = false;
    };

    /// In the order in which they were added.
    [[nodiscard]] const std::vector<step>& steps() const { return steps_; }

private:
    std::vector<step> steps_;
};

/// What one read of a batch came to. One of the two is set, as it was asked for, unless `error` is.
struct read_result {
    std::error_code error;
    std::optional<node_data> data;
    std::optional<std::vector<std::string>> children;
};

} // namespace conclave::client
