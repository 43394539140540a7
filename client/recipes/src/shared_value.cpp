#include "conclave/recipes/shared_value.hpp"

#include "client/recipes/src/counter_text.hpp"
#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

namespace conclave::recipes::detail {

namespace {

using version_outcome = outcome<std::optional<client::data_version>>;

/// The value; a node that is missing is made first.
asio::awaitable<outcome<versioned_value>> read(value_node at, bytes initial) {
    while (true) {
        auto [failed, node] = co_await at.zk.async_get(at.path, as_result);
        if (failed != errc::no_node) {
            versioned_value value{std::move(node.data), node.stat.version};
            co_return outcome<versioned_value>{failed, std::move(value)};
        }
        auto [create_failed, made] = co_await at.zk.async_create(at.path, initial, as_result);
        if (create_failed == errc::no_node) {
            create_failed = co_await make_path(at.zk, std::string{path::parent_of(at.path)});
        }
        // One that was not answered is found, or made, next time.
        if (create_failed && create_failed != errc::node_exists && !is_undecided(create_failed)) {
            co_return outcome<versioned_value>{create_failed, {}};
        }
    }
}

asio::awaitable<version_outcome> exchange(value_node at, versioned_value next) {
    auto [failed, stat] = co_await at.zk.async_set(at.path, next.data, next.version, as_result);
    if (failed == errc::bad_version) {
        co_return version_outcome{error_code{}, std::nullopt};
    }
    if (failed) {
        co_return version_outcome{failed, std::nullopt};
    }
    co_return version_outcome{error_code{}, stat.version};
}

/// A number and the version of its node.
struct counted {
    std::int64_t number{};
    client::data_version version;
};

asio::awaitable<outcome<counted>> read_number(value_node at) {
    bytes initial = format_number(0, at.format).value_or(bytes{});
    auto [failed, value] = co_await read(at, std::move(initial));
    if (failed) {
        co_return outcome<counted>{failed, {}};
    }
    const auto number = parse_number(value.data, at.format);
    if (!number) {
        co_return outcome<counted>{make_error_code(error::unexpected_data), {}};
    }
    co_return outcome<counted>{error_code{}, counted{*number, value.version}};
}

/// Writes a number if the node still has that version; tells whether it had.
asio::awaitable<outcome<bool>>
write_number(value_node at, std::optional<std::int64_t> number, client::data_version version) {
    const auto data = number ? format_number(*number, at.format) : std::nullopt;
    if (!data) {
        co_return outcome<bool>{std::make_error_code(std::errc::value_too_large), false};
    }
    versioned_value next{*data, version};
    auto [failed, written] = co_await exchange(std::move(at), std::move(next));
    co_return outcome<bool>{failed, written.has_value()};
}

asio::awaitable<outcome<std::int64_t>> get(value_node at) {
    auto [failed, now] = co_await read_number(std::move(at));
    co_return outcome<std::int64_t>{failed, now.number};
}

asio::awaitable<outcome<std::int64_t>> add(value_node at, std::int64_t difference) {
    while (true) {
        auto [failed, now] = co_await read_number(at);
        if (failed) {
            co_return outcome<std::int64_t>{failed, 0};
        }
        const auto next = sum(now.number, difference);
        auto [write_failed, is_written] = co_await write_number(at, next, now.version);
        if (write_failed || is_written) {
            co_return outcome<std::int64_t>{write_failed, next.value_or(0)};
        }
    }
}

asio::awaitable<outcome<bool>> exchange_number(value_node at, std::int64_t from, std::int64_t to) {
    while (true) {
        auto [failed, now] = co_await read_number(at);
        if (failed || now.number != from) {
            co_return outcome<bool>{failed, false};
        }
        auto [write_failed, is_written] = co_await write_number(at, to, now.version);
        if (write_failed || is_written) {
            co_return outcome<bool>{write_failed, is_written};
        }
    }
}

} // namespace

void read_value(
    const value_node& at, const bytes& initial, result_handler<versioned_value> handler
) {
    launch(at.zk.get_executor(), read(at, initial), std::move(handler));
}

void exchange_value(
    const value_node& at,
    const versioned_value& next,
    result_handler<std::optional<client::data_version>> handler
) {
    launch(at.zk.get_executor(), exchange(at, next), std::move(handler));
}

void read_counter(const value_node& at, result_handler<std::int64_t> handler) {
    launch(at.zk.get_executor(), get(at), std::move(handler));
}

void add_to_counter(
    const value_node& at, std::int64_t difference, result_handler<std::int64_t> handler
) {
    launch(at.zk.get_executor(), add(at, difference), std::move(handler));
}

void exchange_counter(
    const value_node& at, std::int64_t from, std::int64_t to, result_handler<bool> handler
) {
    launch(at.zk.get_executor(), exchange_number(at, from, to), std::move(handler));
}

} // namespace conclave::recipes::detail
