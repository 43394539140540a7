#include "conclave/recipes/leader_latch.hpp"

#include "client/recipes/src/contest.hpp"
#include "client/recipes/src/waiters.hpp"

namespace conclave::recipes {

namespace detail {

/// Shared by the handle and the coroutine that stands for election.
struct latch {
    explicit latch(const client::session& zk)
        : home(zk.get_executor())
        , leading(std::make_shared<waiters>(home))
        , stopped(std::make_shared<waiters>(home)) {}

    asio::any_io_executor home;
    ownership leadership;
    std::shared_ptr<waiters> leading; ///< who waits to lead
    std::shared_ptr<waiters> stopped; ///< who waits for the end
    error_code end;                   ///< why it stands no more
    bool has_started = false;
    bool is_closing = false;
    bool is_standing = false; ///< the coroutine has not ended
    asio::cancellation_signal stop;
};

namespace {

/// Whether it has led, so that there is something to give back.
bool is_acquired(const latch& which) {
    return !which.leadership.node().empty();
}

bool is_session_over(const error_code& failed) {
    return failed == client::condition::session_lost;
}

/// Leads once, until the leadership ends. Success: stand again.
asio::awaitable<error_code>
lead_once(const std::shared_ptr<const contest>& where, const std::shared_ptr<latch>& self) {
    const error_code closed{make_error_code(error::closed)};
    if (self->is_closing) {
        co_return closed;
    }
    const patience unlimited;
    auto [failed, acquired] = co_await async_acquire(
        where, unlimited, asio::bind_cancellation_slot(self->stop.slot(), as_result)
    );
    if (failed || self->is_closing) {
        self->leadership = std::move(acquired);
        co_return self->is_closing ? closed : failed;
    }
    self->leadership = std::move(acquired);
    self->leading->tell_all({});
    auto [lost] = co_await self->leadership.async_lost(
        asio::bind_cancellation_slot(self->stop.slot(), as_result)
    );
    if (self->is_closing) {
        co_return closed;
    }
    co_return is_session_over(lost) ? lost : error_code{};
}

asio::awaitable<void> stand(std::shared_ptr<const contest> where, std::shared_ptr<latch> self) {
    while (!self->end) {
        self->end = co_await lead_once(where, self);
    }
    if (is_acquired(*self)) {
        co_await self->leadership.async_release(as_result); // or the node goes with its session
    }
    self->is_standing = false;
    self->leading->tell_all(self->end);
    self->stopped->tell_all({});
}

void begin_closing(latch& which) {
    if (which.is_closing) {
        return;
    }
    which.is_closing = true;
    if (!which.has_started) {
        which.end = make_error_code(error::closed);
        which.leading->tell_all(which.end);
    }
    which.stop.emit(asio::cancellation_type::terminal);
}

} // namespace

void await_leadership(std::shared_ptr<latch> of, plain_handler handler) {
    if (of->end) {
        complete(of->home, std::move(handler), of->end);
    } else if (of->leadership.is_held()) {
        complete(of->home, std::move(handler), error_code{});
    } else {
        of->leading->add(std::move(handler));
    }
}

void abdicate(std::shared_ptr<latch> of, plain_handler handler) {
    if (!is_acquired(*of)) {
        return complete(of->home, std::move(handler), error_code{});
    }
    of->leadership.async_release(std::move(handler));
}

void close(std::shared_ptr<latch> of, plain_handler handler) {
    begin_closing(*of);
    if (of->is_standing) {
        of->stopped->add(std::move(handler));
    } else {
        complete(of->home, std::move(handler), error_code{});
    }
}

void commit_as_leader(
    std::shared_ptr<latch> of, const client::transaction& steps, commit_handler handler
) {
    if (!is_acquired(*of)) {
        const error_code refused{make_error_code(error::not_owner)};
        std::vector<client::transaction_result> none;
        return complete(of->home, std::move(handler), refused, std::move(none));
    }
    of->leadership.async_commit(steps, std::move(handler));
}

} // namespace detail

leader_latch::leader_latch(const client::session& zk, std::string path, std::string identifier)
    : latch_(std::make_shared<detail::latch>(zk)) {
    contest_options options;
    options.identifier = std::move(identifier);
    contest_ = detail::make_contest(zk, std::move(path), detail::latch_rules(), options);
}

leader_latch& leader_latch::operator=(leader_latch&& other) noexcept {
    if (this != &other) {
        if (latch_) {
            detail::begin_closing(*latch_);
        }
        contest_ = std::move(other.contest_);
        latch_ = std::move(other.latch_);
    }
    return *this;
}

leader_latch::~leader_latch() {
    if (latch_) {
        detail::begin_closing(*latch_);
    }
}

void leader_latch::start() {
    if (!latch_->has_started && !latch_->is_closing) {
        latch_->has_started = true;
        latch_->is_standing = true;
        detail::launch_in_background(latch_->home, detail::stand(contest_, latch_));
    }
}

bool leader_latch::has_leadership() const {
    return latch_->leadership.is_held();
}

zxid leader_latch::fencing_token() const {
    return has_leadership() ? latch_->leadership.fencing_token() : zxid{};
}

} // namespace conclave::recipes
