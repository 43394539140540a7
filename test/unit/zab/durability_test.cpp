#include "server/zab/durability.hpp"
#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

TEST_CASE("durability: what is on its way is not durable", "[zab][durability]") {
    durability log{epoch{2}, at(3, 9)};
    log.append(at(3, 10));
    CHECK(log.covered() == at(3, 9));
    const operation_id written = log.submit();
    CHECK(log.covered() == at(3, 9));
    log.complete(written);
    CHECK(log.covered() == at(3, 10));
}

TEST_CASE(
    "durability: a completion covers its own operation and those before", "[zab][durability]"
) {
    durability log{epoch{}, zxid{}};
    log.append(at(1, 0));
    const operation_id first = log.submit();
    log.append(at(1, 1));
    log.append(at(1, 2));
    const operation_id second = log.submit();
    log.append(at(1, 3));
    const operation_id third = log.submit();
    CHECK(first < second);

    SECTION("one by one") {
        log.complete(first);
        CHECK(log.covered() == at(1, 0));
        log.complete(second);
        CHECK(log.covered() == at(1, 2));
    }
    SECTION("several at once") {
        log.complete(second);
        CHECK(log.covered() == at(1, 2));
        log.complete(first); // says nothing new
        CHECK(log.covered() == at(1, 2));
    }
    log.complete(third);
    CHECK(log.covered() == at(1, 3));
}

TEST_CASE("durability: a promise counts once it is on disk, and never falls", "[zab][durability]") {
    durability log{epoch{2}, zxid{}};
    log.promise(epoch{5});
    CHECK(log.promised() == epoch{2});
    const operation_id higher = log.submit();
    log.append(at(1, 0));
    const operation_id without = log.submit();
    log.complete(higher);
    CHECK(log.promised() == epoch{5});
    log.complete(without);
    CHECK(log.promised() == epoch{5});
}

TEST_CASE("durability: a truncation holds from the moment it is decided", "[zab][durability]") {
    durability log{epoch{}, at(3, 11)};
    log.truncate(at(3, 9));
    CHECK(log.covered() == at(3, 9));
    log.append(at(4, 0));
    const operation_id rewritten = log.submit();
    CHECK(log.covered() == at(3, 9));
    log.complete(rewritten);
    CHECK(log.covered() == at(4, 0));
}

TEST_CASE(
    "durability: completing records that were truncated meanwhile says nothing about those "
    "written in their place",
    "[zab][durability]"
) {
    durability log{epoch{}, at(3, 9)};
    log.append(at(3, 10));
    log.append(at(3, 11));
    const operation_id old = log.submit();
    log.truncate(at(3, 9));
    log.append(at(4, 0));
    log.append(at(4, 1));

    SECTION("while the new ones are being gathered") {
        log.complete(old);
        CHECK(log.covered() == at(3, 9));
        log.complete(log.submit());
    }
    SECTION("while the new ones are on their way") {
        const operation_id rewritten = log.submit();
        log.complete(old);
        CHECK(log.covered() == at(3, 9));
        log.complete(rewritten);
    }
    CHECK(log.covered() == at(4, 1));
}

TEST_CASE("durability: of several truncations on the way the deepest holds", "[zab][durability]") {
    durability log{epoch{}, at(3, 9)};
    log.truncate(at(3, 8));
    log.append(at(4, 0));
    const operation_id first = log.submit();
    log.truncate(at(3, 5));
    log.append(at(5, 0));
    const operation_id second = log.submit();
    log.append(at(5, 1));
    const operation_id third = log.submit();

    log.complete(first);
    CHECK(log.covered() == at(3, 5));
    log.complete(second);
    CHECK(log.covered() == at(5, 0));
    log.complete(third);
    CHECK(log.covered() == at(5, 1));
}

TEST_CASE("durability: truncating what was never written leaves the rest", "[zab][durability]") {
    durability log{epoch{}, at(3, 9)};
    log.append(at(3, 10));
    log.truncate(at(3, 9));
    log.append(at(4, 0));
    log.truncate(at(3, 9));
    log.append(at(5, 0));
    CHECK(log.covered() == at(3, 9));
    log.complete(log.submit());
    CHECK(log.covered() == at(5, 0));
}
