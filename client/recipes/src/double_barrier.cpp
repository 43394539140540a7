#include "conclave/recipes/double_barrier.hpp"

#include "client/recipes/src/attempt.hpp"
#include "client/recipes/src/nodes.hpp"
#include "client/recipes/src/unique_node.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::recipes {

namespace detail {

struct rendezvous {
    client::session zk; ///< without a time limit
    std::string path;
    std::size_t member_count{};
    std::string identifier;
    unique_node member; ///< our node
};

namespace {

constexpr std::string_view ready_name = "ready";

std::string ready_path(const rendezvous& where) {
    return path::join(where.path, ready_name);
}

/// Names of the members that are there.
asio::awaitable<outcome<std::vector<std::string>>> read_members(const rendezvous& where) {
    auto [failed, found] = co_await where.zk.async_get_children(where.path, as_result);
    std::erase(found.names, ready_name);
    std::sort(found.names.begin(), found.names.end());
    co_return outcome<std::vector<std::string>>{failed, std::move(found.names)};
}

/// Until all are there, there is an error, or the attempt is over.
asio::awaitable<error_code> await_all(const rendezvous& where, attempt<>& asked) {
    const std::string ready = ready_path(where);
    while (!asked.is_over()) {
        auto [failed, seen] = co_await where.zk.async_exists_and_watch(ready, as_result);
        if (is_interrupted(failed)) {
            continue;
        }
        if (failed || seen.result) {
            co_return failed;
        }
        auto [list_failed, members] = co_await read_members(where);
        if (is_interrupted(list_failed)) {
            continue;
        }
        if (list_failed) {
            co_return list_failed;
        }
        if (members.size() >= where.member_count) {
            if (seen.next.try_next()) {
                co_return error_code{}; // somebody was faster, and may have left again already
            }
            co_return co_await make_path(where.zk, ready);
        }
        auto [ended, event] = co_await next_event(seen.next, asked);
        if (!ended && event.what == client::watch_event::kind::created) {
            co_return error_code{}; // though it may be gone again by now
        }
        if (ended && !is_interrupted(ended)) {
            co_return ended;
        }
    }
    co_return error_code{};
}

asio::awaitable<void>
run_entry(std::shared_ptr<rendezvous> where, std::shared_ptr<attempt<>> asked) {
    const std::string prefix = path::join(where->path, random_uuid());
    const client::create_options how{create_mode::ephemeral};
    auto [failed, made] = co_await create_unique(where->zk, prefix, where->identifier, how);
    if (!failed) {
        failed = co_await await_all(*where, *asked);
    }
    if (failed || asked->is_over()) {
        co_await remove_unique(where->zk, made);
    } else {
        where->member = std::move(made);
    }
    asked->finish(failed);
}

asio::awaitable<outcome<>> run_exit(std::shared_ptr<rendezvous> where) {
    const error_code removal_failed = co_await remove_unique(where->zk, where->member);
    if (removal_failed) {
        co_return outcome<>{removal_failed};
    }
    where->member = {};
    while (true) {
        auto [failed, members] = co_await read_members(*where);
        if (is_interrupted(failed)) {
            continue;
        }
        if (failed && failed != errc::no_node) {
            co_return outcome<>{failed};
        }
        if (members.empty()) {
            const error_code left = co_await remove_node(where->zk, ready_path(*where));
            co_return outcome<>{left};
        }
        const std::string other = path::join(where->path, members.front());
        const error_code wait_failed = co_await await_absence(where->zk, other);
        if (wait_failed) {
            co_return outcome<>{wait_failed};
        }
    }
}

} // namespace

void enter(std::shared_ptr<rendezvous> where, plain_handler handler) {
    const auto home = where->zk.get_executor();
    auto asked = std::make_shared<attempt<>>(home, std::move(handler));
    asked->start(std::nullopt);
    launch_in_background(home, run_entry(std::move(where), std::move(asked)));
}

void leave(std::shared_ptr<rendezvous> where, plain_handler handler) {
    const auto home = where->zk.get_executor();
    launch(home, run_exit(std::move(where)), std::move(handler));
}

} // namespace detail

double_barrier::double_barrier(
    const client::session& zk, std::string path, std::size_t member_count, std::string identifier
)
    : rendezvous_(std::make_shared<detail::rendezvous>(detail::rendezvous{
          detail::without_limit(zk), std::move(path), member_count, std::move(identifier), {}})) {}

} // namespace conclave::recipes
