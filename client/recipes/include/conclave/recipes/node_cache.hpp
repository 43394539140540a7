/// The newest data of one node, at hand.
#pragma once

#include <conclave/client/session.hpp>
#include <conclave/recipes/error.hpp>

#include <memory>
#include <optional>
#include <string>

namespace conclave::recipes {

namespace detail {

struct kept_node;

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

void start_cache(std::shared_ptr<kept_node> which, plain_handler handler);
void await_node_change(std::shared_ptr<kept_node> which, plain_handler handler);

} // namespace detail

/// Follows one node by a persistent watch (servers since 3.6). What it shows is never newer than
/// the server and never goes back; how far it is behind is one round trip while connected, and
/// unknown while not: what was there last stays to be seen.
///
/// Changes that come faster than they are read are seen as one. Ends with its session
/// (`async_next_change` tells); its destruction ends it at once. On ZooKeeper before 3.9 do not
/// watch the same path with one-shot watches in the same session: the server takes them for one.
/// **Threads**: as for the session.
class node_cache {
public:
    node_cache(const client::session& zk, std::string path);

    node_cache(node_cache&&) noexcept = default;
    node_cache& operator=(node_cache&& other) noexcept;
    ~node_cache();

    /// Begins, and completes when there is something to see: `void(error_code)`. Once.
    template <class Token>
    auto async_start(Token&& token) {
        return initiate(detail::start_cache, token);
    }

    /// Nothing if there is no such node (and before `async_start` has completed). Valid until the
    /// program gives the control back to its event loop.
    [[nodiscard]] const std::optional<client::node_data>& current() const;

    /// Completes when `current` shows something else than when it was called: `void(error_code)`.
    /// Any number at once. Errors: why it has ended.
    template <class Token>
    auto async_next_change(Token&& token) {
        return initiate(detail::await_node_change, token);
    }

private:
    template <class Begin, class Token>
    auto initiate(Begin begin, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [begin](auto handler, std::shared_ptr<detail::kept_node> which) {
                begin(std::move(which), std::move(handler));
            },
            token,
            node_
        );
    }

    std::shared_ptr<detail::kept_node> node_;
};

} // namespace conclave::recipes
