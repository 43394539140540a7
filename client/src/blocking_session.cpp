#include "conclave/client/blocking_session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <thread>

namespace conclave::client {

namespace asio = boost::asio;

namespace detail {

class loop_thread {
public:
    loop_thread() : work_(asio::make_work_guard(context)), thread_([this] { context.run(); }) {}

    loop_thread(const loop_thread&) = delete;
    loop_thread& operator=(const loop_thread&) = delete;

    ~loop_thread() {
        context.stop();
        thread_.join();
    }

    asio::io_context context{1};

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

std::shared_ptr<loop_thread> make_loop_thread() {
    return std::make_shared<loop_thread>();
}

asio::io_context& context_of(loop_thread& loop) {
    return loop.context;
}

} // namespace detail

namespace {

constexpr auto close_time_max = std::chrono::seconds{1};

/// Runs something short on the loop and waits for it.
template <class Function>
auto run_on(detail::loop_thread& loop, Function function) {
    using result_type = decltype(function());
    return detail::wait_for<result_type>(loop, [&function](auto handler) {
        if constexpr (std::is_void_v<result_type>) {
            function();
            handler(boost::system::error_code{});
        } else {
            handler(boost::system::error_code{}, function());
        }
    });
}

} // namespace

// -- watches --------------------------------------------------------------------------------------

struct blocking_watch::state {
    state(std::shared_ptr<detail::loop_thread> on, watch given)
        : loop(std::move(on)), owned(std::move(given)), timer(loop->context) {}

    ~state() {
        run_on(*loop, [this] {
            owned = watch{};
            timer.cancel();
        });
    }

    state(const state&) = delete;
    state& operator=(const state&) = delete;

    std::shared_ptr<detail::loop_thread> loop;
    watch owned;
    asio::steady_timer timer;
    asio::cancellation_signal give_up;
};

blocking_watch::blocking_watch(std::shared_ptr<detail::loop_thread> loop, watch owned)
    : state_(std::make_shared<state>(std::move(loop), std::move(owned))) {}

std::optional<watch_event> blocking_watch::next(std::chrono::milliseconds limit) {
    using result_type = std::optional<watch_event>;
    return detail::wait_for<result_type>(*state_->loop, [it = state_.get(), limit](auto handler) {
        it->timer.expires_after(limit);
        it->timer.async_wait([it](boost::system::error_code cancelled) {
            if (!cancelled) {
                it->give_up.emit(asio::cancellation_type::terminal);
            }
        });
        it->owned.async_next(asio::bind_cancellation_slot(
            it->give_up.slot(),
            [it, handler](boost::system::error_code failed, watch_event event) mutable {
                it->timer.cancel();
                if (failed == asio::error::operation_aborted) {
                    handler(boost::system::error_code{}, result_type{});
                } else {
                    handler(failed, result_type{std::move(event)});
                }
            }
        ));
    });
}

// -- the session ----------------------------------------------------------------------------------

blocking_session::blocking_session(const settings& chosen)
    : loop_(detail::make_loop_thread())
    , session_(std::make_unique<session>(loop_->context.get_executor(), chosen)) {
    try {
        detail::wait_for<void>(*loop_, [zk = session_.get()](auto handler) {
            zk->async_connect(std::move(handler));
        });
    } catch (...) {
        run_on(*loop_, [this] { session_.reset(); });
        throw;
    }
}

blocking_session::~blocking_session() {
    auto closed = std::make_shared<std::promise<void>>();
    const std::future<void> outcome = closed->get_future();
    asio::post(loop_->context, [zk = session_.get(), closed] {
        zk->async_close([closed](boost::system::error_code) { closed->set_value(); });
    });
    outcome.wait_for(close_time_max);
    run_on(*loop_, [this] { session_.reset(); });
}

created_node
blocking_session::create(std::string_view path, data_view data, const create_options& options) {
    auto copied = data ? std::optional<bytes>{*data} : std::nullopt;
    return execute(operation::create{std::string{path}, std::move(copied), options});
}

void blocking_session::remove(std::string_view path, data_version version) {
    execute(operation::remove{std::string{path}, version});
}

std::optional<node_stat> blocking_session::exists(std::string_view path) {
    return execute(operation::exists{std::string{path}});
}

node_data blocking_session::get(std::string_view path) {
    return execute(operation::get{std::string{path}});
}

node_stat blocking_session::set(std::string_view path, data_view data, data_version version) {
    auto copied = data ? std::optional<bytes>{*data} : std::nullopt;
    return execute(operation::set{std::string{path}, std::move(copied), version});
}

node_children blocking_session::get_children(std::string_view path) {
    return execute(operation::get_children{std::string{path}});
}

node_acl blocking_session::get_acl(std::string_view path) {
    return execute(operation::get_acl{std::string{path}});
}

node_stat
blocking_session::set_acl(std::string_view path, const acl& entries, acl_version version) {
    return execute(operation::set_acl{std::string{path}, entries, version});
}

void blocking_session::sync(std::string_view path) {
    execute(operation::sync{std::string{path}});
}

std::vector<transaction_result> blocking_session::commit(const transaction& steps) {
    return execute(operation::commit{steps});
}

void blocking_session::add_auth(std::string_view scheme, bytes_view data) {
    detail::wait_for<void>(*loop_, [zk = session_.get(), scheme, data](auto handler) {
        zk->async_add_auth(scheme, data, std::move(handler));
    });
}

blocking_watch blocking_session::watch_node(std::string_view path, watch_mode mode) {
    return {loop_, execute(operation::add_watch{std::string{path}, mode})};
}

void blocking_session::close() {
    detail::wait_for<void>(*loop_, [zk = session_.get()](auto handler) {
        zk->async_close(std::move(handler));
    });
}

session_state blocking_session::state() {
    return run_on(*loop_, [this] { return session_->state(); });
}

session_key blocking_session::key() {
    return run_on(*loop_, [this] { return session_->key(); });
}

} // namespace conclave::client
