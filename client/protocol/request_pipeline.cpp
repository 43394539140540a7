#include "client/protocol/request_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace conclave::client {

namespace {

/// As many as keep a server busy. What waits here can still be taken back, and is sent later, so
/// that its answer proves more: the session is known to be alive since a request was sent.
constexpr std::size_t in_flight_count_max = 2000;

} // namespace

std::size_t request_pipeline::size_of(const request& of) {
    return of.body.size() + overhead_size;
}

bool request_pipeline::push(operation_id id, request issued) {
    // What the client asks for itself is bounded by what the program has asked for before.
    if (id.value != 0 && queued_bytes_ + size_of(issued) > queued_bytes_max_) {
        return false;
    }
    queued_bytes_ += size_of(issued);
    entry added{id, std::move(issued), std::nullopt, {}, {}, false};
    if (added.issued.deadline) {
        added.deadline = deadlines_.emplace(*added.issued.deadline, id);
    }
    if (added.issued.watch) {
        watches_.claim(*added.issued.watch);
    }
    queue_.push_back(std::move(added));
    return true;
}

bool request_pipeline::flush(bytes& out, std::size_t size_max, time_point now) {
    bool has_moved = false;
    while (!queue_.empty() && out.size() < size_max && in_flight_.size() < in_flight_count_max) {
        entry next = std::move(queue_.front());
        queue_.pop_front();
        queued_bytes_ -= size_of(next.issued);
        encode(next, out, now);
        in_flight_.push_back(std::move(next));
        has_moved = true;
    }
    return has_moved;
}

void request_pipeline::encode(entry& next, bytes& out, time_point now) {
    next.number = next_number_;
    next.sent_at = now;
    const bool is_last = next_number_.value == std::numeric_limits<std::int32_t>::max();
    next_number_ = is_last ? xid{1} : xid{next_number_.value + 1};
    {
        const jute::frame_scope frame{out};
        jute::writer{out}(request_header{next.number, next.issued.type});
        out += next.issued.body;
    }
    if (!next.issued.is_repeatable) {
        bytes{}.swap(next.issued.body);
    }
}

std::optional<answered_request> request_pipeline::answer(xid id) {
    if (in_flight_.empty() || in_flight_.front().number != id) {
        return std::nullopt;
    }
    entry& oldest = in_flight_.front();
    release_deadline(oldest);
    answered_request answered{
        oldest.id,
        oldest.issued.type,
        std::move(oldest.issued.watch),
        oldest.sent_at,
        oldest.is_abandoned,
        oldest.issued.ends_session};
    in_flight_.pop_front();
    return answered;
}

std::optional<operation_id> request_pipeline::refuse_oldest() {
    if (in_flight_.empty() || !in_flight_.front().issued.is_repeatable) {
        return std::nullopt;
    }
    entry& oldest = in_flight_.front();
    release_deadline(oldest);
    unclaim(oldest);
    const bool is_over = oldest.is_abandoned || oldest.id.value == 0;
    const auto refused = is_over ? std::nullopt : std::optional{oldest.id};
    in_flight_.pop_front();
    return refused;
}

bool request_pipeline::give_up(operation_id id) {
    const auto is_it = [&](const entry& each) {
        return each.id == id;
    };
    const auto queued = std::find_if(queue_.begin(), queue_.end(), is_it);
    if (queued != queue_.end()) {
        queued_bytes_ -= size_of(queued->issued);
        release_deadline(*queued);
        unclaim(*queued);
        queue_.erase(queued);
        return true;
    }
    const auto sent = std::find_if(in_flight_.begin(), in_flight_.end(), is_it);
    if (sent == in_flight_.end() || sent->is_abandoned) {
        return false;
    }
    release_deadline(*sent);
    sent->is_abandoned = true;
    return true;
}

std::vector<failed_operation> request_pipeline::expire(time_point now) {
    std::vector<failed_operation> expired;
    if (deadlines_.empty() || deadlines_.begin()->first > now) {
        return expired;
    }
    // One pass for all: thousands of operations may have been issued with the same limit.
    const auto is_due = [&](const entry& each) {
        return each.deadline && (*each.deadline)->first <= now;
    };
    for (entry& sent : in_flight_) {
        if (is_due(sent)) {
            release_deadline(sent);
            sent.is_abandoned = true;
            expired.push_back({sent.id, make_error_code(errc::operation_timeout)});
        }
    }
    std::erase_if(queue_, [&](entry& queued) {
        if (!is_due(queued)) {
            return false;
        }
        queued_bytes_ -= size_of(queued.issued);
        release_deadline(queued);
        unclaim(queued);
        expired.push_back({queued.id, make_error_code(error::not_sent)});
        return true;
    });
    return expired;
}

std::vector<request_pipeline::entry> request_pipeline::take_lost_requests() {
    std::vector<entry> lost;
    std::vector<entry> repeated;
    for (entry& sent : in_flight_) {
        if (sent.issued.is_repeatable && !sent.is_abandoned) {
            queued_bytes_ += size_of(sent.issued);
            repeated.push_back(std::move(sent));
        } else {
            lost.push_back(std::move(sent));
        }
    }
    in_flight_.clear();
    queue_.insert(
        queue_.begin(),
        std::make_move_iterator(repeated.begin()),
        std::make_move_iterator(repeated.end())
    );
    return lost;
}

std::vector<failed_operation> request_pipeline::on_disconnected() {
    std::vector<failed_operation> ended;
    const auto end = [&](entry& each, std::error_code error) {
        release_deadline(each);
        unclaim(each);
        if (!each.is_abandoned && each.id.value != 0) {
            ended.push_back({each.id, error});
        }
    };
    std::vector<entry> lost = take_lost_requests();
    const bool is_change_lost = std::any_of(lost.begin(), lost.end(), [](const entry& each) {
        return each.issued.may_change;
    });
    for (entry& each : lost) {
        end(each, make_error_code(errc::connection_loss));
    }
    std::deque<entry> kept;
    for (entry& each : queue_) {
        const bool is_kept = each.id.value != 0 && (!is_change_lost || !each.issued.may_change);
        if (is_kept) {
            kept.push_back(std::move(each));
        } else {
            queued_bytes_ -= size_of(each.issued);
            end(each, make_error_code(error::not_sent));
        }
    }
    queue_ = std::move(kept);
    return ended;
}

std::vector<failed_operation> request_pipeline::end_all(std::error_code reason) {
    std::vector<failed_operation> ended;
    const auto end = [&](std::deque<entry>& entries, std::error_code error) {
        for (entry& each : entries) {
            release_deadline(each);
            unclaim(each);
            if (!each.is_abandoned && each.id.value != 0) {
                ended.push_back({each.id, error});
            }
        }
        entries.clear();
    };
    end(in_flight_, make_error_code(errc::connection_loss));
    end(queue_, reason);
    queued_bytes_ = 0;
    return ended;
}

std::optional<time_point> request_pipeline::next_deadline() const {
    return deadlines_.empty() ? std::nullopt : std::optional{deadlines_.begin()->first};
}

void request_pipeline::release_deadline(entry& of) {
    if (of.deadline) {
        deadlines_.erase(*of.deadline);
        of.deadline.reset();
    }
}

void request_pipeline::unclaim(const entry& of) {
    if (of.issued.watch) {
        watches_.unclaim(*of.issued.watch);
    }
}

} // namespace conclave::client
