/// A session for programs without an event loop.
#pragma once

#include <conclave/client/session.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <future>
#include <memory>
#include <optional>

namespace conclave::client {

namespace detail {

/// An event loop on a thread of its own. Ends with the last owner.
class loop_thread;

[[nodiscard]] std::shared_ptr<loop_thread> make_loop_thread();
[[nodiscard]] boost::asio::io_context& context_of(loop_thread& loop);

/// A completion handler that fulfils a promise.
template <class Result>
class promise_handler {
public:
    explicit promise_handler(std::shared_ptr<std::promise<Result>> kept) : kept_(std::move(kept)) {}

    void operator()(boost::system::error_code failed, auto&&... result) {
        if (failed) {
            kept_->set_exception(std::make_exception_ptr(boost::system::system_error{failed}));
        } else {
            kept_->set_value(std::forward<decltype(result)>(result)...);
        }
    }

private:
    std::shared_ptr<std::promise<Result>> kept_;
};

/// Runs `start(handler)` on the loop and waits for what the handler is given.
/// @throws boost::system::system_error if that is an error
template <class Result, class Start>
Result wait_for(loop_thread& loop, Start start) {
    auto kept = std::make_shared<std::promise<Result>>();
    std::future<Result> outcome = kept->get_future();
    boost::asio::post(
        context_of(loop),
        [start = std::move(start), kept = std::move(kept)]() mutable {
            start(promise_handler<Result>{std::move(kept)});
        }
    );
    return outcome.get();
}

} // namespace detail

/// A watch of a `blocking_session`; its destruction ends it. Any thread, one at a time.
class blocking_watch {
public:
    blocking_watch(std::shared_ptr<detail::loop_thread> loop, watch owned);

    blocking_watch(blocking_watch&&) noexcept = default;
    blocking_watch& operator=(blocking_watch&&) noexcept = default;

    /// The next event; nothing if there is none within `limit`.
    /// @throws boost::system::system_error with what `watch::async_next` would complete with
    [[nodiscard]] std::optional<watch_event> next(std::chrono::milliseconds limit);

private:
    struct state;
    std::shared_ptr<state> state_;
};

/// `session`, waiting for each answer. Any number of threads may use it at once; each call blocks
/// only its own. The connection lives on a thread that this class owns, so the session is kept
/// alive while the program does other things.
///
/// Errors are thrown as `boost::system::system_error`, with the codes that `session` documents.
/// Destruction closes the session and waits for the server to confirm it, for a second at most.
class blocking_session {
public:
    /// Opens the session.
    /// @throws std::invalid_argument, boost::system::system_error
    explicit blocking_session(const settings& chosen);
    ~blocking_session();

    blocking_session(const blocking_session&) = delete;
    blocking_session& operator=(const blocking_session&) = delete;

    /// Any operation: `zk.execute(operation::get{"/a"})`.
    template <class Operation>
    typename Operation::result_type execute(Operation what) {
        using result_type = typename Operation::result_type;
        return detail::wait_for<result_type>(
            *loop_,
            [zk = session_.get(), what = std::move(what)](auto handler) mutable {
                zk->async_execute(std::move(what), std::move(handler));
            }
        );
    }

    /// @name Operations
    /// As those of `session` with `async_` before their names.
    /// @{
    created_node create(std::string_view path, data_view data, const create_options& options = {});
    void remove(std::string_view path, data_version version = any_version);
    std::optional<node_stat> exists(std::string_view path);
    node_data get(std::string_view path);
    node_stat set(std::string_view path, data_view data, data_version version = any_version);
    node_children get_children(std::string_view path);
    node_acl get_acl(std::string_view path);
    node_stat
    set_acl(std::string_view path, const acl& entries, acl_version version = any_acl_version);
    void sync(std::string_view path);
    std::vector<transaction_result> commit(const transaction& steps);
    void add_auth(std::string_view scheme, bytes_view data);
    /// @}

    /// `session::async_watch`: all changes from now on.
    blocking_watch watch_node(std::string_view path, watch_mode mode);

    /// Ends the session at once. Later calls throw.
    void close();

    /// `session::state`, at some moment during the call.
    [[nodiscard]] session_state state();

    /// `session::key`: for a process that is to go on with the session.
    [[nodiscard]] session_key key();

private:
    std::shared_ptr<detail::loop_thread> loop_;
    std::unique_ptr<session> session_; ///< on the loop
};

} // namespace conclave::client
