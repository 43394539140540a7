#include "client/shell/words.hpp"

#include <catch2/catch.hpp>

using namespace conclave::shell;
using words = std::vector<std::string>;

TEST_CASE("words: white space separates and quotes hold together", "[shell][words]") {
    CHECK(split_words("ls /a") == words{"ls", "/a"});
    CHECK(split_words("  create\t/a  \"two words\" ") == words{"create", "/a", "two words"});
    CHECK(split_words("set /a 'say \"no\"'") == words{"set", "/a", "say \"no\""});
    CHECK(split_words("").empty());
    CHECK(split_words(" \t ").empty());
}

TEST_CASE("words: an empty quotation is an empty word", "[shell][words]") {
    CHECK(split_words("set /a ''") == words{"set", "/a", ""});
}

TEST_CASE("words: a mark inside of a word stands for itself", "[shell][words]") {
    CHECK(split_words("set /a it's") == words{"set", "/a", "it's"});
    CHECK(split_words("set /a {\"k\":1}") == words{"set", "/a", "{\"k\":1}"});
}

TEST_CASE("words: a mark without a partner is left out", "[shell][words]") {
    CHECK(split_words("set /a \"open") == words{"set", "/a", "open"});
    CHECK(split_words("'") == words{});
}

TEST_CASE("words: a quotation ends a word even without a space", "[shell][words]") {
    CHECK(split_words("'a'b") == words{"a", "b"});
}

TEST_CASE("words: the last word is what is being typed", "[shell][words]") {
    CHECK(last_word("").text.empty());
    CHECK(last_word("ge").text == "ge");
    CHECK(last_word("ge").index == 0);
    CHECK(last_word("get ").text.empty());
    CHECK(last_word("get ").index == 1);
    CHECK(last_word("get -s /a/b").text == "/a/b");
    CHECK(last_word("get -s /a/b").index == 2);
    CHECK(last_word("get \"/a b/c").text == "/a b/c");
    CHECK(last_word("get '/a b' ").text.empty());
    CHECK(last_word("get '/a b' ").index == 2);
}
