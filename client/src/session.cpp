#include "conclave/client/session.hpp"

#include "client/src/session_core.hpp"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace conclave::client {

namespace {

/// What all handles share: with the last of them, the session stops.
struct handle_owner {
    explicit handle_owner(std::shared_ptr<session_core> owned) : core(std::move(owned)) {}

    handle_owner(const handle_owner&) = delete;
    handle_owner& operator=(const handle_owner&) = delete;

    ~handle_owner() { core->stop(); }

    std::shared_ptr<session_core> core;
};

connect_string checked(const settings& chosen) {
    const auto parsed = parse_connect_string(chosen.servers);
    if (!parsed) {
        throw std::invalid_argument{fmt::format(
            "cannot use \"{}\" as servers: expected host:port,host:port/path", chosen.servers
        )};
    }
    constexpr auto timeout_ms_max = std::numeric_limits<std::int32_t>::max();
    const auto timeout_ms = chosen.session_timeout.count();
    if (timeout_ms <= 0 || timeout_ms > timeout_ms_max) {
        throw std::invalid_argument{fmt::format(
            "a session timeout of {} ms is not possible: expected 1 to {}",
            timeout_ms,
            timeout_ms_max
        )};
    }
    if (chosen.deadline_margin.count() < 0) {
        throw std::invalid_argument{fmt::format(
            "a deadline margin of {} ms is not possible: expected 0 or more",
            chosen.deadline_margin.count()
        )};
    }
    if (chosen.redial.first.count() <= 0 || chosen.redial.last < chosen.redial.first) {
        throw std::invalid_argument{fmt::format(
            "cannot wait {} to {} ms between attempts: expected a growing time above 0",
            chosen.redial.first.count(),
            chosen.redial.last.count()
        )};
    }
    return *parsed;
}

std::shared_ptr<session_core>
make_core(const boost::asio::any_io_executor& executor, const settings& chosen) {
    auto owner = std::make_shared<handle_owner>(
        std::make_shared<session_core>(executor, chosen, checked(chosen))
    );
    session_core* core = owner->core.get();
    return {std::move(owner), core};
}

} // namespace

namespace detail {

void connect(const std::shared_ptr<session_core>& core, time_limit limit, plain_handler handler) {
    core->connect(limit, std::move(handler));
}

void close(const std::shared_ptr<session_core>& core, plain_handler handler) {
    core->close(std::move(handler));
}

void authenticate(
    const std::shared_ptr<session_core>& core, credentials proof, plain_handler handler
) {
    core->authenticate(std::move(proof), std::move(handler));
}

} // namespace detail

session::session(const boost::asio::any_io_executor& executor, const settings& chosen)
    : core_(make_core(executor, chosen)) {}

session session::within(std::chrono::milliseconds limit) const {
    session limited = *this;
    limited.limit_ = limit;
    return limited;
}

state_watch session::watch_state() const {
    return state_watch{core_->watch_state()};
}

session_state session::state() const {
    return core_->state();
}

std::optional<session_clock::time_point> session::valid_until() const {
    return core_->machine().valid_until();
}

boost::system::error_code session::lost_reason() const {
    return to_asio(core_->machine().lost_reason());
}

boost::system::error_code session::last_connection_error() const {
    return to_asio(core_->machine().last_failure());
}

session_key session::key() const {
    return core_->machine().key();
}

std::chrono::milliseconds session::timeout() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(core_->machine().timeout());
}

zxid session::last_zxid() const {
    return core_->machine().last_zxid();
}

std::optional<server_address> session::server() const {
    return core_->server();
}

boost::asio::any_io_executor session::get_executor() const {
    return core_->executor();
}

} // namespace conclave::client
