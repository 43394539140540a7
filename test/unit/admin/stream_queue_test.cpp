#include "server/admin/stream_queue.hpp"

#include <catch2/catch.hpp>

#include <optional>

using namespace conclave;
using namespace conclave::admin;

TEST_CASE("stream queue: a part that waits in many counts once", "[admin][http]") {
    stream_backlog all;
    stream_queue one{all};
    std::optional<stream_queue> other{all};
    const stream_part_pointer part = make_part(bytes(100'000, 'x'));
    one.push(part, part->content());
    other->push(part, part->chunk());
    CHECK(one.size() == part->content().size());
    CHECK(all.size() == part->chunk().size());
    CHECK(one.begin_write() == part->content());
    CHECK(one.empty());
    CHECK(all.size() == part->chunk().size());
    other.reset();
    CHECK(all.size() == 0);
    one.end_write();
    CHECK(part.use_count() == 1);
}

TEST_CASE("stream queue: what is being written stays, whatever else happens", "[admin][http]") {
    stream_backlog all;
    stream_queue queue{all};
    queue.push(make_part(bytes(50'000, 'a')), "");
    stream_part_pointer part = make_part(bytes(50'000, 'b'));
    queue.clear();
    queue.push(part, part->content());
    const bytes_view written = queue.begin_write();
    part.reset();
    queue.clear();
    CHECK(written == bytes(50'000, 'b'));
    CHECK(all.size() == 0);
}

TEST_CASE("stream queue: small parts are written together, in their order", "[admin][http]") {
    stream_backlog all;
    stream_queue queue{all};
    bytes expected;
    for (int number = 0; number < 5000; ++number) {
        const stream_part_pointer part = make_part("part " + std::to_string(number) + ";");
        expected += part->content();
        queue.push(part, part->content());
    }
    const stream_part_pointer large = make_part(bytes(100'000, 'x'));
    expected += large->content();
    queue.push(large, large->content());
    bytes written;
    int count = 0;
    for (; !queue.empty(); ++count) {
        written += queue.begin_write();
        queue.end_write();
    }
    CHECK(written == expected);
    CHECK(count < 10);
    CHECK(all.size() == 0);
    CHECK(queue.size() == 0);
}
