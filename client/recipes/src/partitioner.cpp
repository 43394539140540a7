#include "conclave/recipes/partitioner.hpp"

#include "client/recipes/src/launch.hpp"

#include <algorithm>

namespace conclave::recipes {

namespace detail {

struct partition {
    asio::any_io_executor home;
    group_view members;
    hash_ring ring;
};

namespace {

void show(hash_ring& ring, const std::vector<group_member>& members) {
    const auto is_there = [&](const std::string& name) {
        return std::any_of(members.begin(), members.end(), [&](const group_member& each) {
            return each.id == name;
        });
    };
    for (const std::string& name : ring.members()) {
        if (!is_there(name)) {
            ring.remove(name);
        }
    }
    for (const group_member& each : members) {
        ring.add(each.id);
    }
}

asio::awaitable<outcome<>> run_next(std::shared_ptr<partition> of) {
    auto [failed, members] = co_await of->members.async_next(as_result);
    if (!failed) {
        show(of->ring, members);
    }
    co_return outcome<>{failed};
}

} // namespace

void next_ring(std::shared_ptr<partition> of, plain_handler handler) {
    const auto home = of->home;
    launch(home, run_next(std::move(of)), std::move(handler));
}

} // namespace detail

partitioner::partitioner(const group& members, std::size_t point_count)
    : partition_(std::make_shared<detail::partition>(detail::partition{
          members.get_executor(), members.watch(), hash_ring{point_count}})) {}

const hash_ring& partitioner::ring() const {
    return partition_->ring;
}

bool partitioner::is_owner(std::string_view member, std::string_view key) const {
    return ring().owner_of(key) == member;
}

} // namespace conclave::recipes
