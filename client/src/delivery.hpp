/// Calling completion handlers on their executors.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>

#include <tuple>
#include <utility>

namespace conclave::client {

namespace asio = boost::asio;
using boost::system::error_code;

/// The library's errors as Asio's. A cancellation becomes the code that programs compare with.
[[nodiscard]] error_code to_asio(std::error_code code);

/// The executor of a session, in the two forms that Asio needs.
struct home_executor {
    explicit home_executor(const asio::any_io_executor& executor) : io(executor), own(executor) {}

    asio::any_io_executor io;
    asio::any_completion_executor own; ///< for comparing with a handler's
};

/// Calls `handler` on its executor, never from inside this call.
template <class Handler, class... Arguments>
void deliver_later(const home_executor& home, Handler handler, Arguments... arguments) {
    const asio::any_completion_executor where = asio::get_associated_executor(handler, home.own);
    auto call = [handler = std::move(handler),
                 arguments = std::make_tuple(std::move(arguments)...)]() mutable {
        std::apply([&](auto&... each) { std::move(handler)(std::move(each)...); }, arguments);
    };
    if (where == home.own) {
        asio::post(home.io, std::move(call));
    } else {
        // A foreign executor may run at once what it is given, so it is given it later.
        asio::post(home.io, [where, call = std::move(call)]() mutable {
            where.execute(std::move(call));
        });
    }
}

/// Calls `handler` at once if it belongs to the session's executor, on which the caller must be.
template <class Handler, class... Arguments>
void deliver(const home_executor& home, Handler handler, Arguments... arguments) {
    if (asio::get_associated_executor(handler, home.own) == home.own) {
        std::move(handler)(std::move(arguments)...);
    } else {
        deliver_later(home, std::move(handler), std::move(arguments)...);
    }
}

} // namespace conclave::client
