/// Who is before whom, told from the names of nodes.
#include "client/recipes/src/contenders.hpp"

#include <catch2/catch.hpp>

using namespace conclave::recipes;
using namespace conclave::recipes::detail;

namespace {

const std::string uuid = "3f2b7c1e-5a90-4d1c-8e77-0123456789ab";

std::vector<std::string> names(std::initializer_list<const char*> given) {
    return {given.begin(), given.end()};
}

} // namespace

TEST_CASE("contenders: names are those of Curator and of kazoo", "[recipes][contenders]") {
    CHECK(name_prefix(lock_rules(layout::curator), uuid) == "_c_" + uuid + "-lock-");
    CHECK(name_prefix(read_rules(layout::curator), uuid) == "_c_" + uuid + "-__READ__");
    CHECK(name_prefix(write_rules(layout::curator), uuid) == "_c_" + uuid + "-__WRIT__");
    CHECK(name_prefix(latch_rules(), uuid) == "_c_" + uuid + "-latch-");
    CHECK(
        name_prefix(lock_rules(layout::kazoo), uuid) == "3f2b7c1e5a904d1c8e770123456789ab__lock__"
    );
    CHECK(
        name_prefix(read_rules(layout::kazoo), uuid) == "3f2b7c1e5a904d1c8e770123456789ab__rlock__"
    );
}

TEST_CASE("contenders: a number stands behind a marker", "[recipes][contenders]") {
    const auto markers = lock_rules(layout::curator).all;
    CHECK(sequence_of("_c_x-lock-0000000042", markers) == 42);
    CHECK(sequence_of("lock-0000000000", markers) == 0);
    CHECK(sequence_of("abc__lock__2147483647", markers) == 2147483647);
    CHECK(sequence_of("abc__lock__-2147483648", markers) == -2147483648LL);
    CHECK(sequence_of("_c_x-lock--000000007", markers) == -7);
    CHECK(sequence_of("abc__lock__-000000007", markers) == -7);
    CHECK(sequence_of("lock--2147483648", markers) == -2147483648LL);
}

TEST_CASE("contenders: other nodes do not take part", "[recipes][contenders]") {
    const auto markers = lock_rules(layout::curator).all;
    for (const char* name :
         {"",
          "lock-",
          "lock-000000001",
          "lock-00000000x1",
          "lock--00000001",
          "lock---000000001",
          "lock-00000000001",
          "lock-0000000001x",
          "0000000001",
          "x-0000000001",
          "abc__rlock__0000000001",
          "_c_x-latch-0000000001"}) {
        INFO(name);
        CHECK_FALSE(sequence_of(name, markers));
    }
}

TEST_CASE("contenders: the first is it", "[recipes][contenders]") {
    const auto rules = lock_rules(layout::curator);
    const auto found = find_standing(
        names({"_c_b-lock-0000000008", "_c_a-lock-0000000007", "config"}), "_c_a-lock-", rules
    );
    CHECK(found == standing{"_c_a-lock-0000000007", std::nullopt, 0, {}});
}

TEST_CASE("contenders: each waits for the one before it alone", "[recipes][contenders]") {
    const auto rules = lock_rules(layout::curator);
    const auto found = find_standing(
        names(
            {"_c_d-lock-0000000010",
             "_c_c-lock-0000000009",
             "x__lock__0000000008",
             "_c_a-lock-0000000007"}
        ),
        "_c_c-lock-",
        rules
    );
    CHECK(found == standing{"_c_c-lock-0000000009", "x__lock__0000000008", 2, {}});
}

TEST_CASE("contenders: who has no node stands nowhere", "[recipes][contenders]") {
    const auto rules = lock_rules(layout::curator);
    CHECK_FALSE(find_standing(names({"_c_a-lock-0000000007"}), "_c_b-lock-", rules));
    CHECK_FALSE(find_standing({}, "_c_b-lock-", rules));
}

TEST_CASE("contenders: a second node of the same acquisition is a stray", "[recipes][contenders]") {
    const auto rules = lock_rules(layout::kazoo);
    const auto found = find_standing(
        names({"b__lock__0000000003", "a__lock__0000000001", "b__lock__0000000002"}),
        "b__lock__",
        rules
    );
    CHECK(
        found ==
        standing{"b__lock__0000000002", "a__lock__0000000001", 1, names({"b__lock__0000000003"})}
    );
}

TEST_CASE("contenders: readers wait for writers alone", "[recipes][contenders]") {
    const auto found = find_standing(
        names(
            {"_c_a-__READ__0000000001",
             "_c_b-__WRIT__0000000002",
             "_c_c-__READ__0000000003",
             "_c_d-__READ__0000000004",
             "_c_e-__WRIT__0000000005"}
        ),
        "_c_d-",
        read_rules(layout::curator)
    );
    CHECK(found == standing{"_c_d-__READ__0000000004", "_c_b-__WRIT__0000000002", 1, {}});
}

TEST_CASE("contenders: writers wait for everybody", "[recipes][contenders]") {
    const auto found = find_standing(
        names(
            {"a__rlock__0000000001",
             "b__lock__0000000002",
             "c__rlock__0000000003",
             "d__lock__0000000004"}
        ),
        "d__lock__",
        write_rules(layout::kazoo)
    );
    CHECK(found == standing{"d__lock__0000000004", "c__rlock__0000000003", 3, {}});
}

TEST_CASE("contenders: order survives the end of the servers' counter", "[recipes][contenders]") {
    const auto markers = lock_rules(layout::kazoo).all;
    CHECK(
        in_order(
            names(
                {"c__lock__-2147483647",
                 "a__lock__2147483647",
                 "b__lock__-2147483648",
                 "z__lock__2147483646"}
            ),
            markers
        ) ==
        names(
            {"z__lock__2147483646",
             "a__lock__2147483647",
             "b__lock__-2147483648",
             "c__lock__-2147483647"}
        )
    );
}
