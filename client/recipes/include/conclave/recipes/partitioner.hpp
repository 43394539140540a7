/// Spreading work over the members of a group.
#pragma once

#include <conclave/recipes/group.hpp>
#include <conclave/recipes/hash_ring.hpp>

namespace conclave::recipes {

namespace detail {

struct partition;

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

void next_ring(std::shared_ptr<partition> of, plain_handler handler);

} // namespace detail

/// A hash ring of the members of a group: who is responsible for which key, as they come and go.
///
///     group workers{zk, "/workers"};
///     auto membership = co_await workers.async_join("host-7", "", asio::use_awaitable);
///     partitioner shards{workers};
///     while (true) {
///         co_await shards.async_next(asio::use_awaitable);
///         for (const auto& shard : all) { work_on(shard, shards.is_owner("host-7", shard)); }
///     }
///
/// While members come and go, two of them may see different groups for a moment, and both believe
/// that they own a key, or neither does. Where that matters, take a `lock` for the key before
/// working on it: the partitioner then says who tries, and the lock who may.
///
/// **Threads**: as for the session.
class partitioner {
public:
    explicit partitioner(
        const group& members, std::size_t point_count = hash_ring::default_point_count
    );

    /// Completes once `ring` shows the members at the first call, later whenever it has changed:
    /// `void(error_code)`. At most one call at a time. Errors as `group_view::async_next`.
    template <class Token>
    auto async_next(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, std::shared_ptr<detail::partition> of) {
                detail::next_ring(std::move(of), std::move(handler));
            },
            token,
            partition_
        );
    }

    /// As of the last `async_next`.
    [[nodiscard]] const hash_ring& ring() const;

    /// Whether the ring gives the key to this member.
    [[nodiscard]] bool is_owner(std::string_view member, std::string_view key) const;

private:
    std::shared_ptr<detail::partition> partition_;
};

} // namespace conclave::recipes
