/// Leadership that a program keeps until it ends.
#pragma once

#include <conclave/recipes/lock.hpp>

namespace conclave::recipes {

namespace detail {

struct latch;

void await_leadership(std::shared_ptr<latch> of, plain_handler handler);
void abdicate(std::shared_ptr<latch> of, plain_handler handler);
void close(std::shared_ptr<latch> of, plain_handler handler);
void commit_as_leader(
    std::shared_ptr<latch> of, const client::transaction& steps, commit_handler handler
);

} // namespace detail

/// Stands for election from `start` on, leads when it is its turn, and keeps the leadership until
/// it is closed or its session ends. If somebody removes its node, it stands again.
///
///     leader_latch latch{zk, "/service/leader", "host-7"};
///     latch.start();
///     co_await latch.async_await_leadership(asio::use_awaitable);
///     while (latch.has_leadership()) { ... }
///
/// `has_leadership` is decided by this process's own clock, as `ownership::is_held`; what must
/// never be done by two needs the fencing token or `async_commit` (see `ownership`).
///
/// Its destruction closes it in the background; `async_close` tells when the next one can lead.
/// After the session is lost it is of no use any more: make a new one with a new session. Works
/// together with Curator's LeaderLatch on the same path. **Threads**: as for the session.
class leader_latch {
public:
    /// @param identifier what this candidate is called for others who look
    leader_latch(const client::session& zk, std::string path, std::string identifier);

    leader_latch(leader_latch&&) noexcept = default;
    leader_latch& operator=(leader_latch&& other) noexcept;
    ~leader_latch();

    /// Stands for election. Once.
    void start();

    /// Whether it leads now, by this process's own clock (`ownership::is_held`).
    [[nodiscard]] bool has_leadership() const;

    /// Larger than that of every earlier leader; 0 without leadership.
    [[nodiscard]] zxid fencing_token() const;

    /// Completes when it leads, at once if it does: `void(error_code)`. Errors: `error::closed`;
    /// why the session was lost; what the server says of the path. Any number of calls at once.
    template <class Token>
    auto async_await_leadership(Token&& token) const {
        return initiate(detail::await_leadership, token);
    }

    /// Hands the leadership over and stands again, behind all others: `void(error_code)`. Nothing
    /// happens without leadership.
    template <class Token>
    auto async_abdicate(Token&& token) const {
        return initiate(detail::abdicate, token);
    }

    /// Stands no more and hands over what it has: `void(error_code)`.
    template <class Token>
    auto async_close(Token&& token) const {
        return initiate(detail::close, token);
    }

    /// Commits `steps` if this leads at that moment, as `ownership::async_commit`.
    template <class Token>
    auto async_commit(const client::transaction& steps, Token&& token) const {
        return boost::asio::async_initiate<
            Token,
            void(boost::system::error_code, std::vector<client::transaction_result>)>(
            [](auto handler, std::shared_ptr<detail::latch> of, const client::transaction& what) {
                detail::commit_as_leader(std::move(of), what, std::move(handler));
            },
            token,
            latch_,
            steps
        );
    }

    /// The leader (the first) and who will follow it: `void(error_code, std::vector<contender>)`.
    template <class Token>
    auto async_candidates(Token&& token) const {
        return detail::async_list_contenders(contest_, std::forward<Token>(token));
    }

private:
    template <class Begin, class Token>
    auto initiate(Begin begin, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [begin](auto handler, std::shared_ptr<detail::latch> of) {
                begin(std::move(of), std::move(handler));
            },
            token,
            latch_
        );
    }

    std::shared_ptr<const detail::contest> contest_;
    std::shared_ptr<detail::latch> latch_;
};

} // namespace conclave::recipes
