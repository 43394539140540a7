/// One leader at a time, for as long as it wants, then the next one.
#pragma once

#include <conclave/recipes/lock.hpp>

namespace conclave::recipes {

/// An election: each candidate waits for its turn, leads, and gives the leadership back.
///
///     leader_election election{zk, "/service/leader", "host-7"};
///     while (true) {
///         ownership leadership = co_await election.async_lead(asio::use_awaitable);
///         co_await lead(leadership);                           // until it ends or has done enough
///         co_await leadership.async_release(asio::use_awaitable);   // abdicates
///     }
///
/// Candidates lead in the order in which they came; who leads again goes to the end of the queue.
/// The leadership is an `ownership`: it has a fencing token, writes that take effect only while it
/// lasts, and tells when it is lost. A leader that abdicates hands over at once; one that dies is
/// followed when its session has expired.
///
/// Guarantees, limits, errors and threads are those of `lock`. Works together with Curator's
/// LeaderSelector or kazoo's Election on the same path (`layout`).
class leader_election {
public:
    /// @param identifier what this candidate is called for others who look
    leader_election(
        const client::session& zk,
        std::string path,
        std::string identifier,
        layout names = layout::curator
    );

    /// Stands for election until it leads: `void(error_code, ownership)`. Cancelled, it stands no
    /// more.
    template <class Token>
    auto async_lead(Token&& token) const {
        return detail::async_acquire(contest_, {}, std::forward<Token>(token));
    }

    /// The leader (the first) and who will follow it: `void(error_code, std::vector<contender>)`.
    template <class Token>
    auto async_candidates(Token&& token) const {
        return detail::async_list_contenders(contest_, std::forward<Token>(token));
    }

private:
    std::shared_ptr<const detail::contest> contest_;
};

} // namespace conclave::recipes
