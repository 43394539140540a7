/// Work that is handed from those who put it to those who take it.
#pragma once

#include <conclave/recipes/layout.hpp>
#include <conclave/recipes/ownership.hpp>

#include <vector>

namespace conclave::recipes {

class queue_item;

namespace detail {

struct queue_place;

using path_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::string)>;
using item_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, queue_item)>;

void put(
    std::shared_ptr<const queue_place> to,
    std::optional<int> priority,
    bytes_view data,
    path_handler handler
);
void take(
    std::shared_ptr<const queue_place> from,
    bool waits,
    std::optional<std::chrono::milliseconds> limit,
    item_handler handler
);
void finish_item(
    std::shared_ptr<const queue_place> of,
    std::string name,
    std::shared_ptr<ownership> claim,
    plain_handler handler
);

} // namespace detail

/// An entry of a queue that this program has taken and no other can take. Its destruction puts it
/// back where it was, and so does the end of the session: the next consumer gets it then.
class queue_item {
public:
    /// No entry.
    queue_item() = default;

    /// For the recipe. Precondition: there is at least one item.
    queue_item(
        std::shared_ptr<const detail::queue_place> of,
        std::string name,
        std::vector<bytes> items,
        ownership claim
    )
        : queue_(std::move(of))
        , name_(std::move(name))
        , items_(std::move(items))
        , claim_(std::make_shared<ownership>(std::move(claim))) {}

    /// What was put. Precondition: this is an entry.
    [[nodiscard]] const bytes& data() const { return items_.front(); }

    /// All that was put as one entry: one item, or several by Curator's `putMulti`. They are
    /// finished together.
    [[nodiscard]] const std::vector<bytes>& items() const { return items_; }

    /// Name of the entry's node.
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Nobody else has the entry as long as this is held. Precondition: this is an entry.
    [[nodiscard]] const ownership& claim() const { return *claim_; }

    /// Removes the entry for good: `void(error_code)`. `error::not_owner`: the session was lost
    /// before, so another consumer has the entry or has had it. Goes on across reconnects.
    template <class Token>
    auto async_finish(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler,
               std::shared_ptr<const detail::queue_place> of,
               std::string name,
               std::shared_ptr<ownership> claim) {
                detail::finish_item(
                    std::move(of), std::move(name), std::move(claim), std::move(handler)
                );
            },
            token,
            queue_,
            name_,
            claim_
        );
    }

    /// Puts it back where it was: `void(error_code)`.
    template <class Token>
    auto async_put_back(Token&& token) {
        return claim_->async_release(std::forward<Token>(token));
    }

private:
    std::shared_ptr<const detail::queue_place> queue_;
    std::string name_;
    std::vector<bytes> items_;
    std::shared_ptr<ownership> claim_;
};

/// Where the nodes of a queue are, and what they are called.
struct queue_options {
    /// `kazoo`: `entries` and `taken` below the path, as its LockingQueue. `curator`: entries right
    /// below the path, as its DistributedQueue and DistributedPriorityQueue.
    layout names = layout::kazoo;
    /// Only for `curator`: where an entry that somebody has is marked, which must be the `lockPath`
    /// of all others. Nothing: `<path>-locks`.
    std::string lock_path;
};

/// A queue of which each entry is worked off at least once, in the order of priority and, within a
/// priority, of arrival.
///
/// An entry that is taken stays in the queue, marked as taken, until its consumer says that it is
/// finished; if the consumer dies instead, the next one gets it. So an entry may be worked on
/// twice, one after the other, and finished once: make the work repeatable, or have it fenced
/// (`queue_item::claim`).
///
/// `async_put` whose answer is lost ends with `condition::outcome_unknown`: the entry may be there.
/// The names of entries are given by the layout and have no room for a mark of ours.
///
/// Limits: a queue is one node with a child for each entry, read as a whole by consumers: some
/// thousand entries, not millions. All consumers that wait wake for each entry that comes. Works
/// together with kazoo's LockingQueue, or with Curator's DistributedQueue and
/// DistributedPriorityQueue that have a `lockPath` (`queue_options::names`). Entries that are not
/// of the layout are passed over and stay. **Threads**: as for the session.
class queue {
public:
    queue(const client::session& zk, const std::string& path, const queue_options& options = {});

    /// `void(error_code, std::string)` with the name of the entry. The lowest priority is the most
    /// urgent. With kazoo's names, `std::errc::invalid_argument` if it is not between 0 and 999.
    template <class Token>
    auto async_put(bytes_view data, int priority, Token&& token) const {
        return put(data, priority, token);
    }

    /// Without a priority: 100 with kazoo's names. With Curator's, entries without one are for a
    /// DistributedQueue, and must not be mixed with entries that have one.
    template <class Token>
    auto async_put(bytes_view data, Token&& token) const {
        return put(data, std::nullopt, token);
    }

    /// Waits for an entry: `void(error_code, queue_item)`. Cancelled, it takes none.
    template <class Token>
    auto async_take(Token&& token) const {
        return take(true, std::nullopt, token);
    }

    /// Gives up with `error::not_acquired` when there was none within `limit`.
    template <class Token>
    auto async_take_within(std::chrono::milliseconds limit, Token&& token) const {
        return take(true, limit, token);
    }

    /// Gives up with `error::not_acquired` if there is none now.
    template <class Token>
    auto async_try_take(Token&& token) const {
        return take(false, std::nullopt, token);
    }

private:
    template <class Token>
    auto put(bytes_view data, std::optional<int> priority, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::string)>(
            [](auto handler,
               std::shared_ptr<const detail::queue_place> to,
               std::optional<int> urgency,
               const bytes& content) {
                detail::put(std::move(to), urgency, content, std::move(handler));
            },
            token,
            place_,
            priority,
            bytes{data}
        );
    }

    template <class Token>
    auto take(bool waits, std::optional<std::chrono::milliseconds> limit, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, queue_item)>(
            [](auto handler,
               std::shared_ptr<const detail::queue_place> from,
               bool may_wait,
               std::optional<std::chrono::milliseconds> at_most) {
                detail::take(std::move(from), may_wait, at_most, std::move(handler));
            },
            token,
            place_,
            waits,
            limit
        );
    }

    std::shared_ptr<const detail::queue_place> place_;
};

} // namespace conclave::recipes
