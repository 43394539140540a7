#include "conclave/recipes/semaphore.hpp"

#include "client/recipes/src/claim.hpp"
#include "client/recipes/src/contest.hpp"
#include "client/recipes/src/nodes.hpp"
#include "client/recipes/src/unique_node.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::recipes {

namespace detail {

struct lease_pool {
    std::shared_ptr<const contest> turns; ///< who may take the next lease
    std::string leases;                   ///< path under which each lease is a node
    std::size_t lease_count{};
};

namespace {

constexpr std::string_view lease_marker = "lease-";

/// One acquisition, from the turn to the lease.
class lessee {
public:
    lessee(
        std::shared_ptr<const lease_pool> from,
        std::shared_ptr<attempt<ownership>> asked,
        patience how
    )
        : pool_(std::move(from)), asked_(std::move(asked)), how_(how) {}

    asio::awaitable<void> run() {
        if (asked_->is_over()) {
            co_return; // before this began
        }
        auto [failed, turn] = co_await async_acquire(
            pool_->turns, how_, asio::bind_cancellation_slot(asked_->wake_slot(), as_result)
        );
        if (failed || asked_->is_over()) {
            co_return asked_->finish(failed, ownership{});
        }
        failed = co_await await_vacancy();
        if (!failed && !asked_->is_over()) {
            failed = co_await take();
        }
        // Whatever becomes of it, the node of the turn goes with the session at the latest.
        co_await turn.async_release(as_result);
        const auto made = make_claim();
        if (!failed) {
            failed = certainty_of(*made);
        }
        if (failed || asked_->is_over()) {
            co_await remove_unique(zk(), lease_);
            asked_->finish(failed, ownership{});
        } else {
            asked_->finish(error_code{}, ownership{made});
        }
    }

private:
    [[nodiscard]] const client::session& zk() const { return pool_->turns->zk; }

    [[nodiscard]] const contest_options& options() const { return pool_->turns->options; }

    [[nodiscard]] bool has_vacancy(const std::vector<std::string>& names) const {
        const bool is_kazoo = options().names == layout::kazoo;
        const auto held = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
            return is_kazoo || name.find(lease_marker) != std::string::npos;
        });
        return static_cast<std::size_t>(held) < pool_->lease_count;
    }

    /// Until there is a free lease, there is an error, or the attempt is over. Nobody else takes
    /// one while this has the turn.
    asio::awaitable<error_code> await_vacancy() {
        while (true) {
            auto [failed, seen] =
                co_await zk().async_get_children_and_watch(pool_->leases, as_result);
            if (failed == errc::no_node || is_interrupted(failed)) {
                failed = co_await make_container(zk(), pool_->leases);
                if (failed || asked_->is_over()) {
                    co_return failed;
                }
                continue;
            }
            if (failed || asked_->is_over() || has_vacancy(seen.result.names)) {
                co_return failed;
            }
            if (!how_.waits) {
                co_return make_error_code(error::not_acquired);
            }
            auto [ended, event] = co_await next_event(seen.next, *asked_);
            if (asked_->is_over() || (ended && !is_interrupted(ended))) {
                co_return ended;
            }
        }
    }

    asio::awaitable<error_code> take() {
        const bool is_kazoo = options().names == layout::kazoo;
        client::create_options how{
            is_kazoo ? create_mode::ephemeral : create_mode::ephemeral_sequential};
        if (options().access) {
            how.with_acl(*options().access);
        }
        std::string name = random_uuid();
        if (is_kazoo) {
            std::erase(name, '-');
        } else {
            name = "_c_" + name + "-" + std::string{lease_marker};
        }
        const std::string prefix = path::join(pool_->leases, name);
        auto [failed, made] = co_await create_unique(zk(), prefix, options().identifier, how);
        lease_ = std::move(made);
        co_return failed;
    }

    [[nodiscard]] std::shared_ptr<claim> make_claim() const {
        auto made = std::make_shared<claim>(zk(), lease_.path, lease_.created_at);
        if (lease_.may_have_strays) {
            made->stray_prefix = lease_.prefix;
        }
        return made;
    }

    std::shared_ptr<const lease_pool> pool_;
    std::shared_ptr<attempt<ownership>> asked_;
    patience how_;
    unique_node lease_;
};

asio::awaitable<void> run(std::unique_ptr<lessee> owned) {
    co_await owned->run();
}

} // namespace

void acquire_lease(
    std::shared_ptr<const lease_pool> from, patience how, ownership_handler handler
) {
    const auto home = from->turns->zk.get_executor();
    auto asked = std::make_shared<attempt<ownership>>(home, std::move(handler));
    asked->start(how.limit);
    how.limit.reset(); // the attempt itself keeps it
    launch_in_background(
        home, run(std::make_unique<lessee>(std::move(from), std::move(asked), how))
    );
}

} // namespace detail

semaphore::semaphore(
    const client::session& zk,
    const std::string& path,
    std::size_t lease_count,
    const contest_options& options
) {
    const bool is_kazoo = options.names == layout::kazoo;
    const std::string turns = is_kazoo ? path + "-__lock__" : path::join(path, "locks");
    pool_ = std::make_shared<const detail::lease_pool>(detail::lease_pool{
        detail::make_contest(zk, turns, detail::lock_rules(options.names), options),
        is_kazoo ? path : path::join(path, "leases"),
        lease_count});
}

} // namespace conclave::recipes
