#include "server/session/session_table.hpp"

#include <conclave/assert.hpp>

namespace conclave::session {

session_table::session_table(session_settings settings) : settings_(settings) {
    CONCLAVE_ASSERT(settings.tick.count() > 0);
}

void session_table::open(session_id id, std::chrono::milliseconds timeout, time_point now) {
    const auto [at, is_new] = sessions_.try_emplace(id);
    if (is_new) {
        at->second.timeout = timeout;
        at->second.deadline = deadline_after(now, timeout);
        buckets_[at->second.deadline].insert(id);
    }
}

bool session_table::close(session_id id) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end()) {
        return false;
    }
    if (!at->second.closing) {
        leave_bucket(id, at->second);
    }
    sessions_.erase(at);
    return true;
}

const session_state* session_table::find(session_id id) const {
    const auto at = sessions_.find(id);
    return at == sessions_.end() ? nullptr : &at->second;
}

void session_table::touch(session_id id, time_point now) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || at->second.closing) {
        return;
    }
    const time_point deadline = deadline_after(now, at->second.timeout);
    if (deadline > at->second.deadline) {
        move(id, at->second, deadline);
    }
}

void session_table::renegotiate(session_id id, std::chrono::milliseconds timeout, time_point now) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || at->second.closing) {
        return;
    }
    at->second.timeout = timeout;
    move(id, at->second, deadline_after(now, timeout));
}

bool session_table::mark_closing(session_id id) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || at->second.closing) {
        return false;
    }
    leave_bucket(id, at->second);
    at->second.closing = true;
    return true;
}

void session_table::restart_all(time_point now) {
    buckets_.clear();
    for (auto& [id, session] : sessions_) {
        session.closing = false;
        session.deadline = deadline_after(now, session.timeout);
        buckets_[session.deadline].insert(id);
    }
}

std::vector<session_id> session_table::due(time_point now, std::size_t limit) const {
    std::vector<session_id> ids;
    for (const auto& [deadline, bucket] : buckets_) {
        if (deadline > now) {
            break;
        }
        for (const session_id id : bucket) {
            if (ids.size() == limit) {
                return ids;
            }
            ids.push_back(id);
        }
    }
    return ids;
}

std::optional<time_point> session_table::next_deadline() const {
    if (buckets_.empty()) {
        return std::nullopt;
    }
    return buckets_.begin()->first;
}

std::size_t session_table::count() const {
    return sessions_.size();
}

const session_table::bucket_map& session_table::buckets() const {
    return buckets_;
}

time_point session_table::deadline_after(time_point now, std::chrono::milliseconds timeout) const {
    const time_point tick = settings_.tick;
    return ((now + timeout) / tick + 1) * tick;
}

void session_table::move(session_id id, session_state& session, time_point deadline) {
    const auto from = buckets_.find(session.deadline);
    buckets_[deadline].insert(from->second.extract(id)); // takes the set's row along: no allocation
    if (from->second.empty()) {
        buckets_.erase(from);
    }
    session.deadline = deadline;
}

void session_table::leave_bucket(session_id id, const session_state& session) {
    const auto bucket = buckets_.find(session.deadline);
    bucket->second.erase(id);
    if (bucket->second.empty()) {
        buckets_.erase(bucket);
    }
}

} // namespace conclave::session
