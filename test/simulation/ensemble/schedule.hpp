/// What happens when: the only notion of time in a world.
#pragma once

#include "test/simulation/ensemble/random.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace conclave::ensemble {

/// Events in the order of their times, then of their making.
class schedule {
public:
    [[nodiscard]] nanoseconds now() const { return now_; }

    [[nodiscard]] std::uint64_t done_count() const { return done_count_; }

    template <class Action>
    void after(nanoseconds delay, Action what) {
        waiting_.push_back(
            {now_ + delay, made_count_++, std::make_unique<action_of<Action>>(std::move(what))}
        );
        std::push_heap(waiting_.begin(), waiting_.end(), is_later);
    }

    /// Carries out the next event. @return false if there is none.
    bool step() {
        if (waiting_.empty()) {
            return false;
        }
        std::pop_heap(waiting_.begin(), waiting_.end(), is_later);
        const event next = std::move(waiting_.back());
        waiting_.pop_back();
        now_ = next.at;
        ++done_count_;
        next.what->carry_out();
        return true;
    }

private:
    struct action {
        virtual ~action() = default;
        virtual void carry_out() = 0;
    };

    template <class Action>
    struct action_of final : action {
        explicit action_of(Action given) : what(std::move(given)) {}

        void carry_out() override { what(); }

        Action what;
    };

    struct event {
        nanoseconds at;
        std::uint64_t number;
        std::unique_ptr<action> what;
    };

    static bool is_later(const event& left, const event& right) {
        return std::pair{left.at, left.number} > std::pair{right.at, right.number};
    }

    nanoseconds now_{};
    std::uint64_t made_count_ = 0;
    std::uint64_t done_count_ = 0;
    std::vector<event> waiting_;
};

} // namespace conclave::ensemble
