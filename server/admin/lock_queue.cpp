#include "server/admin/lock_queue.hpp"

#include <algorithm>
#include <utility>

namespace conclave::admin {

std::optional<std::int64_t> sequence_of(bytes_view name) {
    constexpr std::size_t digit_count = 10;
    if (name.size() < digit_count) {
        return std::nullopt;
    }
    const bytes_view digits = name.substr(name.size() - digit_count);
    std::int64_t number = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        number = number * 10 + (digit - '0');
    }
    return number;
}

bool wants_to_share(bytes_view name) {
    return name.find("__READ__") != bytes_view::npos ||
           name.find("__rlock__") != bytes_view::npos || name.starts_with("read-");
}

lock_queue queue_of(std::vector<replica::child_copy> children) {
    std::vector<contender> all;
    for (replica::child_copy& each : children) {
        if (const auto number = sequence_of(each.name)) {
            const bool shares = wants_to_share(each.name);
            all.push_back({std::move(each.name), *number, shares, std::move(each.node)});
        }
    }
    std::ranges::stable_sort(all, {}, &contender::number);
    lock_queue queue;
    for (contender& each : all) {
        const bool holds = queue.waiters.empty() &&
                           (queue.holders.empty() || (queue.holders.back().shares && each.shares));
        (holds ? queue.holders : queue.waiters).push_back(std::move(each));
    }
    return queue;
}

void lock_finder::add(session_id owner, bytes_view path) {
    const std::size_t slash = path.rfind('/');
    const bytes_view name = path.substr(slash + 1);
    const std::optional<std::int64_t> number = sequence_of(name);
    if (!number) {
        return;
    }
    const bytes parent{slash == 0 ? bytes_view{"/"} : path.substr(0, slash)};
    if (locks_.size() == lock_count_max && !locks_.contains(parent)) {
        is_truncated_ = true;
        return;
    }
    lock& at = locks_[parent];
    if (at.contender_count == 0 || *number < at.least) {
        at.least = *number;
        at.holder = name;
        at.session = owner;
    }
    ++at.contender_count;
}

} // namespace conclave::admin
