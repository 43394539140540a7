#include "server/admin/lock_queue.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

std::vector<replica::child_copy> children(std::initializer_list<const char*> names) {
    std::vector<replica::child_copy> made;
    for (const char* const name : names) {
        made.push_back({name, {}});
    }
    return made;
}

std::vector<bytes> names(const std::vector<contender>& of) {
    std::vector<bytes> listed;
    for (const contender& each : of) {
        listed.push_back(each.name);
    }
    return listed;
}

} // namespace

TEST_CASE("lock queue: the number stands in the last ten characters", "[admin][locks]") {
    CHECK(sequence_of("lock-0000000007") == 7);
    CHECK(sequence_of("0000000012") == 12);
    CHECK(sequence_of("x2147483647") == 2147483647);
    CHECK(sequence_of("lock-000000007") == std::nullopt);
    CHECK(sequence_of("lock-00000x0007") == std::nullopt);
    CHECK(sequence_of("") == std::nullopt);
}

TEST_CASE("lock queue: the lowest number holds, whatever stands before it", "[admin][locks]") {
    const lock_queue queue =
        queue_of(children({"b-lock-0000000003", "z-lock-0000000001", "config", "a-lock-0000000002"})
        );
    CHECK(names(queue.holders) == std::vector<bytes>{"z-lock-0000000001"});
    CHECK(names(queue.waiters) == std::vector<bytes>{"a-lock-0000000002", "b-lock-0000000003"});
}

TEST_CASE("lock queue: readers in front hold together", "[admin][locks]") {
    const lock_queue queue = queue_of(children(
        {"x__READ__0000000001",
         "y__rlock__0000000002",
         "z__WRIT__0000000003",
         "w__READ__0000000004"}
    ));
    CHECK(
        names(queue.holders) == std::vector<bytes>{"x__READ__0000000001", "y__rlock__0000000002"}
    );
    CHECK(names(queue.waiters) == std::vector<bytes>{"z__WRIT__0000000003", "w__READ__0000000004"});
    const lock_queue written = queue_of(children({"a__WRIT__0000000001", "b__READ__0000000002"}));
    CHECK(written.holders.size() == 1);
}

TEST_CASE("lock finder: ephemeral contenders are gathered by their parent", "[admin][locks]") {
    lock_finder finder;
    finder.add(session_id{1}, "/locks/a/x-0000000005");
    finder.add(session_id{2}, "/locks/a/y-0000000004");
    finder.add(session_id{2}, "/servers/host-1");
    finder.add(session_id{3}, "/0000000001");
    REQUIRE(finder.found().size() == 2);
    const lock_finder::lock& lock = finder.found().at("/locks/a");
    CHECK(lock.contender_count == 2);
    CHECK(lock.holder == "y-0000000004");
    CHECK(lock.session == session_id{2});
    CHECK(finder.found().contains("/"));
}

TEST_CASE("lock finder: it remembers so many and no more", "[admin][locks]") {
    lock_finder finder;
    for (std::size_t number = 0; number <= lock_finder::lock_count_max; ++number) {
        finder.add(session_id{1}, "/l" + std::to_string(number) + "/x-0000000001");
    }
    CHECK(finder.is_truncated());
    CHECK(finder.found().size() == lock_finder::lock_count_max);
}
