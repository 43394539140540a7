/// How the coroutines of this library are started and awaited.
#pragma once

#include <conclave/client/session.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace conclave::recipes::detail {

namespace asio = boost::asio;
using boost::system::error_code;

/// Errors as values: `auto [failed, node] = co_await zk.async_get(path, as_result);`
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// What a coroutine of this library comes to.
template <class... Results>
using outcome = std::tuple<error_code, Results...>;

/// Calls a handler on its executor, never from inside this call.
template <class... Results>
void complete(
    const asio::any_io_executor& home,
    asio::any_completion_handler<void(error_code, Results...)> handler,
    error_code failed,
    Results... results
) {
    const asio::any_completion_executor own{home};
    const asio::any_completion_executor where = asio::get_associated_executor(handler, own);
    auto call = [handler = std::move(handler),
                 arguments = std::make_tuple(failed, std::move(results)...)]() mutable {
        std::apply([&](auto&... each) { std::move(handler)(std::move(each)...); }, arguments);
    };
    // A foreign executor may run at once what it is given, so it is given it later.
    asio::post(home, [where, own, call = std::move(call)]() mutable {
        if (where == own) {
            call();
        } else {
            where.execute(std::move(call));
        }
    });
}

/// Runs `body` and completes `handler` with what it returns. The handler's cancellation slot
/// cancels what the coroutine waits for.
template <class... Results>
void launch(
    const asio::any_io_executor& home,
    asio::awaitable<outcome<Results...>> body,
    asio::any_completion_handler<void(error_code, Results...)> handler
) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto done = [home, handler = std::move(handler)](
                    const std::exception_ptr& thrown, outcome<Results...> result
                ) mutable {
        try {
            if (thrown) {
                std::rethrow_exception(thrown);
            }
        } catch (const boost::system::system_error& cancelled) {
            std::get<0>(result) = cancelled.code(); // what a cancelled coroutine throws
        }
        std::apply(
            [&](auto&... each) { complete(home, std::move(handler), std::move(each)...); }, result
        );
    };
    asio::co_spawn(home, std::move(body), asio::bind_cancellation_slot(slot, std::move(done)));
}

/// Runs `body` for its effect.
inline void launch_in_background(const asio::any_io_executor& home, asio::awaitable<void> body) {
    asio::co_spawn(home, std::move(body), [](const std::exception_ptr& thrown) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    });
}

/// An operation that is under way while its coroutine does something else, such as to start the
/// next one, so that both travel in one packet. It cannot be cancelled; dropping this ignores its
/// outcome. Only for operations with a result.
template <class Operation>
class started {
public:
    using outcome_type = outcome<typename Operation::result_type>;

    started(const client::session& zk, Operation what) {
        auto waiter = std::make_shared<plain_handler>();
        waiter_ = waiter;
        zk.async_execute(
            std::move(what),
            [arrived = arrived_, waiter = std::move(waiter)](auto... arguments) {
                arrived->emplace(std::move(arguments)...);
                if (*waiter) {
                    std::exchange(*waiter, nullptr)(error_code{});
                }
            }
        );
    }

    /// To be awaited once, while this lives.
    asio::awaitable<outcome_type> result() {
        if (!*arrived_) {
            auto keep = [this](auto handler) {
                plain_handler kept{std::move(handler)};
                waiter_.lock()->swap(kept); // its move assignment recurses in Boost 1.81
            };
            co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
                keep, asio::use_awaitable
            );
        }
        co_return std::move(**arrived_);
    }

private:
    using plain_handler = asio::any_completion_handler<void(error_code)>;

    // The operation owns the waiting coroutine, the coroutine owns the place for the outcome: so
    // neither keeps itself alive when the session goes away under it.
    std::shared_ptr<std::optional<outcome_type>> arrived_ =
        std::make_shared<std::optional<outcome_type>>();
    std::weak_ptr<plain_handler> waiter_;
};

} // namespace conclave::recipes::detail
