/// A value or the reason why there is none. Borrows the names of C++23's `std::expected`, to be
/// replaced by it.
#pragma once

#include <system_error>
#include <utility>
#include <variant>

#include "conclave/assert.hpp"
#include "conclave/errc.hpp"

namespace conclave {

/// The error alternative of a `result`, as in `return unexpected{errc::no_node};`.
template <class Error>
struct unexpected {
    Error error;

    explicit unexpected(Error reason) : error(std::move(reason)) {}
};

/// Holds a `Value` or an `Error`. Reading the alternative that is not there is a bug and stops the
/// process.
template <class Value, class Error = errc>
class [[nodiscard]] result {
public:
    using value_type = Value;
    using error_type = Error;

    result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}

    template <class Reason>
    result(unexpected<Reason> reason) : state_(std::in_place_index<1>, std::move(reason.error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }

    explicit operator bool() const { return has_value(); }

    [[nodiscard]] Value& value() & {
        CONCLAVE_ASSERT(has_value());
        return *std::get_if<0>(&state_);
    }

    [[nodiscard]] const Value& value() const& {
        CONCLAVE_ASSERT(has_value());
        return *std::get_if<0>(&state_);
    }

    [[nodiscard]] Value&& value() && {
        CONCLAVE_ASSERT(has_value());
        return std::move(*std::get_if<0>(&state_));
    }

    [[nodiscard]] const Error& error() const {
        CONCLAVE_ASSERT(!has_value());
        return *std::get_if<1>(&state_);
    }

    Value& operator*() & { return value(); }

    const Value& operator*() const& { return value(); }

    Value&& operator*() && { return std::move(*this).value(); }

    Value* operator->() { return &value(); }

    const Value* operator->() const { return &value(); }

private:
    std::variant<Value, Error> state_;
};

/// Success without a value, or an error.
template <class Error>
class [[nodiscard]] result<void, Error> {
public:
    using value_type = void;
    using error_type = Error;

    result() = default;

    template <class Reason>
    result(unexpected<Reason> reason) : error_(std::in_place_index<1>, std::move(reason.error)) {}

    [[nodiscard]] bool has_value() const { return error_.index() == 0; }

    explicit operator bool() const { return has_value(); }

    [[nodiscard]] const Error& error() const {
        CONCLAVE_ASSERT(!has_value());
        return *std::get_if<1>(&error_);
    }

private:
    std::variant<std::monostate, Error> error_;
};

} // namespace conclave
