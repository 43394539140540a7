/// Short words for histories in tests.
#pragma once

#include "test/support/history/history.hpp"

#include <string>
#include <utility>

namespace conclave::history {

/// An operation that succeeded; `and_...` says what else is known.
struct step {
    operation what;

    step(const char* session, operation_kind kind, const char* path, instant from, instant to) {
        what.session = session;
        what.kind = kind;
        what.path = path;
        what.invoked = from;
        what.completed = to;
    }

    step value(std::string text) && {
        what.value = std::move(text);
        return std::move(*this);
    }

    step version(std::int32_t number) && {
        what.version = number;
        return std::move(*this);
    }

    step expecting(std::int32_t number) && {
        what.expected_version = number;
        return std::move(*this);
    }

    step at(std::int64_t position) && {
        what.position = zxid{position};
        return std::move(*this);
    }

    step as(std::string path) && {
        what.created_path = std::move(path);
        return std::move(*this);
    }

    step ephemeral() && {
        what.is_ephemeral = true;
        return std::move(*this);
    }

    step owned_by(std::string session) && {
        what.owner = std::move(session);
        return std::move(*this);
    }

    step failing(failure error) && {
        what.ended = outcome::failed;
        what.error = error;
        return std::move(*this);
    }

    step unknown() && {
        what.ended = outcome::unknown;
        return std::move(*this);
    }
};

inline step read(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::read, path, from, to};
}

inline step synced_read(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::synced_read, path, from, to};
}

inline step write(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::write, path, from, to};
}

inline step create(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::create, path, from, to};
}

inline step create_sequential(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::create_sequential, path, from, to};
}

inline step remove(const char* session, const char* path, instant from, instant to) {
    return {session, operation_kind::remove, path, from, to};
}

/// A history of these operations, on nodes of which "/a" is there from the beginning, with value
/// "0".
template <class... Steps>
history of(Steps... steps) {
    history seen;
    seen.initial["/a"] = {"0", 0};
    (seen.operations.push_back(std::move(steps.what)), ...);
    return seen;
}

} // namespace conclave::history
