/// What a contender does again and again, for each kind of recipe, and what it writes down of it.
///
/// A line for each thing that it knows: `held KIND TOKEN FROM TO` (it was certainly
/// held from the one moment to the other, in nanoseconds of the steady clock, which all processes
/// of a machine share), `put ITEM`, `done ITEM`, `added RESULT`; with `maybe-` before it where an
/// answer was lost.
#pragma once

#include <conclave/client.hpp>

#include <boost/asio/awaitable.hpp>

#include <random>
#include <string>

namespace conclave::recipes::test {

struct contention {
    client::settings settings;
    std::string path;
    std::string log; ///< a node whose data is a number that holders count up
    std::string name;
};

/// One turn. False if the session is of no use any more.
using turn = boost::asio::awaitable<bool> (*)(client::session, const contention&, std::mt19937_64&);

/// Null if there is no such kind.
[[nodiscard]] turn turn_of(const std::string& kind);

} // namespace conclave::recipes::test
