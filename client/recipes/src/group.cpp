#include "conclave/recipes/group.hpp"

#include "client/recipes/src/attempt.hpp"
#include "client/recipes/src/claim.hpp"
#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::recipes {

namespace detail {

struct group_place {
    client::session zk; ///< without a time limit
    std::string path;
};

/// What a `group_view` has told last, and the watch that tells of the next change.
struct roster {
    std::shared_ptr<const group_place> group;
    std::optional<std::vector<group_member>> told;
    client::watch next;
};

namespace {

using members_outcome = outcome<std::vector<group_member>>;

/// The members with these names; those that leave meanwhile are left out.
asio::awaitable<members_outcome>
read_members(client::session zk, std::string path, std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    std::vector<started<client::operation::get>> reads;
    reads.reserve(names.size());
    for (const std::string& name : names) {
        reads.emplace_back(zk, client::operation::get{path::join(path, name)});
    }
    std::vector<group_member> members;
    for (std::size_t index = 0; index < names.size(); ++index) {
        auto [failed, node] = co_await reads[index].result();
        if (!failed) {
            members.push_back({names[index], std::move(node.data), node.stat.czxid});
        } else if (failed != errc::no_node) {
            co_return members_outcome{failed, {}};
        }
    }
    co_return members_outcome{error_code{}, std::move(members)};
}

asio::awaitable<members_outcome> run_list(std::shared_ptr<const group_place> of) {
    while (true) {
        auto [failed, found] = co_await of->zk.async_get_children(of->path, as_result);
        if (failed) {
            const bool is_missing = failed == errc::no_node;
            co_return members_outcome{is_missing ? error_code{} : failed, {}};
        }
        auto [read_failed, members] =
            co_await read_members(of->zk, of->path, std::move(found.names));
        if (!is_interrupted(read_failed)) {
            co_return members_outcome{read_failed, std::move(members)};
        }
    }
}

/// Until the set of children may have changed.
asio::awaitable<error_code> await_change(roster& from) {
    if (!from.next.is_active()) {
        co_return error_code{};
    }
    auto [ended, event] = co_await from.next.async_next(as_result);
    co_return is_interrupted(ended) ? error_code{} : ended;
}

asio::awaitable<members_outcome> run_next(std::shared_ptr<roster> from) {
    const client::session& zk = from->group->zk;
    const std::string& path = from->group->path;
    while (true) {
        const error_code ended = co_await await_change(*from);
        if (ended) {
            co_return members_outcome{ended, {}};
        }
        from->next = {}; // a call that is given up before it has told anything leaves none
        auto [failed, seen] = co_await zk.async_get_children_and_watch(path, as_result);
        if (failed == errc::no_node) {
            failed = co_await make_path(zk, path);
            if (!failed) {
                continue;
            }
        }
        if (failed) {
            co_return members_outcome{failed, {}};
        }
        auto [read_failed, members] = co_await read_members(zk, path, std::move(seen.result.names));
        if (is_interrupted(read_failed)) {
            continue;
        }
        if (read_failed) {
            co_return members_outcome{read_failed, {}};
        }
        from->next = std::move(seen.next);
        if (members != from->told) {
            from->told = members;
            co_return members_outcome{error_code{}, std::move(members)};
        }
    }
}

/// One attempt to join.
class candidate {
public:
    candidate(
        std::shared_ptr<const group_place> to,
        std::shared_ptr<attempt<ownership>> asked,
        std::string id,
        bytes data
    )
        : group_(std::move(to))
        , asked_(std::move(asked))
        , node_(path::join(group_->path, id))
        , data_(std::move(data)) {}

    asio::awaitable<void> run() {
        const client::create_options how{create_mode::ephemeral};
        error_code failed;
        while (!failed && !asked_->is_over()) {
            const zxid newest = zk().last_zxid();
            auto [create_failed, made] = co_await zk().async_create(node_, data_, how, as_result);
            if (!create_failed || is_undecided(create_failed)) {
                created_after_ = created_after_.value_or(newest);
            }
            if (!create_failed && made.stat) {
                failed = adopt(made.stat->czxid);
            } else if (!create_failed || is_undecided(create_failed)) {
                continue; // the next attempt finds it
            } else if (create_failed == errc::no_node) {
                failed = co_await make_path(zk(), group_->path);
            } else if (create_failed == errc::node_exists) {
                failed = co_await adopt_if_ours();
                if (!failed && !asked_->is_over()) {
                    failed = co_await await_vacancy();
                }
            } else {
                failed = create_failed;
            }
        }
        if (!asked_->is_over()) {
            asked_->finish(failed, ownership{});
        }
        if (!is_adopted_ && created_after_) {
            co_await withdraw();
        }
    }

private:
    [[nodiscard]] const client::session& zk() const { return group_->zk; }

    /// Another member of the same session may have had the id before.
    [[nodiscard]] bool is_ours(const client::node_stat& there) const {
        return there.ephemeral_owner == zk().key().id && there.czxid > created_after_;
    }

    /// Finishes the attempt if the node that is there is the one that this has created.
    asio::awaitable<error_code> adopt_if_ours() {
        if (!created_after_) {
            co_return error_code{};
        }
        auto [failed, stat] = co_await zk().async_exists(node_, as_result);
        if (failed) {
            co_return is_interrupted(failed) ? error_code{} : failed;
        }
        co_return stat&& is_ours(*stat) ? adopt(stat->czxid) : error_code{};
    }

    error_code adopt(zxid created_at) {
        if (asked_->is_over()) {
            return {};
        }
        const auto made = std::make_shared<claim>(zk(), node_, created_at);
        const error_code uncertain = certainty_of(*made);
        if (!uncertain) {
            is_adopted_ = true;
            asked_->finish(error_code{}, ownership{made});
        }
        return uncertain;
    }

    /// Until whoever has the id is gone.
    asio::awaitable<error_code> await_vacancy() {
        auto [failed, seen] = co_await zk().async_get_and_watch(node_, as_result);
        if (failed) {
            const bool goes_on = failed == errc::no_node || is_interrupted(failed);
            co_return goes_on ? error_code{} : failed;
        }
        auto [ended, event] = co_await next_event(seen.next, *asked_);
        const bool goes_on = asked_->is_over() || is_interrupted(ended);
        co_return goes_on ? error_code{} : ended;
    }

    asio::awaitable<void> withdraw() {
        auto [failed, stat] = co_await look_in_sync(zk(), node_);
        if (!failed && stat && is_ours(*stat)) {
            co_await remove_created(zk(), node_, stat->czxid);
        }
    }

    std::shared_ptr<const group_place> group_;
    std::shared_ptr<attempt<ownership>> asked_;
    std::string node_;
    bytes data_;
    /// Set once a creation may have succeeded: it is newer than this.
    std::optional<zxid> created_after_;
    bool is_adopted_ = false;
};

asio::awaitable<void> run(std::unique_ptr<candidate> owned) {
    co_await owned->run();
}

} // namespace

void join(
    std::shared_ptr<const group_place> to, std::string id, bytes data, member_handler handler
) {
    const auto home = to->zk.get_executor();
    auto asked = std::make_shared<attempt<ownership>>(home, std::move(handler));
    asked->start(std::nullopt);
    launch_in_background(
        home,
        run(std::make_unique<candidate>(
            std::move(to), std::move(asked), std::move(id), std::move(data)
        ))
    );
}

void list_members(std::shared_ptr<const group_place> of, members_handler handler) {
    const auto home = of->zk.get_executor();
    launch(home, run_list(std::move(of)), std::move(handler));
}

std::shared_ptr<roster> make_roster(std::shared_ptr<const group_place> of) {
    auto made = std::make_shared<roster>();
    made->group = std::move(of);
    return made;
}

void next_members(std::shared_ptr<roster> from, members_handler handler) {
    const auto home = from->group->zk.get_executor();
    launch(home, run_next(std::move(from)), std::move(handler));
}

} // namespace detail

group::group(const client::session& zk, std::string path)
    : place_(std::make_shared<const detail::group_place>(detail::group_place{
          detail::without_limit(zk), std::move(path)})) {}

boost::asio::any_io_executor group_view::get_executor() const {
    return roster_->group->zk.get_executor();
}

boost::asio::any_io_executor group::get_executor() const {
    return place_->zk.get_executor();
}

} // namespace conclave::recipes
