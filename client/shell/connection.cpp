#include "client/shell/connection.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

namespace conclave::shell {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

std::error_code interrupted() {
    return std::make_error_code(std::errc::interrupted);
}

/// Operations that were started together. Shared with their handlers, which may come after the
/// call that waited for them has given up.
template <class Operation>
struct pending_replies {
    explicit pending_replies(std::size_t count) : replies(count), cancels(count), missing(count) {}

    std::vector<std::optional<reply_to<Operation>>> replies;
    std::vector<asio::cancellation_signal> cancels;
    std::size_t missing;
    bool is_abandoned = false; ///< by the call that waited
};

} // namespace

connection::connection(
    event_loop& loop, const client::settings& chosen, std::chrono::milliseconds limit
)
    : loop_(loop)
    , limit_(limit)
    , session_(loop.context().get_executor(), chosen)
    , states_(session_.watch_state()) {
    await_state();
}

void connection::open() {
    session_.async_connect([this, alive = std::weak_ptr{lives_}](error_code failed) {
        if (!alive.expired()) {
            opened_ = std::error_code{failed};
        }
    });
}

std::error_code connection::await_open(std::chrono::milliseconds limit) {
    switch (loop_.run_for(limit, [this] { return opened_.has_value(); })) {
    case wait_end::done:
        return *opened_;
    case wait_end::interrupted:
        return interrupted();
    case wait_end::timed_out:
        break;
    }
    const std::error_code last = session_.last_connection_error();
    return last ? last : make_error_code(errc::connection_loss);
}

/// A request that found no server says nothing of why; the last attempt to reach one does.
std::error_code connection::explained(const error_code& failed) const {
    const std::error_code code = failed;
    if (code == client::error::not_sent) {
        const std::error_code last = session_.last_connection_error();
        return last ? last : code;
    }
    return code;
}

template <class Operation>
std::vector<reply_to<Operation>>
connection::ask_all(std::vector<Operation> what, std::optional<std::chrono::milliseconds> limit) {
    const auto pending = std::make_shared<pending_replies<Operation>>(what.size());
    const client::session limited = session_.within(limit.value_or(limit_));
    for (std::size_t at = 0; at < what.size(); ++at) {
        limited.async_execute(
            std::move(what[at]),
            asio::bind_cancellation_slot(
                pending->cancels[at].slot(),
                [this, pending, at, alive = std::weak_ptr{lives_}](
                    error_code failed, auto&&... value
                ) {
                    --pending->missing;
                    if (pending->is_abandoned || alive.expired()) {
                        return;
                    }
                    if (failed) {
                        pending->replies[at].emplace(unexpected{explained(failed)});
                    } else {
                        pending->replies[at].emplace(std::forward<decltype(value)>(value)...);
                    }
                }
            )
        );
    }
    if (loop_.run_until([&] { return pending->missing == 0; }) == wait_end::interrupted) {
        pending->is_abandoned = true;
        for (asio::cancellation_signal& each : pending->cancels) {
            each.emit(asio::cancellation_type::all);
        }
    }
    std::vector<reply_to<Operation>> replies;
    replies.reserve(pending->replies.size());
    for (std::optional<reply_to<Operation>>& each : pending->replies) {
        replies.push_back(each ? *std::move(each) : reply_to<Operation>{unexpected{interrupted()}});
    }
    return replies;
}

template <class Operation>
reply_to<Operation>
connection::ask(Operation what, std::optional<std::chrono::milliseconds> limit) {
    std::vector<Operation> one;
    one.push_back(std::move(what));
    return std::move(ask_all(std::move(one), limit).front());
}

std::error_code connection::add_auth(std::string_view scheme, bytes_view data) {
    const auto outcome = std::make_shared<std::optional<std::error_code>>();
    session_.async_add_auth(scheme, data, [outcome](error_code failed) {
        *outcome = std::error_code{failed};
    });
    const auto end = loop_.run_for(limit_, [&] { return outcome->has_value(); });
    return end == wait_end::done          ? **outcome
           : end == wait_end::interrupted ? interrupted()
                                          : make_error_code(errc::operation_timeout);
}

void connection::close() {
    const auto is_closed = std::make_shared<bool>(false);
    session_.async_close([is_closed](error_code) { *is_closed = true; });
    // Whatever comes of it: the session expires there by itself if the server was not reached.
    static_cast<void>(loop_.run_for(std::chrono::seconds{1}, [&] { return *is_closed; }));
}

void connection::on_state(std::function<void(client::session_state)> callback) {
    state_changed_ = std::move(callback);
}

void connection::await_state() {
    states_.async_next(
        [this, alive = std::weak_ptr{lives_}](error_code ended, client::session_state state) {
            if (ended || alive.expired()) {
                return;
            }
            if (state_changed_) {
                state_changed_(state);
            }
            await_state();
        }
    );
}

#define CONCLAVE_INSTANTIATE_ASK(name)                                                             \
    template reply_to<client::operation::name>                                                     \
        connection::ask(client::operation::name, std::optional<std::chrono::milliseconds>);        \
    template std::vector<reply_to<client::operation::name>> connection::                           \
        ask_all(std::vector<client::operation::name>, std::optional<std::chrono::milliseconds>)

CONCLAVE_INSTANTIATE_ASK(create);
CONCLAVE_INSTANTIATE_ASK(remove);
CONCLAVE_INSTANTIATE_ASK(exists);
CONCLAVE_INSTANTIATE_ASK(exists_and_watch);
CONCLAVE_INSTANTIATE_ASK(get);
CONCLAVE_INSTANTIATE_ASK(get_and_watch);
CONCLAVE_INSTANTIATE_ASK(set);
CONCLAVE_INSTANTIATE_ASK(get_children);
CONCLAVE_INSTANTIATE_ASK(get_children_and_watch);
CONCLAVE_INSTANTIATE_ASK(get_acl);
CONCLAVE_INSTANTIATE_ASK(set_acl);
CONCLAVE_INSTANTIATE_ASK(sync);
CONCLAVE_INSTANTIATE_ASK(commit);
CONCLAVE_INSTANTIATE_ASK(add_watch);
CONCLAVE_INSTANTIATE_ASK(remove_watches);
CONCLAVE_INSTANTIATE_ASK(get_config);
CONCLAVE_INSTANTIATE_ASK(get_config_and_watch);
CONCLAVE_INSTANTIATE_ASK(reconfig);
CONCLAVE_INSTANTIATE_ASK(who_am_i);
CONCLAVE_INSTANTIATE_ASK(get_ephemerals);
CONCLAVE_INSTANTIATE_ASK(get_all_children_number);

#undef CONCLAVE_INSTANTIATE_ASK

} // namespace conclave::shell
