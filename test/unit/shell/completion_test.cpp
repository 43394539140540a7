#include "client/shell/completion.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave::shell;
using kind = completion_request::kind;
using names = std::vector<std::string>;

TEST_CASE("completion: the first word is a command", "[shell][completion]") {
    CHECK(completion_request_of("", false).what == kind::command);
    CHECK(completion_request_of("ge", false).typed == "ge");
    CHECK(completion_request_of("help ge", false).what == kind::command);
}

TEST_CASE("completion: what begins with a slash is a path", "[shell][completion]") {
    const completion_request request = completion_request_of("get -s /a/b", false);
    CHECK(request.what == kind::path);
    CHECK(request.typed == "/a/b");
    CHECK(completion_request_of("get ", false).what == kind::path);
    CHECK(completion_request_of("get -", false).what == kind::option);
    CHECK(completion_request_of("history ", false).what == kind::nothing);
    CHECK(completion_request_of("nosuch /a", false).what == kind::nothing);
}

TEST_CASE("completion: the common part is inserted", "[shell][completion]") {
    const completion found = complete("ab", {"abcd", "abce", "x"});
    CHECK(found.inserted == "c");
    CHECK(found.choices == names{"abcd", "abce"});
    CHECK_FALSE(found.is_complete);
}

TEST_CASE("completion: one candidate is the whole word", "[shell][completion]") {
    const completion found = complete("ab", {"abcd", "x"});
    CHECK(found.inserted == "cd");
    CHECK(found.is_complete);
    CHECK(found.choices.empty());
    CHECK(complete("z", {"a"}).inserted.empty());
}

TEST_CASE("completion: characters are not cut in two", "[shell][completion]") {
    CHECK(complete("", {"\xc3\xa4", "\xc3\xb6"}).inserted.empty());
    CHECK(
        complete(
            "",
            {"x\xc3\xa4"
             "1",
             "x\xc3\xa4"
             "2"}
        )
            .inserted == "x\xc3\xa4"
    );
}

TEST_CASE("completion: --zkcli knows only its commands", "[shell][completion]") {
    const names all = command_names(false);
    const names only = command_names(true);
    CHECK(std::find(all.begin(), all.end(), "help") != all.end());
    CHECK(std::find(only.begin(), only.end(), "help") == only.end());
    CHECK(option_names("getAcl") == names{"-s"});
}
