/// Servers compare what they have become at the same places of the history (zab 6.7). The leader
/// hears of everybody's digests and finds who differs; the majority is right.
#include "server/replica/replica.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

/// Of one server, for comparing with what others tell later.
constexpr std::size_t told_digests_kept = 64;

bytes text_of(const tree::digest& value) {
    return fmt::format("0x{:016x}{:016x}", value.high, value.low);
}

const tree::digest* find_digest(const std::deque<digest_point>& in, zxid at) {
    const auto found =
        std::lower_bound(in.begin(), in.end(), at, [](const digest_point& each, zxid wanted) {
            return each.at < wanted;
        });
    return found == in.end() || found->at != at ? nullptr : &found->value;
}

/// Keeps the points ascending and few.
void append_point(std::deque<digest_point>& to, const digest_point& next, std::size_t kept) {
    if (!to.empty() && next.at <= to.back().at) {
        return;
    }
    to.push_back(next);
    if (to.size() > kept) {
        to.pop_front();
    }
}

} // namespace

void replica::note_digest() {
    if (last_applied_.at.counter() % digest_interval == 0) {
        append_point(digest_log_, {last_applied_.at, tree_.current_digest()}, digest_points_kept);
        has_new_digest_ = true;
    }
}

/// Once per batch: what is new goes to the leader, or is compared.
void replica::compare_digests() {
    if (!std::exchange(has_new_digest_, false) || !is_serving()) {
        return;
    }
    if (is_leading()) {
        return judge_digests();
    }
    digests_message message{core_->current_epoch(), {}};
    for (auto each = digest_log_.rbegin();
         each != digest_log_.rend() && message.points.size() < told_digests_kept;
         ++each) {
        if (each->at <= told_digest_) {
            break;
        }
        message.points.push_back(*each);
    }
    if (!message.points.empty()) {
        std::reverse(message.points.begin(), message.points.end());
        told_digest_ = message.points.back().at;
        send(core_->leader(), std::move(message));
    }
}

void replica::on_digests(server_id from, const digests_message& what) {
    if (!is_leading() || what.in != core_->current_epoch()) {
        return;
    }
    std::deque<digest_point>& known = told_digests_[from];
    for (const digest_point& each : what.points) {
        append_point(known, each, told_digests_kept);
    }
    judge_digests();
}

/// At the newest point that a follower and this server both know. A difference does not go away, so
/// older points need not be looked at.
void replica::judge_digests() {
    for (const auto& [peer, points] : told_digests_) {
        for (auto each = points.rbegin(); each != points.rend(); ++each) {
            const tree::digest* own = find_digest(digest_log_, each->at);
            if (own != nullptr && *own != each->value) {
                return judge_digests_at(each->at);
            }
            if (own != nullptr) {
                break;
            }
        }
    }
}

/// Precondition: two servers differ there.
void replica::judge_digests_at(zxid at) {
    const auto digest_of = [&](server_id id) -> const tree::digest* {
        if (id == settings_.self) {
            return find_digest(digest_log_, at);
        }
        const auto told = told_digests_.find(id);
        return told == told_digests_.end() ? nullptr : find_digest(told->second, at);
    };
    const zab::membership& members = core_->members().stable;
    bool all_have_told = true;
    for (const zab::member& each : members.members) {
        const tree::digest* candidate = digest_of(each.id);
        if (!each.is_voter) {
            continue;
        }
        all_have_told = all_have_told && candidate != nullptr;
        const bool is_right =
            candidate != nullptr && members.is_quorum([&](const zab::member& one) {
                const tree::digest* other = digest_of(one.id);
                return other != nullptr && *other == *candidate;
            });
        if (is_right) {
            return part_from_minority(at, *candidate);
        }
    }
    complain_of_digests(at);
    if (all_have_told) {
        for (const auto& [peer, points] : told_digests_) {
            send(peer, divergence_message{core_->current_epoch(), {at, {}}, true});
        }
        is_undecided_at_ = at;
    }
}

void replica::part_from_minority(zxid at, const tree::digest& right) {
    for (auto& [peer, points] : told_digests_) {
        const tree::digest* told = find_digest(points, at);
        if (told != nullptr && *told != right) {
            log(log_level::error,
                "server {} has diverged: at zxid 0x{:x} its digest is {} and that of a majority "
                "{}. It is asked to fetch its state anew",
                peer.value,
                at.value,
                text_of(*told),
                text_of(right));
            send(peer, divergence_message{core_->current_epoch(), {at, right}, false});
            points.clear(); // until it tells something newer
        }
    }
    withdraw_if_not(at, right);
}

void replica::withdraw_if_not(zxid at, const tree::digest& right) {
    const tree::digest* own = find_digest(digest_log_, at);
    if (own != nullptr && *own != right) {
        core_->withdraw(fmt::format(
            "the state of this server has diverged: at zxid 0x{:x} its digest is {} and that of a "
            "majority {}",
            at.value,
            text_of(*own),
            text_of(right)
        ));
    }
}

void replica::complain_of_digests(zxid at) {
    constexpr std::chrono::minutes complaint_interval{1};
    if (now_.monotonic < digest_complaint_due_) {
        return;
    }
    digest_complaint_due_ = now_.monotonic + complaint_interval;
    bytes found =
        fmt::format("server {}: {}", settings_.self.value, text_of(*find_digest(digest_log_, at)));
    for (const auto& [peer, points] : told_digests_) {
        const tree::digest* told = find_digest(points, at);
        found += fmt::format(
            ", server {}: {}", peer.value, told == nullptr ? bytes{"not known"} : text_of(*told)
        );
    }
    log(log_level::error,
        "servers have diverged, and no majority of them agrees which state is right at zxid "
        "0x{:x} ({})",
        at.value,
        found);
}

void replica::on_divergence(server_id from, const divergence_message& what) {
    if (!is_following() || from != core_->leader() || what.in != core_->current_epoch()) {
        return;
    }
    if (what.is_undecided) {
        is_undecided_at_ = what.right.at;
    } else {
        withdraw_if_not(what.right.at, what.right.value);
    }
}

/// Goes on for nobody: whoever is asked next might be the one that is wrong. After the messages to
/// the others have left.
void replica::stop_if_undecided() {
    if (is_undecided_at_ && std::exchange(may_stop_undecided_, true)) {
        throw std::runtime_error{fmt::format(
            "the servers of the ensemble have diverged, and no majority of them agrees which state "
            "is right at zxid 0x{:x}. Compare the digests in their logs, decide for the servers "
            "whose state is to stay, and start the others with empty data directories",
            is_undecided_at_->value
        )};
    }
}

/// What was told belongs to an epoch.
void replica::forget_digests() {
    told_digests_.clear();
    told_digest_ = {};
    has_new_digest_ = true;
}

} // namespace conclave::replica
