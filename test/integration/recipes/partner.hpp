/// One side of a test in which programs of different libraries meet at the same recipe.
#pragma once

#include <conclave/client.hpp>
#include <conclave/recipes.hpp>

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conclave::recipes::test {

/// What a line on the standard input asks for.
struct request {
    std::string id; ///< by which later requests call what it has acquired
    std::string verb;
    std::vector<std::string> arguments;
};

/// Does what requests say, with one session.
class partner {
public:
    partner(client::session zk, layout names) : zk_(std::move(zk)), names_(names) {}

    /// The answer. @throws std::exception what went wrong
    boost::asio::awaitable<std::string> perform(request asked);

private:
    using words = std::vector<std::string>;
    using answer = boost::asio::awaitable<std::string>;
    using action = answer (partner::*)(const request&);

    static const std::map<std::string, action>& actions();

    [[nodiscard]] contest_options contest() const;
    [[nodiscard]] queue queue_at(const words& arguments) const;

    answer hold(const request& asked, ownership acquired);
    answer acquire_lock(const request& asked);
    answer count(const request& asked);
    answer acquire_read(const request& asked);
    answer acquire_write(const request& asked);
    answer acquire_lease(const request& asked);
    answer lead(const request& asked);
    answer latch(const request& asked);
    answer release(const request& asked);
    answer put(const request& asked);
    answer put_first(const request& asked);
    answer take(const request& asked);
    answer finish(const request& asked);
    answer put_back(const request& asked);
    answer enter(const request& asked);
    answer leave(const request& asked);
    answer set_barrier(const request& asked);
    answer remove_barrier(const request& asked);
    answer await_barrier(const request& asked);
    answer add(const request& asked);
    answer exchange(const request& asked);
    answer join(const request& asked);
    answer members(const request& asked);
    answer offer(const request& asked);
    answer instances(const request& asked);

    client::session zk_;
    layout names_;
    std::map<std::string, ownership> held_;
    std::map<std::string, leader_latch> latches_;
    std::map<std::string, queue_item> taken_;
    std::map<std::string, std::unique_ptr<double_barrier>> rounds_;
};

} // namespace conclave::recipes::test
