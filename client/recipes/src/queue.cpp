#include "conclave/recipes/queue.hpp"

#include "client/recipes/src/bell.hpp"
#include "client/recipes/src/claim.hpp"
#include "client/recipes/src/nodes.hpp"
#include "client/recipes/src/queue_entries.hpp"

#include <conclave/path.hpp>

#include <algorithm>
#include <set>

namespace conclave::recipes {

namespace detail {

struct queue_place {
    client::session zk; ///< without a time limit
    layout names;
    std::string entries;
    std::string taken; ///< an ephemeral node for each entry that somebody has
};

namespace {

/// The entries that nobody has, in their order.
std::vector<std::string>
available(layout names, std::vector<std::string> entries, std::vector<std::string> taken) {
    std::erase_if(entries, [&](const std::string& each) { return !is_entry(names, each); });
    std::sort(entries.begin(), entries.end());
    std::sort(taken.begin(), taken.end());
    std::vector<std::string> free;
    std::set_difference(
        entries.begin(), entries.end(), taken.begin(), taken.end(), std::back_inserter(free)
    );
    return free;
}

/// One attempt to take an entry.
class consumer {
public:
    consumer(
        std::shared_ptr<const queue_place> from,
        std::shared_ptr<attempt<queue_item>> asked,
        bool waits
    )
        : queue_(std::move(from)), asked_(std::move(asked)), waits_(waits), mark_(random_uuid()) {}

    asio::awaitable<void> run() {
        while (!asked_->is_over()) {
            error_code failed = co_await take_any();
            if (!failed && !asked_->is_over()) {
                failed = co_await await_change();
            }
            if (failed) {
                asked_->finish(failed, queue_item{});
            }
        }
    }

private:
    [[nodiscard]] const client::session& zk() const { return queue_->zk; }

    /// Finishes the attempt if there is an entry that nobody has.
    asio::awaitable<error_code> take_any() {
        while (true) {
            const error_code failed = co_await look_for_any();
            if (!is_interrupted(failed) || asked_->is_over()) {
                co_return failed;
            }
        }
    }

    asio::awaitable<error_code> look_for_any() {
        started listing{zk(), client::operation::get_children{queue_->entries}};
        auto [taken_failed, taken] = co_await zk().async_get_children(queue_->taken, as_result);
        auto [failed, entries] = co_await listing.result();
        if (!failed) {
            failed = taken_failed;
        }
        if (failed == errc::no_node) {
            failed = co_await make_path(zk(), queue_->entries);
            if (!failed) {
                failed = co_await make_path(zk(), queue_->taken);
            }
            co_return failed;
        }
        if (failed) {
            co_return failed;
        }
        co_return co_await take_first(
            available(queue_->names, std::move(entries.names), std::move(taken.names))
        );
    }

    /// Finishes the attempt if it gets one of these.
    asio::awaitable<error_code> take_first(std::vector<std::string> names) {
        for (const std::string& name : names) {
            if (unreadable_.contains(name)) {
                continue;
            }
            const std::string marker = path::join(queue_->taken, name);
            auto [failed, created_at] = co_await mark(marker);
            if (failed) {
                co_return failed;
            }
            if (created_at == zxid{}) {
                continue; // somebody else was faster
            }
            const auto made = std::make_shared<claim>(zk(), marker, created_at);
            ownership claimed{made};
            auto [read_failed, entry] = co_await read_entry(path::join(queue_->entries, name));
            if (read_failed == errc::no_node) {
                continue; // it was finished just before; the mark goes with `claimed`
            }
            auto items = parse_entry(queue_->names, std::move(entry.data));
            if (!read_failed && !items) {
                unreadable_.insert(name); // others may understand it, so it stays
                continue;
            }
            if (!read_failed) {
                read_failed = certainty_of(*made);
            }
            if (!read_failed && !asked_->is_over()) {
                queue_item item{queue_, name, std::move(*items), std::move(claimed)};
                asked_->finish(error_code{}, std::move(item));
            }
            co_return read_failed;
        }
        co_return error_code{};
    }

    /// Marks an entry as taken; tells when, or 0 if somebody else has it.
    asio::awaitable<outcome<zxid>> mark(std::string marker) {
        const client::create_options how{create_mode::ephemeral};
        bool may_be_ours = false;
        while (true) {
            auto [failed, made] = co_await zk().async_create(marker, mark_, how, as_result);
            if (!failed && made.stat) {
                co_return outcome<zxid>{error_code{}, made.stat->czxid};
            }
            if (failed == errc::node_exists && may_be_ours) {
                co_return co_await recognize(std::move(marker));
            }
            if (failed && !is_undecided(failed)) {
                const bool is_taken = failed == errc::node_exists;
                co_return outcome<zxid>{is_taken ? error_code{} : failed, zxid{}};
            }
            may_be_ours = true;
            co_await zk().async_sync(marker, as_result); // what was sent before is decided
        }
    }

    /// Whether a mark is ours, and since when.
    asio::awaitable<outcome<zxid>> recognize(std::string marker) {
        while (true) {
            auto [failed, node] = co_await zk().async_get(marker, as_result);
            if (is_interrupted(failed)) {
                continue;
            }
            if (failed == errc::no_node) {
                co_return outcome<zxid>{error_code{}, zxid{}};
            }
            const bool is_ours = !failed && node.data == mark_;
            co_return outcome<zxid>{failed, is_ours ? node.stat.czxid : zxid{}};
        }
    }

    asio::awaitable<outcome<client::node_data>> read_entry(std::string entry) {
        while (true) {
            auto [failed, node] = co_await zk().async_get(entry, as_result);
            if (!is_interrupted(failed)) {
                co_return outcome<client::node_data>{failed, std::move(node)};
            }
        }
    }

    /// Until something happens in the queue. The first time only begins to watch: what came before
    /// has to be looked at once more.
    asio::awaitable<error_code> await_change() {
        if (!waits_) {
            co_return make_error_code(error::not_acquired);
        }
        if (!changes_) {
            co_return co_await watch_changes();
        }
        const error_code ended = co_await changes_->await(*asked_);
        if (is_interrupted(ended)) {
            changes_.reset(); // its watches are gone with their connection
            co_return error_code{};
        }
        co_return ended;
    }

    asio::awaitable<error_code> watch_changes() {
        using client::watch_mode;
        auto begun = std::make_shared<bell>(zk().get_executor());
        for (const std::string& path : {queue_->entries, queue_->taken}) {
            auto [failed, made] = co_await zk().async_watch(path, watch_mode::recursive, as_result);
            if (failed) {
                co_return is_interrupted(failed) ? error_code{} : failed;
            }
            begun->add(std::move(made));
        }
        changes_ = std::move(begun);
        co_return error_code{};
    }

    std::shared_ptr<const queue_place> queue_;
    std::shared_ptr<attempt<queue_item>> asked_;
    bool waits_;
    std::string mark_; ///< tells our marks from those of others
    std::shared_ptr<bell> changes_;
    std::set<std::string> unreadable_; ///< entries that are passed over
};

asio::awaitable<void> run(std::unique_ptr<consumer> owned) {
    co_await owned->run();
}

asio::awaitable<outcome<std::string>>
run_put(std::shared_ptr<const queue_place> to, std::string prefix, bytes data) {
    const client::create_options how{create_mode::persistent_sequential};
    const std::string path = path::join(to->entries, prefix);
    while (true) {
        auto [failed, made] = co_await to->zk.async_create(path, data, how, as_result);
        if (failed == errc::no_node) {
            failed = co_await make_path(to->zk, to->entries);
        } else if (failed != client::error::not_sent) {
            co_return outcome<std::string>{failed, std::string{path::name_of(made.path)}};
        }
        if (failed && failed != client::error::not_sent) {
            co_return outcome<std::string>{failed, std::string{}};
        }
    }
}

/// Whether an entry that was ours is gone: then it was us who removed it.
asio::awaitable<error_code> find_entry(std::shared_ptr<const queue_place> of, std::string entry) {
    auto [failed, stat] = co_await look_in_sync(of->zk, std::move(entry));
    co_return failed || !stat ? failed : error_code{make_error_code(error::not_owner)};
}

asio::awaitable<outcome<>> run_finish(
    std::shared_ptr<const queue_place> of, std::string name, std::shared_ptr<ownership> claim
) {
    const std::string entry = path::join(of->entries, name);
    client::transaction removal;
    removal.remove(entry).remove(claim->node());
    bool may_be_done = false;
    while (true) {
        auto [failed, results] = co_await claim->async_commit(removal, as_result);
        if (is_undecided(failed)) {
            may_be_done = true;
            continue;
        }
        // The entry may be gone, and its mark, or marked by one that has not seen it yet.
        if (may_be_done && (failed == error::not_owner || failed == errc::no_node)) {
            failed = co_await find_entry(of, entry);
        }
        if (!failed) {
            co_await claim->async_release(as_result); // the node is gone; so is the claim
        }
        co_return outcome<>{failed};
    }
}

} // namespace

void put(
    std::shared_ptr<const queue_place> to,
    std::optional<int> priority,
    bytes_view data,
    path_handler handler
) {
    const auto home = to->zk.get_executor();
    auto prefix = entry_prefix(to->names, priority);
    if (!prefix) {
        const error_code refused = std::make_error_code(std::errc::invalid_argument);
        return complete(home, std::move(handler), refused, std::string{});
    }
    bytes entry = format_entry(to->names, data);
    launch(home, run_put(std::move(to), std::move(*prefix), std::move(entry)), std::move(handler));
}

void take(
    std::shared_ptr<const queue_place> from,
    bool waits,
    std::optional<std::chrono::milliseconds> limit,
    item_handler handler
) {
    const auto home = from->zk.get_executor();
    auto asked = std::make_shared<attempt<queue_item>>(home, std::move(handler));
    asked->start(limit);
    launch_in_background(
        home, run(std::make_unique<consumer>(std::move(from), std::move(asked), waits))
    );
}

void finish_item(
    std::shared_ptr<const queue_place> of,
    std::string name,
    std::shared_ptr<ownership> claim,
    plain_handler handler
) {
    const auto home = of->zk.get_executor();
    launch(home, run_finish(std::move(of), std::move(name), std::move(claim)), std::move(handler));
}

} // namespace detail

namespace {

std::shared_ptr<const detail::queue_place>
make_place(const client::session& zk, const std::string& path, const queue_options& options) {
    detail::queue_place made{detail::without_limit(zk), options.names, {}, {}};
    if (options.names == layout::kazoo) {
        made.entries = path::join(path, "entries");
        made.taken = path::join(path, "taken");
    } else {
        made.entries = path;
        made.taken = options.lock_path.empty() ? path + "-locks" : options.lock_path;
    }
    return std::make_shared<const detail::queue_place>(std::move(made));
}

} // namespace

queue::queue(const client::session& zk, const std::string& path, const queue_options& options)
    : place_(make_place(zk, path, options)) {}

} // namespace conclave::recipes
