#include "test/support/history/positions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace conclave::history {

namespace {

bool is_known(const operation& what) {
    return what.ended != outcome::unknown && what.position;
}

/// Whether the zxid is the operation's own: a change that was ordered, also if its outcome is an
/// error.
bool has_own_position(const operation& what) {
    return is_change(what.kind) && what.ended == outcome::succeeded;
}

/// An error may have been found out without asking the ensemble, unless it tells of the node.
bool is_ordered(const operation& what) {
    const bool is_local = what.ended == outcome::failed && what.error == failure::other;
    return what.kind != operation_kind::read && !is_local;
}

/// The parts of one multi share a zxid: they come from one session, in one invocation.
bool is_same_request(const operation& one, const operation& other) {
    return one.session == other.session && one.invoked == other.invoked;
}

std::vector<const operation*> known(const history& seen) {
    std::vector<const operation*> found;
    for (const operation& each : seen.operations) {
        if (is_known(each)) {
            found.push_back(&each);
        }
    }
    return found;
}

std::string pair_text(const char* what, const operation& earlier, const operation& later) {
    return fmt::format("{}\n    {}\n    {}", what, describe(earlier), describe(later));
}

/// The furthest position among those that ended before a moment that moves forward.
class furthest {
public:
    void include(const operation& what) {
        if (far_ == nullptr || *far_->position < *what.position) {
            far_ = &what;
        }
    }

    [[nodiscard]] const operation* get() const { return far_; }

private:
    const operation* far_ = nullptr;
};

void check_sessions(std::vector<const operation*> replies, report& to) {
    std::ranges::stable_sort(replies, {}, [](const operation* each) { return each->completed; });
    std::map<std::string, const operation*> last;
    for (const operation* each : replies) {
        const operation*& before = last[each->session];
        if (before == nullptr) {
            before = each;
            continue;
        }
        const bool is_level = *each->position == *before->position;
        if (*each->position < *before->position) {
            to.add(verdict::violated, pair_text("a session's position went back", *before, *each));
        } else if (is_level && has_own_position(*each) && !is_same_request(*before, *each)) {
            to.add(
                verdict::violated,
                pair_text("a change stands where its session had been before", *before, *each)
            );
        }
        before = each;
    }
}

bool is_behind(const operation* one, const operation& other) {
    return one != nullptr && *other.position < *one->position;
}

void check_real_time(std::vector<const operation*> replies, report& to) {
    std::vector<const operation*> by_end = replies;
    std::ranges::stable_sort(by_end, {}, [](const operation* each) { return each->completed; });
    std::ranges::stable_sort(replies, {}, [](const operation* each) { return each->invoked; });
    furthest of_ordered;
    furthest of_all;
    auto ended = by_end.begin();
    for (const operation* each : replies) {
        for (; ended != by_end.end() && (*ended)->completed < each->invoked; ++ended) {
            of_all.include(**ended);
            if (is_ordered(**ended)) {
                of_ordered.include(**ended);
            }
        }
        const operation* all = of_all.get();
        const operation* ordered = of_ordered.get();
        if (has_own_position(*each) && all != nullptr && *each->position <= *all->position) {
            to.add(
                verdict::violated,
                pair_text("a change stands before what was seen earlier", *all, *each)
            );
        } else if (is_behind(ordered, *each) && is_ordered(*each)) {
            to.add(
                verdict::violated,
                pair_text("a barrier misses what was answered before it", *ordered, *each)
            );
        }
    }
}

void check_distinct(const std::vector<const operation*>& replies, report& to) {
    std::map<zxid, const operation*> changes;
    for (const operation* each : replies) {
        if (!has_own_position(*each)) {
            continue;
        }
        const auto [at, is_first] = changes.try_emplace(*each->position, each);
        if (!is_first && !is_same_request(*at->second, *each)) {
            to.add(verdict::violated, pair_text("two changes have one zxid", *at->second, *each));
        }
    }
}

record_kind record_of(operation_kind kind) {
    if (kind == operation_kind::write) {
        return record_kind::write;
    }
    return kind == operation_kind::remove ? record_kind::remove : record_kind::create;
}

/// The changes of the agreed history and who asked for them.
class ledger {
public:
    explicit ledger(const history& seen) : seen_(seen) {
        for (const record& each : seen.records) {
            by_zxid_.emplace(each.at, &each);
        }
    }

    void check(report& to) {
        for (const operation& each : seen_.operations) {
            if (is_change(each.kind) && each.ended == outcome::succeeded && each.position) {
                check_acknowledged(each, to);
            }
        }
        for (const operation& each : seen_.operations) {
            if (is_change(each.kind) && each.value && each.kind != operation_kind::remove) {
                collect(each);
            }
        }
        for (const record& each : seen_.records) {
            if (each.value && each.kind != record_kind::close_session) {
                check_origin(each, to);
            }
        }
    }

private:
    using written = std::tuple<record_kind, std::string, std::string>;

    struct askers {
        std::size_t possible_count = 0; ///< succeeded or unknown
        const operation* failed = nullptr;
        std::size_t record_count = 0;
    };

    void check_acknowledged(const operation& what, report& to) const {
        const std::string& path = what.created_path.empty() ? what.path : what.created_path;
        const auto [first, last] = by_zxid_.equal_range(*what.position);
        const bool is_there = std::any_of(first, last, [&](const auto& entry) {
            const record& at = *entry.second;
            return at.kind == record_of(what.kind) && at.path == path &&
                   (what.kind == operation_kind::remove || at.value == what.value);
        });
        if (!is_there) {
            std::string text =
                fmt::format("an acknowledged change is not in the history\n    {}", describe(what));
            if (first != last) {
                text += fmt::format("\n    {}", describe(*first->second));
            }
            to.add(verdict::violated, text);
        }
    }

    void collect(const operation& what) {
        askers& by = askers_[key(what)];
        if (what.ended == outcome::failed) {
            by.failed = &what;
        } else {
            ++by.possible_count;
        }
    }

    void check_origin(const record& what, report& to) {
        askers* by = find(what);
        if (by == nullptr) {
            to.add(verdict::violated, fmt::format("nobody asked for this\n    {}", describe(what)));
            return;
        }
        ++by->record_count;
        if (by->record_count <= by->possible_count) {
            return;
        }
        to.add(
            verdict::violated,
            by->failed != nullptr && by->possible_count == 0
                ? fmt::format(
                      "a change that failed is in the history\n    {}\n    {}",
                      describe(*by->failed),
                      describe(what)
                  )
                : fmt::format("applied more often than asked for\n    {}", describe(what))
        );
    }

    static written key(const operation& what) {
        const bool is_lost =
            what.kind == operation_kind::create_sequential && what.created_path.empty();
        const std::string& path = what.created_path.empty() ? what.path : what.created_path;
        return {record_of(what.kind), is_lost ? path + "*" : path, *what.value};
    }

    /// A sequential create of unknown outcome is filed under its name with a star for the number.
    askers* find(const record& what) {
        constexpr std::size_t digit_count = 10;
        auto at = askers_.find({what.kind, what.path, *what.value});
        if (at == askers_.end() && what.kind == record_kind::create &&
            what.path.size() > digit_count) {
            const std::string asked = what.path.substr(0, what.path.size() - digit_count) + "*";
            at = askers_.find({what.kind, asked, *what.value});
        }
        return at == askers_.end() ? nullptr : &at->second;
    }

    const history& seen_;
    std::multimap<zxid, const record*> by_zxid_;
    std::map<written, askers> askers_;
};

} // namespace

report check_positions(const history& seen) {
    const auto replies = known(seen);
    report result;
    check_sessions(replies, result);
    check_real_time(replies, result);
    check_distinct(replies, result);
    if (!seen.records.empty()) {
        ledger{seen}.check(result);
    }
    return result;
}

} // namespace conclave::history
