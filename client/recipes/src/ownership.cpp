#include "conclave/recipes/ownership.hpp"

#include "client/recipes/src/attempt.hpp"
#include "client/recipes/src/claim.hpp"
#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/system_executor.hpp>

namespace conclave::recipes {

namespace detail {

namespace {

using commit_outcome = outcome<std::vector<client::transaction_result>>;

const error_code not_owner{make_error_code(error::not_owner)};

asio::any_io_executor executor_of(const std::shared_ptr<claim>& held) {
    return held ? held->zk.get_executor() : asio::any_io_executor{asio::system_executor{}};
}

client::transaction guarded(const claim& held, const client::transaction& steps) {
    client::transaction all;
    all.check(held.node, client::any_version);
    for (const auto& each : steps.steps()) {
        std::visit(
            [&](const auto& step) {
                using step_type = std::decay_t<decltype(step)>;
                if constexpr (std::is_same_v<step_type, client::transaction::create_step>) {
                    all.create(step.path, step.data, step.options);
                } else if constexpr (std::is_same_v<step_type, client::transaction::remove_step>) {
                    all.remove(step.path, step.version);
                } else if constexpr (std::is_same_v<step_type, client::transaction::set_step>) {
                    all.set(step.path, step.data, step.version);
                } else {
                    all.check(step.path, step.version);
                }
            },
            each
        );
    }
    return all;
}

asio::awaitable<commit_outcome> commit(std::shared_ptr<claim> held, client::transaction steps) {
    const client::transaction all = guarded(*held, steps);
    auto [failed, results] = co_await held->zk.async_commit(all, as_result);
    if (failed && !results.empty() && results.front().error) {
        held->is_lost = true;
        co_return commit_outcome{not_owner, {}};
    }
    if (!results.empty()) {
        results.erase(results.begin()); // that of the check
    }
    co_return commit_outcome{failed, std::move(results)};
}

asio::awaitable<outcome<>> await_end(std::shared_ptr<claim> held) {
    while (!held->is_released) {
        auto [failed, seen] = co_await held->zk.async_exists_and_watch(held->node, as_result);
        if (is_interrupted(failed)) {
            continue;
        }
        if (failed) {
            co_return outcome<>{failed};
        }
        if (!seen.result || seen.result->czxid != held->token) {
            held->is_lost = true;
            break;
        }
        auto [ended, event] = co_await seen.next.async_next(as_result);
        if (ended && !is_interrupted(ended)) {
            co_return outcome<>{ended};
        }
    }
    const error_code released = asio::error::operation_aborted;
    co_return outcome<>{held->is_released ? released : not_owner};
}

asio::awaitable<void> give_back_for(std::shared_ptr<claim> held, std::shared_ptr<attempt<>> asked) {
    const error_code failed = co_await give_back(std::move(held));
    asked->finish(failed);
}

asio::awaitable<void> give_back_quietly(std::shared_ptr<claim> held) {
    // Whatever goes wrong, the node goes with its session at the latest.
    co_await give_back(std::move(held));
}

} // namespace

bool is_held(const claim& which) {
    if (which.is_released || which.is_lost || which.zk.key().id != which.owner) {
        return false;
    }
    const client::session_state state = which.zk.state();
    return state == client::session_state::connected || state == client::session_state::suspended;
}

error_code certainty_of(const claim& which) {
    if (is_held(which)) {
        return {};
    }
    const error_code reason = which.zk.lost_reason();
    return reason ? reason : error_code{make_error_code(errc::session_expired)};
}

asio::awaitable<error_code> give_back(std::shared_ptr<claim> held) {
    if (held->stray_prefix.empty()) {
        if (held->is_lost) {
            co_return error_code{}; // what has the name now is another's
        }
        co_return co_await remove_created(held->zk, held->node, held->token);
    }
    const std::string parent{path::parent_of(held->stray_prefix)};
    const std::string prefix{path::name_of(held->stray_prefix)};
    co_return co_await remove_beginning_with(held->zk, parent, prefix);
}

void release(std::shared_ptr<claim> held, plain_handler handler) {
    const auto home = executor_of(held);
    if (!held || held->is_released) {
        return complete(home, std::move(handler), error_code{});
    }
    held->is_released = true;
    // Who waits may be given up, the removal may not: the node would stay, held by nobody.
    auto asked = std::make_shared<attempt<>>(home, std::move(handler));
    asked->start(std::nullopt);
    launch_in_background(home, give_back_for(std::move(held), std::move(asked)));
}

void await_loss(std::shared_ptr<claim> held, plain_handler handler) {
    const auto home = executor_of(held);
    if (!held) {
        return complete(home, std::move(handler), not_owner);
    }
    launch(home, await_end(std::move(held)), std::move(handler));
}

void commit_guarded(
    std::shared_ptr<claim> held, const client::transaction& steps, commit_handler handler
) {
    const auto home = executor_of(held);
    if (!held || !is_held(*held)) {
        std::vector<client::transaction_result> none;
        return complete(home, std::move(handler), not_owner, std::move(none));
    }
    launch(home, commit(std::move(held), steps), std::move(handler));
}

} // namespace detail

ownership& ownership::operator=(ownership&& other) noexcept {
    if (this != &other) {
        ownership previous{std::exchange(claim_, std::move(other.claim_))};
    }
    return *this;
}

ownership::~ownership() {
    if (claim_ && !claim_->is_released) {
        claim_->is_released = true;
        const auto home = claim_->zk.get_executor();
        detail::launch_in_background(home, detail::give_back_quietly(std::move(claim_)));
    }
}

bool ownership::is_held() const {
    return claim_ && detail::is_held(*claim_);
}

std::optional<client::session_clock::time_point> ownership::held_until() const {
    return is_held() ? claim_->zk.valid_until() : std::nullopt;
}

zxid ownership::fencing_token() const {
    return claim_ ? claim_->token : zxid{};
}

std::string ownership::node() const {
    return claim_ ? claim_->node : std::string{};
}

} // namespace conclave::recipes
