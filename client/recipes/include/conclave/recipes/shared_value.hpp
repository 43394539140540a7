/// Values that many programs read and change.
#pragma once

#include <conclave/client/session.hpp>
#include <conclave/recipes/error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace conclave::recipes {

/// A value together with the version that a later change can depend on.
struct versioned_value {
    bytes data;
    client::data_version version;
};

/// How the number of a `shared_counter` is written.
enum class counter_format : std::uint8_t {
    text,         ///< decimal, as kazoo's Counter
    binary_32bit, ///< four octets, as Curator's SharedCount
    binary_64bit, ///< eight octets, as Curator's DistributedAtomicLong
};

namespace detail {

struct value_node {
    client::session zk; ///< with the time limit of the program
    std::string path;
    counter_format format = counter_format::text;
};

template <class Result>
using result_handler = boost::asio::any_completion_handler<void(boost::system::error_code, Result)>;

void read_value(
    const value_node& at, const bytes& initial, result_handler<versioned_value> handler
);
void exchange_value(
    const value_node& at,
    const versioned_value& next,
    result_handler<std::optional<client::data_version>> handler
);
void read_counter(const value_node& at, result_handler<std::int64_t> handler);
void add_to_counter(
    const value_node& at, std::int64_t difference, result_handler<std::int64_t> handler
);
void exchange_counter(
    const value_node& at, std::int64_t from, std::int64_t to, result_handler<bool> handler
);

} // namespace detail

/// One node whose data change only from a version that is known: compare and set.
///
/// A write whose answer is lost with the connection ends with `connection_loss`
/// (`condition::outcome_unknown`): nobody can tell from the node whose write it holds. Read again.
/// **Threads**: as for the session.
class shared_value {
public:
    /// @param initial what a node that is missing is created with
    shared_value(const client::session& zk, std::string path, bytes initial = {})
        : node_{zk, std::move(path)}, initial_(std::move(initial)) {}

    /// `void(error_code, versioned_value)`
    template <class Token>
    auto async_get(Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, versioned_value)>(
            [](auto handler, const detail::value_node& at, const bytes& initial) {
                detail::read_value(at, initial, std::move(handler));
            },
            token,
            node_,
            initial_
        );
    }

    /// Writes `next.data` if the node still has `next.version`: `void(error_code,
    /// std::optional<data_version>)` with the new version, or nothing if somebody else was faster.
    template <class Token>
    auto async_compare_and_set(const versioned_value& next, Token&& token) const {
        using version = std::optional<client::data_version>;
        return boost::asio::async_initiate<Token, void(boost::system::error_code, version)>(
            [](auto handler, const detail::value_node& at, const versioned_value& wanted) {
                detail::exchange_value(at, wanted, std::move(handler));
            },
            token,
            node_,
            next
        );
    }

private:
    detail::value_node node_;
    bytes initial_;
};

/// A number that many programs add to; no step is lost and none is made twice.
///
/// A node that is missing or empty counts as 0. `error::unexpected_data` if it holds no number in
/// this format, `std::errc::value_too_large` if the sum does not fit; nothing is written then. A
/// write whose answer is lost ends with `connection_loss` (`condition::outcome_unknown`), as for
/// `shared_value`. Many programs that add to one counter at once make each other read again: for
/// more than some hundred steps a second spread the count over several nodes.
/// **Threads**: as for the session.
class shared_counter {
public:
    shared_counter(
        const client::session& zk, std::string path, counter_format format = counter_format::text
    )
        : node_{zk, std::move(path), format} {}

    /// `void(error_code, std::int64_t)`
    template <class Token>
    auto async_get(Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::int64_t)>(
            [](auto handler, const detail::value_node& at) {
                detail::read_counter(at, std::move(handler));
            },
            token,
            node_
        );
    }

    /// `void(error_code, std::int64_t)` with the value after it.
    template <class Token>
    auto async_add(std::int64_t difference, Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::int64_t)>(
            [](auto handler, const detail::value_node& at, std::int64_t step) {
                detail::add_to_counter(at, step, std::move(handler));
            },
            token,
            node_,
            difference
        );
    }

    /// `void(error_code, bool)`: whether it was `from` and is now `to`.
    template <class Token>
    auto async_compare_and_set(std::int64_t from, std::int64_t to, Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, bool)>(
            [](auto handler, const detail::value_node& at, std::int64_t was, std::int64_t wanted) {
                detail::exchange_counter(at, was, wanted, std::move(handler));
            },
            token,
            node_,
            from,
            to
        );
    }

private:
    detail::value_node node_;
};

} // namespace conclave::recipes
