#include "server/admin/words.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace conclave;
using namespace conclave::admin;

TEST_CASE("words: only exact lower case is a word", "[admin]") {
    CHECK(find_word("ruok") == word::ruok);
    CHECK_FALSE(find_word("RUOK"));
    CHECK_FALSE(find_word("lead"));
    CHECK_FALSE(find_word(""));
    CHECK(find_word("\xff\xf4\xff\xfd") == word::telnet_break);
}

TEST_CASE("words: stmk alone has an argument", "[admin]") {
    CHECK(word_argument_size("stmk") == 8U);
    CHECK(word_argument_size("gtmk") == 0U);
    CHECK_FALSE(word_argument_size("nope"));
}

TEST_CASE("words: the texts of refusal are those of ZooKeeper", "[admin]") {
    CHECK(refusal_of("ruok") == "ruok is not executed because it is not in the whitelist.\n");
    CHECK(not_serving_text() == "This ZooKeeper instance is not currently serving requests\n");
}
