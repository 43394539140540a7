/// A copy of a subtree, kept up to date.
#pragma once

#include <conclave/client/session.hpp>
#include <conclave/recipes/error.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conclave::recipes {

/// What a `tree_cache` has seen change.
struct tree_change {
    /// Of what happened to the node.
    enum class kind : std::uint8_t { added, changed, removed };

    kind what{};
    std::string path;

    friend bool operator==(const tree_change&, const tree_change&) = default;
};

/// Bounds of a `tree_cache`. Beyond them it ends with `error::too_large`, because a part of a tree
/// would look like all of it.
struct tree_cache_limits {
    std::size_t node_count_max = 1'000'000;
    std::size_t data_size_max = std::size_t{1} << 30U; ///< octets of paths and data
    /// Requests under way at once while it fills.
    std::size_t reads_in_flight_max = 256;
    /// Changes that are collected before they are shown although there are more to come.
    std::size_t staged_changes_max = 10'000;
    /// Changes that wait for `async_next_changes`. Beyond it, one call tells that there were too
    /// many (`error::changes_lost`).
    std::size_t changes_max = 100'000;
};

namespace detail {

struct kept_tree;

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
using changes_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<tree_change>)>;

void start_cache(const std::shared_ptr<kept_tree>& which, plain_handler handler);
void next_changes(const std::shared_ptr<kept_tree>& which, changes_handler handler);

} // namespace detail

/// Follows a node and all below it by one persistent recursive watch (servers since 3.6).
///
/// **Consistency.** What it shows is the tree as it was at one moment on the server: changes are
/// collected until the copy agrees with the server again, and then shown all at once, together with
/// the list of what has changed. It never goes back. While a tree changes without a pause, so that
/// this never happens, changes are shown after `tree_cache_limits::staged_changes_max` of them all
/// the same; then nodes that change together may be seen to change one after the other.
///
/// **Reconnects.** After a lost connection the tree is read again behind the scenes; until then
/// what was there last stays to be seen, and `is_current` is false.
///
/// Nodes that this session may not read are left out. Memory: paths, data and about 260 octets for
/// each node, bounded by `tree_cache_limits`. Ends with its session (`async_next_changes` tells);
/// its destruction ends it at once. **Threads**: as for the session.
class tree_cache {
public:
    tree_cache(const client::session& zk, std::string root, const tree_cache_limits& limits = {});

    tree_cache(tree_cache&&) noexcept = default;
    tree_cache& operator=(tree_cache&& other) noexcept;
    ~tree_cache();

    /// Begins, and completes when the whole tree is there: `void(error_code)`. Once.
    template <class Token>
    auto async_start(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, const std::shared_ptr<detail::kept_tree>& which) {
                detail::start_cache(which, std::move(handler));
            },
            token,
            tree_
        );
    }

    /// Completes when there are changes that were not told yet: `void(error_code,
    /// std::vector<tree_change>)`, in the order of their paths; several changes of one node are
    /// told as one. What was there at the start is not told. At most one call at a time. Errors:
    /// `error::changes_lost` once; why it has ended.
    template <class Token>
    auto async_next_changes(Token&& token) {
        return boost::asio::
            async_initiate<Token, void(boost::system::error_code, std::vector<tree_change>)>(
                [](auto handler, const std::shared_ptr<detail::kept_tree>& which) {
                    detail::next_changes(which, std::move(handler));
                },
                token,
                tree_
            );
    }

    /// Null if there is no such node. Valid until the program gives the control back to its event
    /// loop.
    [[nodiscard]] const client::node_data* find(std::string_view path) const;

    /// Names of the children of a node, in their order.
    [[nodiscard]] std::vector<std::string> children(std::string_view path) const;

    /// Visits all nodes, parents before their children.
    void for_each(
        const std::function<void(const std::string& path, const client::node_data& node)>& visit
    ) const;

    /// How many nodes there are.
    [[nodiscard]] std::size_t size() const;

    /// Connected, and nothing is known to have changed since what is shown.
    [[nodiscard]] bool is_current() const;

private:
    std::shared_ptr<detail::kept_tree> tree_;
};

} // namespace conclave::recipes
