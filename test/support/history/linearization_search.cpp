#include "test/support/history/linearization_search.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <unordered_set>

namespace conclave::history {

namespace {

/// Not an index: nothing, and the place before the first.
constexpr std::size_t none = static_cast<std::size_t>(-1);
constexpr std::size_t front = none - 1;

/// A doubly linked list over indices, from which an element can be taken and put back in constant
/// time.
class index_list {
public:
    /// The elements are 0 .. count-1, in this order; `count` is the end.
    explicit index_list(std::size_t count) : next_(count + 1), previous_(count + 1) {
        for (std::size_t index = 0; index <= count; ++index) {
            next_[index] = index == count ? 0 : index + 1;
            previous_[index] = index == 0 ? count : index - 1;
        }
    }

    [[nodiscard]] std::size_t end() const { return next_.size() - 1; }

    [[nodiscard]] std::size_t first() const { return next_[end()]; }

    [[nodiscard]] std::size_t after(std::size_t index) const { return next_[index]; }

    void take(std::size_t index) {
        next_[previous_[index]] = next_[index];
        previous_[next_[index]] = previous_[index];
    }

    void put_back(std::size_t index) {
        next_[previous_[index]] = index;
        previous_[next_[index]] = index;
    }

private:
    std::vector<std::size_t> next_;
    std::vector<std::size_t> previous_;
};

struct fingerprint {
    std::uint64_t high{};
    std::uint64_t low{};

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

struct fingerprint_hash {
    std::size_t operator()(const fingerprint& of) const { return of.low; }
};

/// Spreads the bits of a number over a word (the finaliser of splitmix64).
std::uint64_t mixed(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
}

class search {
public:
    search(const std::vector<timed_step>& steps, const node_state& initial)
        : steps_(steps), state_(initial), events_(0), possible_(0) {
        collect();
    }

    linearization run(std::uint64_t step_count_max) {
        candidate next{};
        while (events_.first() != events_.end()) {
            if (next.index == none) {
                if (!back_out(next)) {
                    return {search_result::impossible, {}, {}};
                }
                continue;
            }
            if (advance(next)) {
                place(next);
                next = candidate{};
            }
            if (++attempts_ > step_count_max) {
                return {search_result::gave_up, {}, {}};
            }
        }
        linearization found{search_result::found, {}, state_};
        for (const frame& each : frames_) {
            found.order.push_back(each.step);
        }
        return found;
    }

private:
    /// An end of a known step. Both ends are in the list until the step is placed.
    struct step_event {
        std::size_t step{};
        bool is_return{};
        instant at{};
    };

    /// In which order steps are tried: what changes nothing first, for there is no use in waiting
    /// with it; what may never have happened last.
    enum class phase { observers, changes, possible };

    /// Where the scan for the next step to place stands. A fresh one starts from the front.
    struct candidate {
        phase in = phase::observers;
        std::size_t index = front; ///< none = exhausted
    };

    struct frame {
        std::size_t step{};
        candidate at;
        node_state before;
    };

    void collect();
    void collect_groups();
    bool advance(candidate& at);
    bool advance_known(candidate& at);
    bool advance_possible(candidate& at);
    bool may_need_possible();
    void place(const candidate& at);
    bool back_out(candidate& next);
    bool is_new(std::size_t step, const node_state& after);

    [[nodiscard]] std::size_t step_at(const candidate& at) const {
        return at.in == phase::possible ? possible_steps_[at.index] : event_of_[at.index].step;
    }

    void lift(std::size_t step, bool is_possible);
    void restore(std::size_t step, bool is_possible);

    const std::vector<timed_step>& steps_;
    node_state state_;
    std::vector<step_event> event_of_;
    std::vector<std::size_t> call_of_;
    std::vector<std::size_t> return_of_;
    index_list events_;
    std::vector<std::size_t> possible_steps_; ///< of unknown outcome, by invocation
    std::vector<std::size_t> place_of_;       ///< of a possible step in `possible_steps_`
    std::vector<std::size_t> group_of_; ///< steps of one group are the same but for their time
    index_list possible_;
    bool is_version_growing_ = true; ///< no possible step can set the version back
    std::vector<fingerprint> key_of_;
    fingerprint placed_;
    std::unordered_set<fingerprint, fingerprint_hash> seen_;
    std::vector<frame> frames_;
    std::vector<std::uint64_t> group_seen_;
    std::uint64_t scan_ = 0;
    std::uint64_t attempts_ = 0;
};

void search::collect() {
    std::mt19937_64 random{20};
    call_of_.resize(steps_.size(), none);
    return_of_.resize(steps_.size(), none);
    place_of_.resize(steps_.size(), none);
    for (std::size_t index = 0; index < steps_.size(); ++index) {
        key_of_.push_back({random(), random()});
        const timed_step& each = steps_[index];
        if (each.what.ended == outcome::unknown) {
            possible_steps_.push_back(index);
            is_version_growing_ = is_version_growing_ && each.what.kind == step_kind::write;
        } else {
            event_of_.push_back({index, false, each.invoked});
            event_of_.push_back({index, true, each.completed});
        }
    }
    std::ranges::stable_sort(event_of_, {}, [](const step_event& each) {
        return std::tuple{each.at, each.is_return};
    });
    for (std::size_t index = 0; index < event_of_.size(); ++index) {
        (event_of_[index].is_return ? return_of_ : call_of_)[event_of_[index].step] = index;
    }
    std::ranges::stable_sort(possible_steps_, {}, [this](std::size_t step) {
        return steps_[step].invoked;
    });
    events_ = index_list{event_of_.size()};
    possible_ = index_list{possible_steps_.size()};
    collect_groups();
}

void search::collect_groups() {
    std::map<std::tuple<int, std::int64_t, std::int64_t, std::uint32_t>, std::size_t> numbers;
    for (std::size_t place = 0; place < possible_steps_.size(); ++place) {
        const node_step& what = steps_[possible_steps_[place]].what;
        const std::tuple key{
            static_cast<int>(what.kind),
            what.value ? std::int64_t{*what.value} : -1,
            what.expected_version ? std::int64_t{*what.expected_version} : -2,
            what.owner,
        };
        group_of_.push_back(numbers.try_emplace(key, numbers.size()).first->second);
        place_of_[possible_steps_[place]] = place;
    }
    group_seen_.resize(numbers.size());
}

/// Moves to the next step that can be placed. Ends exhausted, with false, if there is none.
bool search::advance(candidate& at) {
    while (at.index != none) {
        if (at.in != phase::possible ? advance_known(at) : advance_possible(at)) {
            return true;
        }
        if (at.in == phase::observers) {
            at = {phase::changes, front};
        } else if (at.in == phase::changes && may_need_possible()) {
            at = {phase::possible, front};
        } else {
            at.index = none;
        }
    }
    return false;
}

/// Only what was invoked before the first return in the list may come next.
bool search::advance_known(candidate& at) {
    std::size_t index = at.index == front ? events_.first() : events_.after(at.index);
    for (; index != events_.end() && !event_of_[index].is_return; index = events_.after(index)) {
        const std::size_t step = event_of_[index].step;
        const auto after = apply(steps_[step].what, state_);
        ++attempts_;
        if (!after || (*after == state_) != (at.in == phase::observers)) {
            continue;
        }
        if (is_new(step, *after)) {
            at.index = index;
            return true;
        }
    }
    return false;
}

bool search::advance_possible(candidate& at) {
    std::size_t limit = events_.first();
    while (!event_of_[limit].is_return) {
        limit = events_.after(limit);
    }
    ++scan_;
    for (std::size_t place = possible_.first(); place != possible_.end();
         place = possible_.after(place)) {
        const std::size_t step = possible_steps_[place];
        if (steps_[step].invoked > event_of_[limit].at) {
            return false;
        }
        // Of steps that are the same, the one invoked first will do.
        const bool is_repeated = group_seen_[group_of_[place]] == scan_;
        group_seen_[group_of_[place]] = scan_;
        if (is_repeated || (at.index != front && place <= at.index)) {
            continue;
        }
        const auto after = apply(steps_[step].what, state_);
        ++attempts_;
        if (after && is_new(step, *after)) {
            at.index = place;
            return true;
        }
    }
    return false;
}

/// Whether a write of unknown outcome could help: not if all that may come next needs a version
/// that has passed.
bool search::may_need_possible() {
    if (!is_version_growing_ || !state_.exists) {
        return true;
    }
    for (std::size_t index = events_.first(); !event_of_[index].is_return;
         index = events_.after(index)) {
        const node_step& what = steps_[event_of_[index].step].what;
        if (what.ended != outcome::succeeded || what.kind == step_kind::remove ||
            what.kind == step_kind::create || what.kind == step_kind::end_session) {
            return true;
        }
        const std::int32_t change = what.kind == step_kind::write ? 1 : 0;
        if (!what.version || *what.version - change > state_.version) {
            return true;
        }
    }
    return false;
}

bool search::is_new(std::size_t step, const node_state& after) {
    const std::uint64_t packed =
        (std::uint64_t{after.value} << 32) | static_cast<std::uint32_t>(after.version);
    const std::uint64_t rest = (std::uint64_t{after.owner} << 1) | (after.exists ? 1U : 0U);
    const fingerprint of{
        placed_.high ^ key_of_[step].high ^ mixed(packed) ^ mixed(mixed(rest + 1)),
        placed_.low ^ key_of_[step].low ^ mixed(packed + 0x9e3779b97f4a7c15U) ^
            mixed(mixed(rest + 0x51ed270b)),
    };
    return seen_.insert(of).second;
}

void search::lift(std::size_t step, bool is_possible) {
    placed_.high ^= key_of_[step].high;
    placed_.low ^= key_of_[step].low;
    if (is_possible) {
        possible_.take(place_of_[step]);
        return;
    }
    events_.take(call_of_[step]);
    events_.take(return_of_[step]);
}

void search::restore(std::size_t step, bool is_possible) {
    placed_.high ^= key_of_[step].high;
    placed_.low ^= key_of_[step].low;
    if (is_possible) {
        possible_.put_back(place_of_[step]);
        return;
    }
    events_.put_back(return_of_[step]);
    events_.put_back(call_of_[step]);
}

void search::place(const candidate& at) {
    const std::size_t step = step_at(at);
    frames_.push_back({step, at, state_});
    state_ = *apply(steps_[step].what, state_);
    lift(step, at.in == phase::possible);
}

/// Takes the last step back and lets the scan go on behind it. False if there is none. What changed
/// nothing is taken back together with what came before: placing it later could not help.
bool search::back_out(candidate& next) {
    while (!frames_.empty()) {
        const frame last = frames_.back();
        frames_.pop_back();
        restore(last.step, last.at.in == phase::possible);
        state_ = last.before;
        if (last.at.in != phase::observers) {
            next = last.at;
            return true;
        }
    }
    return false;
}

} // namespace

linearization find_linearization(
    const std::vector<timed_step>& steps, const node_state& initial, std::uint64_t step_count_max
) {
    return search{steps, initial}.run(step_count_max);
}

} // namespace conclave::history
