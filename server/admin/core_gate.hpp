/// How the admin thread asks the core thread, without ever holding it up.
#pragma once

#include "server/admin/server_view.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace conclave::admin {

/// A question is a function that runs on the core thread and returns a copy of what it has found;
/// the answer goes to a function on the admin thread. Questions must be short: what may be long is
/// asked in slices, between which the core does its own work.
///
/// What runs on the core holds only the question. What waits for the answer stays here, so that a
/// core that ends, and drops its questions, destroys nothing of the admin thread's.
///
/// Admin thread only. Both functions are called on it and must be safe to call until `clear`.
class core_gate {
public:
    using question = std::function<void(server_view&, replica::instant)>;

    core_gate(
        std::function<void(question)> to_core, std::function<void(std::function<void()>)> to_admin
    )
        : to_core_(std::move(to_core)), to_admin_(std::move(to_admin)) {}

    core_gate(const core_gate&) = delete;
    core_gate& operator=(const core_gate&) = delete;

    /// Calls `then(ask(view, now))`; never, if the core ends before.
    template <class Ask, class Then>
    void ask(Ask ask, Then then) {
        using answer = std::invoke_result_t<Ask&, server_view&, replica::instant>;
        const std::uint64_t number = next_++;
        waiting_.emplace(number, [then = std::move(then)](void* told) mutable {
            then(std::move(*static_cast<answer*>(told)));
        });
        to_core_([this, number, ask = std::move(ask), to_admin = to_admin_](
                     server_view& view, replica::instant now
                 ) mutable {
            auto told = std::make_shared<answer>(ask(view, now));
            to_admin([this, number, told] { complete(number, told.get()); });
        });
    }

    /// Calls `step(state, view, now)` on the core again and again until it returns true, then
    /// `then(state)`. Each call must be short. However many ask so, few slices are on their way at
    /// a time; they take turns.
    template <class State, class Step, class Then>
    void ask_in_slices(State state, Step step, Then then) {
        auto kept = std::make_shared<State>(std::move(state));
        next_slice(std::make_shared<listing<State, Step, Then>>(listing<State, Step, Then>{
            std::move(kept), std::move(step), std::move(then)}));
    }

    /// Forgets what waits for answers.
    void clear() {
        waiting_.clear();
        slices_.clear();
        slice_count_ = 0;
    }

private:
    static constexpr std::size_t slice_count_max = 2;

    template <class State, class Step, class Then>
    struct listing {
        std::shared_ptr<State> state; ///< the core holds this
        Step step;
        Then then;
    };

    template <class Listing>
    void next_slice(std::shared_ptr<Listing> of) {
        const auto ask_one = [state = of->state,
                              step = of->step](server_view& view, replica::instant now) mutable {
            return std::invoke(step, *state, view, now);
        };
        const auto go_on = [this, of](bool is_through) {
            --slice_count_;
            if (!is_through) {
                return next_slice(of);
            }
            ask_waiting_slices();
            of->then(*of->state);
        };
        slices_.push_back([this, ask_one, go_on] { ask(ask_one, go_on); });
        ask_waiting_slices();
    }

    void ask_waiting_slices() {
        while (slice_count_ < slice_count_max && !slices_.empty()) {
            const auto next = std::move(slices_.front());
            slices_.pop_front();
            ++slice_count_;
            next();
        }
    }

    void complete(std::uint64_t number, void* told) {
        auto waiting = waiting_.extract(number);
        if (!waiting.empty()) {
            waiting.mapped()(told);
        }
    }

    std::function<void(question)> to_core_;
    std::function<void(std::function<void()>)> to_admin_;
    std::unordered_map<std::uint64_t, std::function<void(void*)>> waiting_;
    std::uint64_t next_ = 1;
    std::deque<std::function<void()>> slices_; ///< that wait for their turn
    std::size_t slice_count_ = 0;              ///< on their way
};

} // namespace conclave::admin
