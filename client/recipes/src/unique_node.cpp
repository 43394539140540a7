#include "client/recipes/src/unique_node.hpp"

#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::recipes::detail {

namespace {

/// Whether a creation that was not answered has happened.
asio::awaitable<error_code> find_unanswered(client::session zk, unique_node& made) {
    made.may_have_strays = true;
    const std::string parent{path::parent_of(made.prefix)};
    const std::string name{path::name_of(made.prefix)};
    auto [failed, found] = co_await list_in_sync(zk, parent);
    if (failed) {
        co_return failed == errc::no_node ? error_code{} : failed;
    }
    std::sort(found.names.begin(), found.names.end());
    for (const std::string& each : found.names) {
        if (each.starts_with(name)) {
            made.path = path::join(parent, each);
            co_return error_code{};
        }
    }
    co_return error_code{};
}

/// When the node was created; forgets its path if it is gone.
asio::awaitable<error_code> read_creation(client::session zk, unique_node& made) {
    while (true) {
        auto [failed, stat] = co_await zk.async_exists(made.path, as_result);
        if (is_interrupted(failed)) {
            continue;
        }
        if (stat) {
            made.created_at = stat->czxid;
        } else {
            made.path.clear();
        }
        co_return failed;
    }
}

} // namespace

asio::awaitable<outcome<unique_node>>
create_unique(client::session zk, std::string prefix, bytes data, client::create_options how) {
    unique_node made;
    made.prefix = prefix;
    while (true) {
        auto [failed, created] = co_await zk.async_create(prefix, data, how, as_result);
        if (failed == errc::no_node) {
            failed = co_await make_container(zk, std::string{path::parent_of(prefix)});
        } else if (is_undecided(failed)) {
            failed = co_await find_unanswered(zk, made);
        } else if (!failed) {
            made.path = created.path;
            made.created_at = created.stat ? created.stat->czxid : zxid{};
        }
        if (!failed && !made.path.empty() && made.created_at == zxid{}) {
            failed = co_await read_creation(zk, made);
        }
        if (failed || !made.path.empty()) {
            co_return outcome<unique_node>{failed, std::move(made)};
        }
    }
}

asio::awaitable<error_code> remove_unique(client::session zk, unique_node which) {
    if (which.may_have_strays) {
        const std::string parent{path::parent_of(which.prefix)};
        const std::string name{path::name_of(which.prefix)};
        co_return co_await remove_beginning_with(zk, parent, name);
    }
    if (which.path.empty()) {
        co_return error_code{};
    }
    co_return co_await remove_node(zk, which.path);
}

} // namespace conclave::recipes::detail
