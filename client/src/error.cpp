#include "conclave/client/error.hpp"

#include <string>

namespace conclave::client {

namespace {

std::string_view text(error code) {
    switch (code) {
    case error::not_sent:
        return "the request was not sent, so it has not taken effect";
    case error::session_closed:
        return "the session was closed by this program";
    case error::bad_reply:
        return "the server sent a reply that cannot be read";
    case error::queue_full:
        return "too many bytes wait to be sent to the server";
    case error::request_too_large:
        return "the request is larger than a server accepts";
    case error::events_lost:
        return "watch events came faster than they were taken, and some were dropped";
    case error::already_connecting:
        return "the session was already told to connect";
    case error::server_silent:
        return "the server did not answer in time";
    case error::server_hung_up:
        return "the server closed the connection";
    case error::server_read_only:
        return "the server is read-only";
    }
    return "unknown error of the client";
}

class client_error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conclave.client"; }

    [[nodiscard]] std::string message(int value) const override {
        return std::string{text(static_cast<error>(value))};
    }
};

bool is_outcome_unknown(const std::error_code& code) {
    return code == errc::connection_loss || code == errc::operation_timeout ||
           code == error::bad_reply || code == std::errc::operation_canceled;
}

bool is_not_executed(const std::error_code& code) {
    return code == error::not_sent || code == error::queue_full || code == errc::throttled;
}

bool is_session_lost(const std::error_code& code) {
    return code == errc::session_expired || code == error::session_closed ||
           code == errc::auth_failed;
}

class client_condition_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conclave.condition"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<condition>(value)) {
        case condition::outcome_unknown:
            return "whether the request took effect is unknown";
        case condition::not_executed:
            return "the request has not taken effect";
        case condition::session_lost:
            return "the session is over";
        }
        return "unknown condition";
    }

    [[nodiscard]] bool equivalent(const std::error_code& code, int value) const noexcept override {
        switch (static_cast<condition>(value)) {
        case condition::outcome_unknown:
            return is_outcome_unknown(code);
        case condition::not_executed:
            return is_not_executed(code);
        case condition::session_lost:
            return is_session_lost(code);
        }
        return false;
    }
};

} // namespace

const std::error_category& error_category() noexcept {
    static const client_error_category category;
    return category;
}

const std::error_category& condition_category() noexcept {
    static const client_condition_category category;
    return category;
}

std::error_code make_error_code(error code) noexcept {
    return {static_cast<int>(code), error_category()};
}

std::error_condition make_error_condition(condition code) noexcept {
    return {static_cast<int>(code), condition_category()};
}

} // namespace conclave::client
