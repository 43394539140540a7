/// What bench-recipes measures.
#pragma once

#include <conclave/client.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <vector>

namespace conclave::bench {

/// From the command line; those that are missing have defaults.
using numbers = std::vector<std::uint64_t>;

/// Prints what it has measured. @throws boost::system::system_error
using measurement = boost::asio::awaitable<void> (*)(client::session, client::settings, numbers);

/// Acquire and release of a free lock, beside a read, a write, and a write and a read.
boost::asio::awaitable<void> measure_lock(client::session, client::settings, numbers);

/// From the release of a lock to the ownership of the next in a queue.
boost::asio::awaitable<void> measure_contention(client::session, client::settings, numbers);

/// Makes the tree that `measure_tree_cache` reads, 1,000 nodes to a parent.
boost::asio::awaitable<void> fill_tree(client::session, client::settings, numbers);

/// How long a cache takes to fill, and how much memory it takes.
boost::asio::awaitable<void> measure_tree_cache(client::session, client::settings, numbers);

} // namespace conclave::bench
