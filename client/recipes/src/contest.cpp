#include "client/recipes/src/contest.hpp"

#include "client/recipes/src/claim.hpp"
#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

namespace conclave::recipes::detail {

namespace {

/// One acquisition, from the creation of its node to ownership or its withdrawal.
class contestant {
public:
    contestant(
        std::shared_ptr<const contest> where, std::shared_ptr<attempt<ownership>> asked, bool waits
    )
        : where_(std::move(where))
        , asked_(std::move(asked))
        , waits_(waits)
        , prefix_(name_prefix(where_->rules, random_uuid())) {}

    asio::awaitable<void> run() {
        error_code failed = co_await enter();
        if (!failed && !asked_->is_over()) {
            failed = co_await await_turn();
        }
        const auto made = make_claim();
        if (!failed) {
            failed = certainty_of(*made);
        }
        if (failed || asked_->is_over()) {
            co_await withdraw();
            asked_->finish(failed, ownership{});
        } else {
            asked_->finish(error_code{}, ownership{made});
        }
    }

private:
    using session = client::session;

    [[nodiscard]] const session& zk() const { return where_->zk; }

    [[nodiscard]] std::string path_of(std::string_view name) const {
        return path::join(where_->path, name);
    }

    [[nodiscard]] client::operation::create creation() const {
        client::create_options how{create_mode::ephemeral_sequential};
        if (where_->options.access) {
            how.with_acl(*where_->options.access);
        }
        return {path_of(prefix_), where_->options.identifier, how};
    }

    /// Creates the node and reads who is there, both in one round trip. Afterwards `name_`,
    /// `token_` and `children_` are known.
    asio::awaitable<error_code> enter() {
        while (true) {
            started creating{zk(), creation()};
            started listing{zk(), client::operation::get_children{where_->path}};
            auto [failed, made] = co_await creating.result();
            auto [list_failed, found] = co_await listing.result();
            if (failed == errc::no_node) {
                failed = co_await make_container(zk(), where_->path);
            } else if (is_undecided(failed)) {
                failed = co_await find_lost_node();
            } else if (!failed) {
                name_ = path::name_of(made.path);
                token_ = made.stat ? made.stat->czxid : zxid{};
                children_ = std::move(found.names);
                failed = list_failed;
                if (is_interrupted(list_failed)) {
                    failed = co_await read_children();
                }
            }
            if (!failed && !name_.empty() && token_ == zxid{}) {
                failed = co_await read_token();
            }
            if (failed || !name_.empty()) {
                co_return failed;
            }
        }
    }

    /// After a creation that was not answered: whether it has happened.
    asio::awaitable<error_code> find_lost_node() {
        may_have_strays_ = true;
        auto [failed, found] = co_await list_in_sync(zk(), where_->path);
        if (failed) {
            co_return failed == errc::no_node ? error_code{} : failed;
        }
        children_ = std::move(found.names);
        const auto standing = find_standing(children_, prefix_, where_->rules);
        name_ = standing ? standing->name : std::string{};
        token_ = zxid{};
        co_return error_code{};
    }

    asio::awaitable<error_code> read_token() {
        while (true) {
            auto [failed, stat] = co_await zk().async_exists(path_of(name_), as_result);
            if (is_interrupted(failed)) {
                continue;
            }
            if (stat) {
                token_ = stat->czxid;
            } else {
                name_.clear();
            }
            co_return failed;
        }
    }

    asio::awaitable<error_code> read_children() {
        while (true) {
            auto [failed, found] = co_await zk().async_get_children(where_->path, as_result);
            if (!is_interrupted(failed)) {
                children_ = std::move(found.names);
                co_return failed;
            }
        }
    }

    /// Until nobody is ahead, there is an error, or the attempt is over.
    asio::awaitable<error_code> await_turn() {
        while (true) {
            const auto standing = find_standing(children_, prefix_, where_->rules);
            if (!standing || standing->name != name_) {
                const error_code failed = co_await stand_elsewhere(standing);
                if (failed || asked_->is_over()) {
                    co_return failed;
                }
                continue;
            }
            for (const std::string& each : standing->strays) {
                const error_code failed = co_await remove_node(zk(), path_of(each));
                if (failed) {
                    co_return failed;
                }
            }
            if (!standing->predecessor) {
                co_return error_code{};
            }
            if (!waits_) {
                co_return make_error_code(error::not_acquired);
            }
            auto [failed, is_gone] = co_await await_departure(*standing->predecessor);
            if (failed || asked_->is_over()) {
                co_return failed;
            }
            // The last one ahead is gone, so it is our turn if we still stand in the queue.
            if (is_gone && standing->ahead_count == 1 && co_await is_present()) {
                co_return error_code{};
            }
            const error_code list_failed = co_await read_children();
            if (list_failed || asked_->is_over()) {
                co_return list_failed;
            }
        }
    }

    /// Somebody has removed the node. If another one of this acquisition is there, whose creation
    /// was not answered, that is the one; otherwise back to the end of the queue.
    asio::awaitable<error_code> stand_elsewhere(std::optional<standing> found) {
        name_.clear();
        if (found) {
            may_have_strays_ = true;
            name_ = std::move(found->name);
            const error_code failed = co_await read_token();
            if (failed || !name_.empty()) {
                co_return failed;
            }
        }
        co_return co_await enter();
    }

    /// False also if that cannot be told.
    asio::awaitable<bool> is_present() {
        auto [failed, stat] = co_await zk().async_exists(path_of(name_), as_result);
        co_return !failed && stat && stat->czxid == token_;
    }

    /// Until something happens to the node of another contender; tells whether it is gone. Reading
    /// it sets no watch if it is gone already, which `exists` would.
    asio::awaitable<outcome<bool>> await_departure(std::string name) {
        auto [failed, seen] = co_await zk().async_get_and_watch(path_of(name), as_result);
        if (failed == errc::no_node) {
            co_return outcome<bool>{error_code{}, true};
        }
        if (failed || asked_->is_over()) {
            co_return outcome<bool>{is_interrupted(failed) ? error_code{} : failed, false};
        }
        auto [ended, event] = co_await next_event(seen.next, *asked_);
        if (ended) {
            const bool goes_on = is_interrupted(ended) || asked_->is_over();
            co_return outcome<bool>{goes_on ? error_code{} : ended, false};
        }
        co_return outcome<bool>{error_code{}, event.what == client::watch_event::kind::deleted};
    }

    /// Leaves no node behind, as far as the session lives; without it, they go anyway.
    asio::awaitable<void> withdraw() {
        if (may_have_strays_) {
            co_await remove_beginning_with(zk(), where_->path, prefix_);
        } else if (!name_.empty()) {
            co_await remove_node(zk(), path_of(name_));
        }
    }

    [[nodiscard]] std::shared_ptr<claim> make_claim() const {
        auto made = std::make_shared<claim>(zk(), path_of(name_), token_);
        if (may_have_strays_) {
            made->stray_prefix = path_of(prefix_);
        }
        return made;
    }

    std::shared_ptr<const contest> where_;
    std::shared_ptr<attempt<ownership>> asked_;
    bool waits_;
    std::string prefix_; ///< unique to this acquisition
    std::string name_;   ///< of our node; empty while there is none
    zxid token_;
    std::vector<std::string> children_;
    bool may_have_strays_ = false;
};

asio::awaitable<void> run(std::unique_ptr<contestant> owned) {
    co_await owned->run();
}

using contenders_outcome = outcome<std::vector<contender>>;

asio::awaitable<contenders_outcome> read_contenders(std::shared_ptr<const contest> where) {
    auto [failed, found] = co_await where->zk.async_get_children(where->path, as_result);
    if (failed) {
        co_return contenders_outcome{failed == errc::no_node ? error_code{} : failed, {}};
    }
    const auto names = in_order(found.names, where->rules.all);
    std::vector<started<client::operation::get>> reads;
    reads.reserve(names.size());
    for (const std::string& name : names) {
        reads.emplace_back(where->zk, client::operation::get{path::join(where->path, name)});
    }
    std::vector<contender> contenders;
    for (std::size_t index = 0; index < names.size(); ++index) {
        auto [read_failed, node] = co_await reads[index].result();
        if (!read_failed) {
            contenders.push_back(
                {names[index], std::move(node.data), node.stat.czxid, node.stat.ephemeral_owner}
            );
        } else if (read_failed != errc::no_node) {
            co_return contenders_outcome{read_failed, {}};
        }
    }
    co_return contenders_outcome{error_code{}, std::move(contenders)};
}

} // namespace

std::shared_ptr<const contest> make_contest(
    const client::session& zk, std::string path, contest_rules rules, const contest_options& options
) {
    return std::make_shared<const contest>(contest{
        without_limit(zk), std::move(path), std::move(rules), options});
}

void acquire(std::shared_ptr<const contest> where, patience how, ownership_handler handler) {
    const auto home = where->zk.get_executor();
    auto asked = std::make_shared<attempt<ownership>>(home, std::move(handler));
    asked->start(how.limit);
    launch_in_background(
        home, run(std::make_unique<contestant>(std::move(where), std::move(asked), how.waits))
    );
}

void list_contenders(std::shared_ptr<const contest> where, contenders_handler handler) {
    const auto home = where->zk.get_executor();
    launch(home, read_contenders(std::move(where)), std::move(handler));
}

} // namespace conclave::recipes::detail
