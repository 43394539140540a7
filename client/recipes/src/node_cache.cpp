#include "conclave/recipes/node_cache.hpp"

#include "client/recipes/src/nodes.hpp"
#include "client/recipes/src/waiters.hpp"

#include <boost/asio/cancellation_signal.hpp>

namespace conclave::recipes {

namespace detail {

/// Shared by the handle and the coroutine that follows the node.
struct kept_node {
    kept_node(const client::session& session, std::string of_path)
        : zk(without_limit(session))
        , path(std::move(of_path))
        , waiting(std::make_shared<waiters>(zk.get_executor())) {}

    client::session zk;
    std::string path;
    std::optional<client::node_data> data;
    std::shared_ptr<waiters> waiting;
    error_code end; ///< why it follows the node no more
    bool has_started = false;
    bool has_data = false; ///< it has been read once
    bool is_closing = false;
    asio::cancellation_signal stop;
};

namespace {

asio::awaitable<error_code> read(kept_node& self) {
    auto [failed, node] = co_await self.zk.async_get(self.path, as_result);
    if (failed && failed != errc::no_node) {
        co_return failed;
    }
    const bool was_there = self.data.has_value();
    const bool is_new = failed ? was_there : !was_there || self.data->stat != node.stat;
    if (is_new || !self.has_data) {
        self.data = failed ? std::nullopt : std::optional{std::move(node)};
        self.has_data = true;
        self.waiting->tell_all({});
    }
    co_return error_code{};
}

/// Success once it has been told to stop.
asio::awaitable<error_code> follow(kept_node& self) {
    auto [failed, changes] =
        co_await self.zk.async_watch(self.path, client::watch_mode::persistent, as_result);
    while (!failed && !self.is_closing) {
        failed = co_await read(self);
        if (is_interrupted(failed)) {
            failed = {};
            continue;
        }
        if (failed || self.is_closing) {
            break;
        }
        auto [ended, event] =
            co_await changes.async_next(asio::bind_cancellation_slot(self.stop.slot(), as_result));
        while (changes.try_next()) {
            // one read answers to all of them
        }
        failed = ended == client::error::events_lost ? error_code{} : ended;
    }
    co_return failed;
}

asio::awaitable<void> run(std::shared_ptr<kept_node> self) {
    error_code failed = co_await follow(*self);
    while (is_interrupted(failed) && !self->is_closing) {
        failed = co_await follow(*self);
    }
    const error_code closed{make_error_code(error::closed)};
    self->end = self->is_closing ? closed : failed;
    self->waiting->tell_all(self->end);
}

void stop_following(kept_node& which) {
    which.is_closing = true;
    which.stop.emit(asio::cancellation_type::terminal);
}

} // namespace

void start_cache(std::shared_ptr<kept_node> which, plain_handler handler) {
    if (which->has_started) {
        const error_code twice = asio::error::already_started;
        return complete(which->zk.get_executor(), std::move(handler), twice);
    }
    which->has_started = true;
    which->waiting->add(std::move(handler));
    launch_in_background(which->zk.get_executor(), run(which));
}

void await_node_change(std::shared_ptr<kept_node> which, plain_handler handler) {
    if (which->end) {
        return complete(which->zk.get_executor(), std::move(handler), which->end);
    }
    which->waiting->add(std::move(handler));
}

} // namespace detail

node_cache::node_cache(const client::session& zk, std::string path)
    : node_(std::make_shared<detail::kept_node>(zk, std::move(path))) {}

node_cache& node_cache::operator=(node_cache&& other) noexcept {
    if (this != &other) {
        if (node_) {
            detail::stop_following(*node_);
        }
        node_ = std::move(other.node_);
    }
    return *this;
}

node_cache::~node_cache() {
    if (node_) {
        detail::stop_following(*node_);
    }
}

const std::optional<client::node_data>& node_cache::current() const {
    return node_->data;
}

} // namespace conclave::recipes
