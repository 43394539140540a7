/// Being the owner of something that others wait for.
#pragma once

#include <conclave/client/session.hpp>
#include <conclave/recipes/error.hpp>

#include <memory>
#include <optional>
#include <string>

namespace conclave::recipes {

namespace detail {

struct claim;

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
using commit_handler = boost::asio::any_completion_handler<
    void(boost::system::error_code, std::vector<client::transaction_result>)>;

void release(std::shared_ptr<claim> held, plain_handler handler);
void await_loss(std::shared_ptr<claim> held, plain_handler handler);
void commit_guarded(
    std::shared_ptr<claim> held, const client::transaction& steps, commit_handler handler
);

} // namespace detail

/// A lock, a leadership, a lease: what an acquisition gave, as a value. It stands for one ephemeral
/// node of the session. Its destruction gives it back in the background, as far as the session
/// lives; `async_release` tells when others can have it.
///
/// **What it guarantees.** While `is_held()`, no other program that follows the recipe holds the
/// same, and no server can have given it away: `is_held()` turns false by this process's own clock
/// no later than a server can end the session, connected or not. A process that was stopped for an
/// hour finds it false on its first look. The one exception: a server that is cut off from its
/// leader together with this process goes on to answer it for a while (`settings::deadline_margin`
/// makes up for that).
///
/// **What it cannot guarantee.** Between a look at `is_held()` and what is done next, time passes,
/// and a process may be stopped exactly there. What must never be done by two at once needs the
/// fencing token or a guarded write:
/// - `fencing_token()` is larger for every later owner. Send it along with each request to the
///   outside world, and let the receiver refuse tokens smaller than the largest that it has seen.
/// - `async_commit` writes to the ensemble only if this is still owned, in one transaction.
///
/// **Threads**: as for the session: one at a time, on its executor.
class ownership {
public:
    /// Owns nothing.
    ownership() = default;

    /// For the recipes.
    explicit ownership(std::shared_ptr<detail::claim> held) : claim_(std::move(held)) {}

    ownership(ownership&& other) noexcept = default;
    ownership& operator=(ownership&& other) noexcept;
    ~ownership();

    /// False once it is released, once the session is lost or can have expired, and once the loss
    /// of the node was seen (`async_lost`, `async_commit`). True while suspended: the node is still
    /// there, and nobody else can have it before the session's deadline.
    [[nodiscard]] bool is_held() const;

    /// Until when it is certainly held if no server is heard of any more; nothing if it is not.
    [[nodiscard]] std::optional<client::session_clock::time_point> held_until() const;

    /// The zxid in which the node was created: larger than that of every earlier owner. 0 if this
    /// owns nothing.
    [[nodiscard]] zxid fencing_token() const;

    /// Path of the node; empty if this owns nothing.
    [[nodiscard]] std::string node() const;

    /// Commits `steps` if this is owned at that moment: `void(error_code,
    /// std::vector<transaction_result>)`, with the results of `steps`.
    ///
    /// `error::not_owner`: it was not owned, and nothing was written. Otherwise as
    /// `session::async_commit`; with `condition::outcome_unknown` it may have been written.
    template <class Token>
    auto async_commit(const client::transaction& steps, Token&& token) const {
        return boost::asio::async_initiate<
            Token,
            void(boost::system::error_code, std::vector<client::transaction_result>)>(
            [](auto handler, std::shared_ptr<detail::claim> held, const client::transaction& what) {
                detail::commit_guarded(std::move(held), what, std::move(handler));
            },
            token,
            claim_,
            steps
        );
    }

    /// Gives it back: `void(error_code)`. It is no longer held from the call on; on success the
    /// node is gone. Goes on across reconnects, and also if the call is cancelled, which only ends
    /// the waiting for it. Errors otherwise only if the session ends first, or the node may not be
    /// removed: the node then goes with the session.
    template <class Token>
    auto async_release(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, std::shared_ptr<detail::claim> held) {
                detail::release(std::move(held), std::move(handler));
            },
            token,
            claim_
        );
    }

    /// Completes when it is lost: `void(error_code)`. `error::not_owner`: somebody has removed the
    /// node; `condition::session_lost`: the session has ended or can have expired;
    /// `asio::error::operation_aborted`: it was released, or the call was cancelled. Several calls
    /// may wait at once.
    template <class Token>
    auto async_lost(Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, std::shared_ptr<detail::claim> held) {
                detail::await_loss(std::move(held), std::move(handler));
            },
            token,
            claim_
        );
    }

private:
    std::shared_ptr<detail::claim> claim_;
};

} // namespace conclave::recipes
