/// Requests on their way: those that wait for a connection and those that wait for their reply.
#pragma once

#include "client/protocol/time.hpp"
#include "client/protocol/watch_registry.hpp"

#include <conclave/client/error.hpp>

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace conclave::client {

/// The number by which the caller knows an operation; 0 for requests of the client itself, whose
/// outcome nobody waits for.
using operation_id = strong_integer<struct operation_id_tag, std::uint64_t>;

struct request {
    opcode type{};
    bytes body; ///< what follows the request header
    std::optional<watch_registration> watch;
    std::optional<time_point> deadline;
    /// May be asked again when a connection broke before the answer.
    bool is_repeatable = false;
    bool ends_session = false;
    /// May have changed something where its answer is not seen.
    bool may_change = true;
};

/// An operation that is over without a reply.
struct failed_operation {
    operation_id id;
    std::error_code error;

    friend bool operator==(const failed_operation&, const failed_operation&) = default;
};

/// A request whose reply has come.
struct answered_request {
    operation_id id;
    opcode type{};
    std::optional<watch_registration> watch;
    time_point sent_at;
    bool is_abandoned = false; ///< its operation is over already
    bool ends_session = false;
};

/// Two queues in the order of issue. Servers answer in order, so a reply belongs to the oldest
/// request that was sent. Knows no frames that come in and no connection; says nothing to anybody:
/// operations that end are returned.
class request_pipeline {
public:
    /// What a request counts for besides its octets: about the memory that it takes.
    static constexpr std::size_t overhead_size = 256;

    request_pipeline(watch_registry& watches, std::size_t queued_bytes_max)
        : watches_(watches), queued_bytes_max_(queued_bytes_max) {}

    /// @return false if too much waits already; the request is refused then
    [[nodiscard]] bool push(operation_id id, request issued);

    /// Moves requests from the queue to `out` as frames until it holds `size_max` octets, enough
    /// are under way, or the queue is empty.
    /// @return whether anything was moved
    bool flush(bytes& out, std::size_t size_max, time_point now);

    /// @return the request that a reply belongs to, or nothing if it belongs to none
    std::optional<answered_request> answer(xid id);

    /// Takes the request whose answer should come next out if it would be asked again.
    /// @return the operation, unless it is over already
    std::optional<operation_id> refuse_oldest();

    /// The caller gave the operation up. If it was sent, its reply will be ignored.
    /// @return false if there is no such operation
    bool give_up(operation_id id);

    /// Operations whose deadline is at or before `now`.
    std::vector<failed_operation> expire(time_point now);

    /// The connection broke. Repeatable requests that were sent are queued again, before all
    /// others. What is not repeatable ends as connection_loss; if that may have changed something,
    /// writes that waited behind it end as not_sent, so that a later write never takes effect where
    /// an earlier one may have been lost.
    std::vector<failed_operation> on_disconnected();

    /// The session is over: what was sent ends as connection_loss, what was not as `reason`.
    std::vector<failed_operation> end_all(std::error_code reason);

    [[nodiscard]] std::optional<time_point> next_deadline() const;

    [[nodiscard]] bool has_queued() const { return !queue_.empty(); }

    [[nodiscard]] std::size_t in_flight_count() const { return in_flight_.size(); }

private:
    using deadlines = std::multimap<time_point, operation_id>;

    struct entry {
        operation_id id;
        request issued;
        std::optional<deadlines::iterator> deadline;
        xid number;
        time_point sent_at;
        bool is_abandoned = false;
    };

    [[nodiscard]] static std::size_t size_of(const request& of);
    void encode(entry& next, bytes& out, time_point now);
    /// The operation of an entry is over; the entry may live on as an abandoned one.
    void release_deadline(entry& of);
    void unclaim(const entry& of);
    std::vector<entry> take_lost_requests();

    watch_registry& watches_;
    std::deque<entry> queue_;
    std::deque<entry> in_flight_;
    deadlines deadlines_;
    std::size_t queued_bytes_ = 0;
    std::size_t queued_bytes_max_;
    xid next_number_{1};
};

} // namespace conclave::client
