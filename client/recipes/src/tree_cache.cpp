#include "conclave/recipes/tree_cache.hpp"

#include "client/recipes/src/nodes.hpp"
#include "client/recipes/src/tree_model.hpp"
#include "client/recipes/src/waiters.hpp"

namespace conclave::recipes {

namespace detail {

/// Does what the model says: reads, and listens to the watch. On the executor of the session.
struct kept_tree : std::enable_shared_from_this<kept_tree> {
    kept_tree(const client::session& session, std::string of_root, const tree_cache_limits& bounds)
        : zk(without_limit(session))
        , root(of_root)
        , limits(bounds)
        , model(std::move(of_root), bounds)
        , starting(std::make_shared<waiters>(zk.get_executor()))
        , changed(std::make_shared<waiters>(zk.get_executor())) {}

    void begin();
    void on_watching(error_code failed, client::watch made);
    void listen();
    void take_events();
    void pump();
    void issue(tree_model::read what);
    void on_read(const tree_model::read& what, error_code failed, std::optional<client::node_data>);
    void on_listed(const tree_model::read& what, error_code failed, std::vector<std::string> names);
    [[nodiscard]] bool take_failure(const tree_model::read& what, error_code failed);
    void show();
    void note(const tree_change& change);
    void finish(error_code why);

    client::session zk;
    std::string root;
    tree_cache_limits limits;
    tree_model model;
    client::watch changes;
    std::size_t reads_in_flight = 0;
    std::map<std::string, tree_change::kind> untold; ///< changes by path
    bool has_lost_changes = false;
    bool has_started = false;
    bool is_filled = false;
    error_code end; ///< why it follows the tree no more
    std::shared_ptr<waiters> starting;
    std::shared_ptr<waiters> changed; ///< who waits for `untold`
};

void kept_tree::begin() {
    zk.async_watch(
        root,
        client::watch_mode::recursive,
        [weak = weak_from_this()](error_code failed, client::watch made) {
            if (const auto self = weak.lock()) {
                self->on_watching(failed, std::move(made));
            }
        }
    );
}

void kept_tree::on_watching(error_code failed, client::watch made) {
    if (end) {
        return;
    }
    if (is_interrupted(failed)) {
        return begin();
    }
    if (failed) {
        return finish(failed);
    }
    changes = std::move(made);
    model.begin();
    listen();
    pump();
}

void kept_tree::listen() {
    changes.async_next([weak = weak_from_this()](error_code ended, client::watch_event event) {
        const auto self = weak.lock();
        if (!self || self->end) {
            return;
        }
        if (ended == client::error::events_lost) {
            self->model.begin();
        } else if (is_interrupted(ended)) {
            return self->begin(); // the watch is gone with its connection, the session is not
        } else if (ended) {
            return self->finish(ended);
        } else {
            self->model.on_event(event);
        }
        self->take_events();
        self->listen();
        self->pump();
    });
}

/// Events stand before the answers that the server sent after them: they are taken first.
void kept_tree::take_events() {
    while (const auto event = changes.try_next()) {
        model.on_event(*event);
    }
}

void kept_tree::pump() {
    while (!end && reads_in_flight < limits.reads_in_flight_max) {
        auto next = model.next_read();
        if (!next) {
            break;
        }
        issue(std::move(*next));
    }
    if (end) {
        return;
    }
    if (model.is_too_large()) {
        return finish(make_error_code(error::too_large));
    }
    if (model.is_settled() || model.is_overdue()) {
        show();
    }
}

void kept_tree::issue(tree_model::read what) {
    ++reads_in_flight;
    const std::string path = what.path;
    if (what.wants_children) {
        zk.async_get_children(
            path,
            [weak = weak_from_this(), what](error_code failed, client::node_children found) {
                if (const auto self = weak.lock()) {
                    self->on_listed(what, failed, std::move(found.names));
                }
            }
        );
    } else {
        zk.async_get(
            path,
            [weak = weak_from_this(), what](error_code failed, client::node_data node) {
                if (const auto self = weak.lock()) {
                    self->on_read(
                        what, failed, failed ? std::nullopt : std::optional{std::move(node)}
                    );
                }
            }
        );
    }
}

/// True if there is no answer to be given to the model.
bool kept_tree::take_failure(const tree_model::read& what, error_code failed) {
    --reads_in_flight;
    if (end) {
        return true;
    }
    take_events();
    if (is_interrupted(failed)) {
        model.on_unanswered(what);
        pump();
        return true;
    }
    if (failed && failed != errc::no_node && failed != errc::no_auth) {
        finish(failed);
        return true;
    }
    return false;
}

void kept_tree::on_read(
    const tree_model::read& what, error_code failed, std::optional<client::node_data> node
) {
    if (!take_failure(what, failed)) {
        model.on_node(what.path, std::move(node));
        pump();
    }
}

void kept_tree::on_listed(
    const tree_model::read& what, error_code failed, std::vector<std::string> names
) {
    if (!take_failure(what, failed)) {
        model.on_children(what.path, std::move(names));
        pump();
    }
}

void kept_tree::show() {
    if (!is_filled) {
        model.publish_silently();
        is_filled = true;
        starting->tell_all({});
        return;
    }
    const auto shown = model.publish();
    for (const tree_change& each : shown) {
        note(each);
    }
    if (!shown.empty()) {
        changed->tell_all({});
    }
}

/// Joins a change with one of the same node that was not told yet.
void kept_tree::note(const tree_change& change) {
    using kind = tree_change::kind;
    const auto found = untold.find(change.path);
    if (found == untold.end()) {
        if (untold.size() >= limits.changes_max) {
            untold.clear();
            has_lost_changes = true;
        }
        if (!has_lost_changes) {
            untold.emplace(change.path, change.what);
        }
    } else if (change.what == kind::removed && found->second == kind::added) {
        untold.erase(found);
    } else if (change.what == kind::added) {
        found->second = kind::changed; // it was removed, and is there again
    } else if (change.what == kind::removed) {
        found->second = kind::removed;
    }
}

void kept_tree::finish(error_code why) {
    end = why;
    changes = {};
    starting->tell_all(why);
    changed->tell_all(why);
}

namespace {

using changes_outcome = outcome<std::vector<tree_change>>;

asio::awaitable<void> await_note(std::shared_ptr<waiters> told) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
        [told](auto handler) { told->add(std::move(handler)); }, asio::use_awaitable
    );
}

asio::awaitable<changes_outcome> take_changes(std::shared_ptr<kept_tree> from) {
    while (from->untold.empty() && !from->has_lost_changes) {
        if (from->end) {
            co_return changes_outcome{from->end, {}};
        }
        co_await await_note(from->changed);
    }
    if (std::exchange(from->has_lost_changes, false)) {
        co_return changes_outcome{make_error_code(error::changes_lost), {}};
    }
    std::vector<tree_change> told;
    for (const auto& [path, what] : from->untold) {
        told.push_back({what, path});
    }
    from->untold.clear();
    co_return changes_outcome{error_code{}, std::move(told)};
}

} // namespace

void start_cache(const std::shared_ptr<kept_tree>& which, plain_handler handler) {
    if (which->has_started) {
        const error_code twice = asio::error::already_started;
        return complete(which->zk.get_executor(), std::move(handler), twice);
    }
    which->has_started = true;
    which->starting->add(std::move(handler));
    which->begin();
}

void next_changes(const std::shared_ptr<kept_tree>& which, changes_handler handler) {
    launch(which->zk.get_executor(), take_changes(which), std::move(handler));
}

} // namespace detail

namespace {

void close(const std::shared_ptr<detail::kept_tree>& which) {
    if (which && !which->end) {
        which->finish(make_error_code(error::closed));
    }
}

} // namespace

tree_cache::tree_cache(const client::session& zk, std::string root, const tree_cache_limits& limits)
    : tree_(std::make_shared<detail::kept_tree>(zk, std::move(root), limits)) {}

tree_cache& tree_cache::operator=(tree_cache&& other) noexcept {
    if (this != &other) {
        close(tree_);
        tree_ = std::move(other.tree_);
    }
    return *this;
}

tree_cache::~tree_cache() {
    close(tree_);
}

const client::node_data* tree_cache::find(std::string_view path) const {
    return tree_->model.find(path);
}

std::vector<std::string> tree_cache::children(std::string_view path) const {
    return tree_->model.children(path);
}

void tree_cache::for_each(
    const std::function<void(const std::string& path, const client::node_data& node)>& visit
) const {
    tree_->model.for_each(visit);
}

std::size_t tree_cache::size() const {
    return tree_->model.size();
}

bool tree_cache::is_current() const {
    return tree_->zk.state() == client::session_state::connected && tree_->is_filled &&
           !tree_->end && tree_->model.is_settled();
}

} // namespace conclave::recipes
