/// A lock that at most one program of all holds.
#pragma once

#include <conclave/recipes/contender.hpp>
#include <conclave/recipes/layout.hpp>
#include <conclave/recipes/ownership.hpp>

#include <vector>

namespace conclave::recipes {

namespace detail {

struct contest;

/// How long an acquisition may take. Without a limit: as long as the session lives.
struct patience {
    bool waits = true; ///< false: only if nobody else is before it
    std::optional<std::chrono::milliseconds> limit;
};

using ownership_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, ownership)>;
using contenders_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<contender>)>;

void acquire(std::shared_ptr<const contest> where, patience how, ownership_handler handler);
void list_contenders(std::shared_ptr<const contest> where, contenders_handler handler);

template <class Token>
auto async_acquire(const std::shared_ptr<const contest>& where, patience how, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, ownership)>(
        [](auto handler, std::shared_ptr<const contest> at, patience asked) {
            acquire(std::move(at), asked, std::move(handler));
        },
        token,
        where,
        how
    );
}

template <class Token>
auto async_list_contenders(const std::shared_ptr<const contest>& where, Token&& token) {
    using boost::system::error_code;
    return boost::asio::async_initiate<Token, void(error_code, std::vector<contender>)>(
        [](auto handler, std::shared_ptr<const contest> at) {
            list_contenders(std::move(at), std::move(handler));
        },
        token,
        where
    );
}

} // namespace detail

/// What may be chosen about the nodes that a recipe queues with.
struct contest_options {
    layout names = layout::curator;
    std::string identifier;            ///< for those who look; stands in the node
    std::optional<client::acl> access; ///< of the node; `client::open_acl()` if nothing
};

/// A mutual exclusion lock, first come first served.
///
///     lock door{zk, "/locks/door"};
///     ownership held = co_await door.async_acquire(asio::use_awaitable);
///     co_await held.async_commit(writes, asio::use_awaitable);    // only while it is held
///     co_await held.async_release(asio::use_awaitable);
///
/// **Cost**: free, it is acquired in one round trip and released in another. Waiting, each
/// contender watches only the one before it, so a release wakes one; from its notification to
/// ownership there is one round trip.
///
/// **Connection loss**: nodes carry a name that is unique to the acquisition, so a node whose
/// creation was not answered is found again, or removed; none is left behind in a session that goes
/// on. Waiting goes on across reconnects.
///
/// **Errors** of acquisitions: `error::not_acquired`; `operation_aborted` if cancelled (a place in
/// the queue is given up in the background); `condition::session_lost`; what the server says of the
/// path (`no_auth`, `bad_arguments`, `not_read_only`).
///
/// **Not** reentrant: a second acquisition waits for the first one, also of the same session.
/// Different objects with the same path are the same lock. The path is made if it is missing, as
/// container nodes, which servers remove when they are empty.
///
/// Works together with Curator's InterProcessMutex or kazoo's Lock on the same path
/// (`contest_options::names`). **Threads**: as for the session.
class lock {
public:
    lock(const client::session& zk, std::string path, const contest_options& options = {});

    /// `void(error_code, ownership)`, once it is held.
    template <class Token>
    auto async_acquire(Token&& token) const {
        return detail::async_acquire(contest_, {}, std::forward<Token>(token));
    }

    /// Gives up with `error::not_acquired` when it is not held after `limit`.
    template <class Token>
    auto async_acquire_within(std::chrono::milliseconds limit, Token&& token) const {
        return detail::async_acquire(contest_, {true, limit}, std::forward<Token>(token));
    }

    /// Gives up with `error::not_acquired` if somebody else is before it.
    template <class Token>
    auto async_try_acquire(Token&& token) const {
        return detail::async_acquire(contest_, {false, {}}, std::forward<Token>(token));
    }

    /// Who holds it (the first) and who waits, in their order: `void(error_code,
    /// std::vector<contender>)`.
    template <class Token>
    auto async_contenders(Token&& token) const {
        return detail::async_list_contenders(contest_, std::forward<Token>(token));
    }

private:
    std::shared_ptr<const detail::contest> contest_;
};

} // namespace conclave::recipes
