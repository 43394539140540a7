/// A lock that a limited number hold at once.
#pragma once

#include <conclave/recipes/lock.hpp>

namespace conclave::recipes {

namespace detail {

struct lease_pool;

void acquire_lease(std::shared_ptr<const lease_pool> from, patience how, ownership_handler handler);

} // namespace detail

/// At most `lease_count` leases are held at one time. Who asks for one waits for its turn in a
/// queue; the first of the queue takes the next lease that is given back.
///
/// All programs must name the same count: one that names a larger one takes more. A lease is an
/// `ownership`: see there for guarded writes and its deadline. Its fencing token tells it from all
/// other leases, but with several owners at once an outsider cannot refuse a smaller one.
///
/// Cost: four round trips to acquire (turn, count, lease, end of the turn), one to release. Errors
/// and threads as for `lock`. Works together with Curator's InterProcessSemaphoreV2 or kazoo's
/// Semaphore on the same path (`contest_options::names`).
class semaphore {
public:
    semaphore(
        const client::session& zk,
        const std::string& path,
        std::size_t lease_count,
        const contest_options& options = {}
    );

    /// `void(error_code, ownership)`
    template <class Token>
    auto async_acquire(Token&& token) const {
        return acquire({}, token);
    }

    /// Gives up with `error::not_acquired` when it has no lease after `limit`.
    template <class Token>
    auto async_acquire_within(std::chrono::milliseconds limit, Token&& token) const {
        return acquire({true, limit}, token);
    }

    /// Gives up with `error::not_acquired` if there is no free lease, or somebody else is just
    /// taking one.
    template <class Token>
    auto async_try_acquire(Token&& token) const {
        return acquire({false, {}}, token);
    }

private:
    template <class Token>
    auto acquire(detail::patience how, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, ownership)>(
            [](auto handler, std::shared_ptr<const detail::lease_pool> from, detail::patience asked
            ) { detail::acquire_lease(std::move(from), asked, std::move(handler)); },
            token,
            pool_,
            how
        );
    }

    std::shared_ptr<const detail::lease_pool> pool_;
};

} // namespace conclave::recipes
