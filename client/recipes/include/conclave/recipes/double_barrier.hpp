/// Beginning together and ending together.
#pragma once

#include <conclave/client/session.hpp>
#include <conclave/recipes/error.hpp>

#include <memory>
#include <string>

namespace conclave::recipes {

namespace detail {

struct rendezvous;

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

void enter(std::shared_ptr<rendezvous> where, plain_handler handler);
void leave(std::shared_ptr<rendezvous> where, plain_handler handler);

} // namespace detail

/// `async_enter` completes when `member_count` members have entered, `async_leave` when all have
/// left. A member is an ephemeral node: one whose session ends counts as one that has left (and as
/// one that has not entered, if not all were there yet).
///
/// Use a path for one round: should all members die between their entry and their exit, the node
/// `ready` stays, and the next to come would find the barrier open. Works together with Curator's
/// DistributedDoubleBarrier and kazoo's DoubleBarrier. **Threads**: as for the session.
class double_barrier {
public:
    /// @param identifier what this member is called for others who look
    double_barrier(
        const client::session& zk,
        std::string path,
        std::size_t member_count,
        std::string identifier = {}
    );

    /// `void(error_code)`. Cancelled, it takes its node back in the background. Goes on across
    /// reconnects.
    template <class Token>
    auto async_enter(Token&& token) const {
        return initiate(detail::enter, token);
    }

    /// `void(error_code)`. Leaves at once; what is waited for are the others.
    template <class Token>
    auto async_leave(Token&& token) const {
        return initiate(detail::leave, token);
    }

private:
    template <class Begin, class Token>
    auto initiate(Begin begin, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [begin](auto handler, std::shared_ptr<detail::rendezvous> where) {
                begin(std::move(where), std::move(handler));
            },
            token,
            rendezvous_
        );
    }

    std::shared_ptr<detail::rendezvous> rendezvous_;
};

} // namespace conclave::recipes
