/// A lock that many readers hold together, or one writer alone.
#pragma once

#include <conclave/recipes/lock.hpp>

namespace conclave::recipes {

/// Readers share it, a writer has it alone. First come, first served: who comes behind a waiting
/// writer waits too, so writers do not starve. A reader waits for the last writer before it, a
/// writer for whoever is before it, so a release wakes those whose turn it is and no others, except
/// that readers which waited for one writer wake together.
///
/// Fencing tokens: that of a writer is larger than that of everybody before it. Those of readers
/// that hold it together are in the order in which they came.
///
/// Not reentrant, and what is held cannot be turned from one kind to the other. Guarantees, errors,
/// cost and threads are those of `lock`. Works together with Curator's InterProcessReadWriteLock or
/// kazoo's ReadLock and WriteLock on the same path (`contest_options::names`).
class read_write_lock {
public:
    read_write_lock(
        const client::session& zk, const std::string& path, const contest_options& options = {}
    );

    /// `void(error_code, ownership)`
    template <class Token>
    auto async_acquire_read(Token&& token) const {
        return detail::async_acquire(readers_, {}, std::forward<Token>(token));
    }

    /// Gives up with `error::not_acquired` when it was not its turn within `limit`.
    template <class Token>
    auto async_acquire_read_within(std::chrono::milliseconds limit, Token&& token) const {
        return detail::async_acquire(readers_, {true, limit}, std::forward<Token>(token));
    }

    /// Gives up with `error::not_acquired` unless it can be had at once.
    template <class Token>
    auto async_try_acquire_read(Token&& token) const {
        return detail::async_acquire(readers_, {false, {}}, std::forward<Token>(token));
    }

    /// `void(error_code, ownership)`
    template <class Token>
    auto async_acquire_write(Token&& token) const {
        return detail::async_acquire(writers_, {}, std::forward<Token>(token));
    }

    /// As `async_acquire_read_within`.
    template <class Token>
    auto async_acquire_write_within(std::chrono::milliseconds limit, Token&& token) const {
        return detail::async_acquire(writers_, {true, limit}, std::forward<Token>(token));
    }

    /// As `async_try_acquire_read`.
    template <class Token>
    auto async_try_acquire_write(Token&& token) const {
        return detail::async_acquire(writers_, {false, {}}, std::forward<Token>(token));
    }

    /// Holders and those who wait, in their order: `void(error_code, std::vector<contender>)`.
    template <class Token>
    auto async_contenders(Token&& token) const {
        return detail::async_list_contenders(writers_, std::forward<Token>(token));
    }

private:
    std::shared_ptr<const detail::contest> readers_;
    std::shared_ptr<const detail::contest> writers_;
};

} // namespace conclave::recipes
