/// What is in the nodes of a subtree: read from servers, written to them.
#pragma once

#include "client/shell/node_mode.hpp"
#include "client/shell/subtree.hpp"

namespace conclave::shell {

/// All that makes a node what it is, but for its name and its versions.
struct node_contents {
    bytes data;
    bool is_null = false;
    client::acl access; ///< empty where it was not asked for
    node_mode mode;
};

/// Takes one node; a failure ends the reading.
using contents_callback = std::function<outcome<>(std::size_t index, node_contents contents)>;

/// What to do about nodes that may not be read.
enum class unreadable : std::uint8_t { fails, is_left_out };

/// Reads the nodes of `listed` in its order, about 8 MiB at a time. Nodes that have gone meanwhile
/// are left out. NoAuth if data or an access control list may not be read, unless that is said to
/// be left out: `with_access` needs ADMIN where hashes of passwords are in a list.
[[nodiscard]] outcome<> read_contents(
    connection& from,
    const subtree& listed,
    bool with_access,
    const contents_callback& take,
    unreadable forbidden = unreadable::fails
);

/// Creates nodes, many in one round trip. Parents must be added before their children.
class subtree_writer {
public:
    /// @param overwrites  nodes that exist get the data and the list; else they are a failure
    subtree_writer(connection& to, bool overwrites) : to_(to), overwrites_(overwrites) {}

    /// Writes now and then; a failure may be that of an earlier node.
    [[nodiscard]] outcome<> add(std::string path, node_contents contents);

    /// Writes the rest.
    [[nodiscard]] outcome<> finish();

    [[nodiscard]] std::size_t written_count() const { return written_count_; }

private:
    struct waiting_node {
        std::string path;
        node_contents contents;
    };

    outcome<> overwrite(const std::vector<std::size_t>& existing);

    connection& to_;
    bool overwrites_;
    std::vector<waiting_node> waiting_;
    std::size_t waiting_size_ = 0;
    std::size_t written_count_ = 0;
};

} // namespace conclave::shell
