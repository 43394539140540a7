#include "test/integration/recipes/partner.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace conclave::recipes::test {

namespace {

constexpr auto& throwing = boost::asio::use_awaitable;

counter_format format_called(const std::string& name) {
    if (name == "text") {
        return counter_format::text;
    }
    return name == "32" ? counter_format::binary_32bit : counter_format::binary_64bit;
}

} // namespace

const std::map<std::string, partner::action>& partner::actions() {
    static const std::map<std::string, action> all{
        {"lock", &partner::acquire_lock},
        {"count", &partner::count},
        {"read", &partner::acquire_read},
        {"write", &partner::acquire_write},
        {"lease", &partner::acquire_lease},
        {"lead", &partner::lead},
        {"latch", &partner::latch},
        {"release", &partner::release},
        {"put", &partner::put},
        {"put-first", &partner::put_first},
        {"take", &partner::take},
        {"finish", &partner::finish},
        {"put-back", &partner::put_back},
        {"enter", &partner::enter},
        {"leave", &partner::leave},
        {"set-barrier", &partner::set_barrier},
        {"remove-barrier", &partner::remove_barrier},
        {"await-barrier", &partner::await_barrier},
        {"add", &partner::add},
        {"exchange", &partner::exchange},
        {"join", &partner::join},
        {"members", &partner::members},
        {"offer", &partner::offer},
        {"instances", &partner::instances},
    };
    return all;
}

partner::answer partner::perform(request asked) {
    const auto found = actions().find(asked.verb);
    if (found == actions().end()) {
        throw std::invalid_argument{"no such verb: " + asked.verb};
    }
    co_return co_await (this->*found->second)(asked);
}

contest_options partner::contest() const {
    contest_options options;
    options.names = names_;
    options.identifier = "ours";
    return options;
}

// -- what is held

partner::answer partner::hold(const request& asked, ownership acquired) {
    const std::string token = std::to_string(acquired.fencing_token().value);
    held_.insert_or_assign(asked.id, std::move(acquired));
    co_return token;
}

partner::answer partner::acquire_lock(const request& asked) {
    const recipes::lock door{zk_, asked.arguments.at(0), contest()};
    auto acquired = co_await door.async_acquire(throwing);
    co_return co_await hold(asked, std::move(acquired));
}

/// Counts in a node under the lock, without a look at its version.
partner::answer partner::count(const request& asked) {
    const recipes::lock door{zk_, asked.arguments.at(0), contest()};
    const std::string& node = asked.arguments.at(1);
    const int times = std::stoi(asked.arguments.at(2));
    for (int turn = 0; turn < times; ++turn) {
        auto held = co_await door.async_acquire(throwing);
        const auto before = co_await zk_.async_get(node, throwing);
        const std::string next = std::to_string(std::stoi(before.data) + 1);
        co_await zk_.async_set(node, next, throwing);
        co_await held.async_release(throwing);
    }
    co_return "";
}

partner::answer partner::acquire_read(const request& asked) {
    const read_write_lock book{zk_, asked.arguments.at(0), contest()};
    auto acquired = co_await book.async_acquire_read(throwing);
    co_return co_await hold(asked, std::move(acquired));
}

partner::answer partner::acquire_write(const request& asked) {
    const read_write_lock book{zk_, asked.arguments.at(0), contest()};
    auto acquired = co_await book.async_acquire_write(throwing);
    co_return co_await hold(asked, std::move(acquired));
}

partner::answer partner::acquire_lease(const request& asked) {
    const std::size_t count = std::stoul(asked.arguments.at(1));
    const semaphore slots{zk_, asked.arguments.at(0), count, contest()};
    auto acquired = co_await slots.async_acquire(throwing);
    co_return co_await hold(asked, std::move(acquired));
}

partner::answer partner::lead(const request& asked) {
    const leader_election election{zk_, asked.arguments.at(0), "ours", names_};
    auto acquired = co_await election.async_lead(throwing);
    co_return co_await hold(asked, std::move(acquired));
}

partner::answer partner::latch(const request& asked) {
    const auto [place, is_new] =
        latches_.try_emplace(asked.id, zk_, asked.arguments.at(0), std::string{"ours"});
    place->second.start();
    co_await place->second.async_await_leadership(throwing);
    co_return std::to_string(place->second.fencing_token().value);
}

partner::answer partner::release(const request& asked) {
    const std::string& which = asked.arguments.at(0);
    if (const auto found = latches_.find(which); found != latches_.end()) {
        co_await found->second.async_close(throwing);
        latches_.erase(found);
    } else {
        co_await held_.at(which).async_release(throwing);
        held_.erase(which);
    }
    co_return "";
}

// -- queues

queue partner::queue_at(const words& arguments) const {
    queue_options options;
    options.names = names_;
    options.lock_path = arguments.at(1);
    return {zk_, arguments.at(0), options};
}

partner::answer partner::put(const request& asked) {
    const queue jobs = queue_at(asked.arguments);
    co_return co_await jobs.async_put(asked.arguments.at(2), throwing);
}

partner::answer partner::put_first(const request& asked) {
    const queue jobs = queue_at(asked.arguments);
    const int priority = std::stoi(asked.arguments.at(3));
    co_return co_await jobs.async_put(asked.arguments.at(2), priority, throwing);
}

partner::answer partner::take(const request& asked) {
    const queue jobs = queue_at(asked.arguments);
    auto item = co_await jobs.async_take(throwing);
    std::string text;
    for (const bytes& each : item.items()) {
        text += (text.empty() ? "" : ",") + each;
    }
    taken_.insert_or_assign(asked.id, std::move(item));
    co_return text;
}

partner::answer partner::finish(const request& asked) {
    co_await taken_.at(asked.arguments.at(0)).async_finish(throwing);
    taken_.erase(asked.arguments.at(0));
    co_return "";
}

partner::answer partner::put_back(const request& asked) {
    co_await taken_.at(asked.arguments.at(0)).async_put_back(throwing);
    taken_.erase(asked.arguments.at(0));
    co_return "";
}

// -- barriers

partner::answer partner::enter(const request& asked) {
    const std::size_t count = std::stoul(asked.arguments.at(1));
    auto& round = rounds_[asked.id];
    round = std::make_unique<double_barrier>(zk_, asked.arguments.at(0), count, "ours");
    co_await round->async_enter(throwing);
    co_return "";
}

partner::answer partner::leave(const request& asked) {
    co_await rounds_.at(asked.arguments.at(0))->async_leave(throwing);
    co_return "";
}

partner::answer partner::set_barrier(const request& asked) {
    const barrier gate{zk_, asked.arguments.at(0)};
    co_await gate.async_set(throwing);
    co_return "";
}

partner::answer partner::remove_barrier(const request& asked) {
    const barrier gate{zk_, asked.arguments.at(0)};
    co_await gate.async_remove(throwing);
    co_return "";
}

partner::answer partner::await_barrier(const request& asked) {
    const barrier gate{zk_, asked.arguments.at(0)};
    co_await gate.async_wait(throwing);
    co_return "";
}

// -- values

partner::answer partner::add(const request& asked) {
    const shared_counter counter{zk_, asked.arguments.at(1), format_called(asked.arguments.at(0))};
    const auto now = co_await counter.async_add(std::stoll(asked.arguments.at(2)), throwing);
    co_return std::to_string(now);
}

/// Writes a value, and tells the one before.
partner::answer partner::exchange(const request& asked) {
    const shared_value value{zk_, asked.arguments.at(0), "none"};
    while (true) {
        auto seen = co_await value.async_get(throwing);
        const std::string before = seen.data;
        seen.data = asked.arguments.at(1);
        if (co_await value.async_compare_and_set(seen, throwing)) {
            co_return before;
        }
    }
}

// -- groups

partner::answer partner::join(const request& asked) {
    const group party{zk_, asked.arguments.at(0)};
    auto joined = co_await party.async_join(asked.arguments.at(1), asked.arguments.at(2), throwing);
    co_return co_await hold(asked, std::move(joined));
}

partner::answer partner::members(const request& asked) {
    const group party{zk_, asked.arguments.at(0)};
    const auto found = co_await party.async_members(throwing);
    std::string text;
    for (const group_member& each : found) {
        text += (text.empty() ? "" : " ") + each.id + "=" + each.data;
    }
    co_return text;
}

partner::answer partner::offer(const request& asked) {
    const service_directory services{zk_, asked.arguments.at(0)};
    service_instance here;
    here.name = asked.arguments.at(1);
    here.id = asked.arguments.at(2);
    here.address = asked.arguments.at(3);
    here.port = static_cast<std::uint16_t>(std::stoi(asked.arguments.at(4)));
    here.payload_json = "\"" + asked.arguments.at(5) + "\"";
    here.registered_at = std::chrono::system_clock::now();
    auto registered = co_await services.async_register(here, throwing);
    co_return co_await hold(asked, std::move(registered));
}

partner::answer partner::instances(const request& asked) {
    const service_directory services{zk_, asked.arguments.at(0)};
    const auto found = co_await services.async_instances(asked.arguments.at(1), throwing);
    std::string text;
    for (const service_instance& each : found) {
        const std::string port = each.port ? std::to_string(*each.port) : "-";
        text += (text.empty() ? "" : " ") + each.id + "=" + each.address + ":" + port;
    }
    co_return text;
}

} // namespace conclave::recipes::test
