/// How the admin thread asks the core thread, without ever holding it up.
#pragma once

#include "server/admin/server_view.hpp"

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
    /// `then(state)`. Each call must be short.
    template <class State, class Step, class Then>
    void ask_in_slices(State state, Step step, Then then) {
        next_slice(std::make_shared<State>(std::move(state)), std::move(step), std::move(then));
    }

    /// Forgets what waits for answers.
    void clear() { waiting_.clear(); }

private:
    template <class State, class Step, class Then>
    void next_slice(std::shared_ptr<State> state, Step step, Then then) {
        const auto ask_one = [state, step](server_view& view, replica::instant now) mutable {
            return std::invoke(step, *state, view, now);
        };
        ask(ask_one, [this, state, step, then = std::move(then)](bool is_through) mutable {
            if (is_through) {
                then(*state);
            } else {
                next_slice(std::move(state), std::move(step), std::move(then));
            }
        });
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
};

} // namespace conclave::admin
