#include "client/shell/format.hpp"

#include <conclave/client/error.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <ctime>

using namespace conclave;
using namespace conclave::shell;

namespace {

client::node_stat some_stat() {
    client::node_stat stat;
    stat.czxid = zxid{0x4e};
    stat.mzxid = zxid{0x4f};
    stat.pzxid = zxid{0x50};
    stat.ctime = client::server_time{std::chrono::milliseconds{1795245045000}};
    stat.mtime = stat.ctime;
    stat.version = client::data_version{1};
    stat.data_length = 3;
    return stat;
}

/// Times are shown in the zone of the process.
struct in_utc {
    in_utc() {
        setenv("TZ", "UTC", 1);
        tzset();
    }
};

std::string as_text(const any_answer& told, std::size_t width = 0) {
    return render_as_text(told, page{style{false}, width});
}

} // namespace

TEST_CASE("zkcli: created nodes are told on stderr", "[shell][zkcli]") {
    const written text = render_as_zkcli(answer::created{"/a"});
    CHECK(text.output.empty());
    CHECK(text.errors == "Created /a\n");
}

TEST_CASE_METHOD(in_utc, "zkcli: a stat has eleven lines", "[shell][zkcli]") {
    CHECK(
        render_as_zkcli(answer::node_status{"/a", some_stat()}).output ==
        "cZxid = 0x4e\nctime = Sat Nov 21 07:10:45 UTC 2026\nmZxid = 0x4f\n"
        "mtime = Sat Nov 21 07:10:45 UTC 2026\npZxid = 0x50\ncversion = 0\ndataVersion = 1\n"
        "aclVersion = 0\nephemeralOwner = 0x0\ndataLength = 3\nnumChildren = 0\n"
    );
}

TEST_CASE("zkcli: children stand in brackets", "[shell][zkcli]") {
    CHECK(render_as_zkcli(answer::name_list{{"a", "b"}, std::nullopt}).output == "[a, b]\n");
    CHECK(render_as_zkcli(answer::name_list{}).output == "[]\n");
}

TEST_CASE("zkcli: no data is null and bad data is replaced", "[shell][zkcli]") {
    answer::node_value node;
    node.is_null = true;
    CHECK(render_as_zkcli(node).output == "null\n");
    node.is_null = false;
    node.data = "a\xff";
    CHECK(render_as_zkcli(node).output == "a\xef\xbf\xbd\n");
    node.form = answer::data_form::base64;
    CHECK(render_as_zkcli(node).output == "Yf8=\n");
}

TEST_CASE("zkcli: an acl entry takes two lines", "[shell][zkcli]") {
    const answer::access_list list{client::open_acl(), std::nullopt};
    CHECK(render_as_zkcli(list).output == "'world,'anyone\n: cdrwa\n");
}

TEST_CASE("zkcli: an event looks like a WatchedEvent of 3.9", "[shell][zkcli]") {
    client::watch_event event;
    event.what = client::watch_event::kind::data_changed;
    event.path = "/a";
    CHECK(
        render_as_zkcli(answer::event{event}).output ==
        "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDataChanged path:/a zxid: -1\n"
    );
    event.at = zxid{7};
    CHECK(render_as_zkcli(answer::event{event}).output.ends_with("zxid: 7\n"));
    event.what = client::watch_event::kind::restored;
    CHECK(render_as_zkcli(answer::event{event}).output.empty());
}

TEST_CASE("zkcli: errors are said in its words", "[shell][zkcli]") {
    const auto said = [](std::error_code error) {
        return describe_as_zkcli(failed_with(error, "/a").error);
    };
    CHECK(said(make_error_code(errc::no_node)) == "Node does not exist: /a");
    CHECK(said(make_error_code(errc::bad_version)) == "version No is not valid : /a");
    CHECK(said(make_error_code(errc::no_watcher)) == "KeeperErrorCode = No such watcher for /a");
    CHECK(
        said(make_error_code(client::error::not_sent)) == "KeeperErrorCode = ConnectionLoss for /a"
    );
    CHECK(describe_as_zkcli(misused("ls path").error) == "ls path");
}

TEST_CASE("exit codes: scripts can tell what went wrong", "[shell][failure]") {
    CHECK(exit_code_of({}) == exit_code::done);
    CHECK(exit_code_of(make_error_code(errc::no_node)) == exit_code::no_node);
    CHECK(exit_code_of(make_error_code(errc::node_exists)) == exit_code::conflict);
    CHECK(exit_code_of(make_error_code(errc::no_auth)) == exit_code::not_permitted);
    CHECK(exit_code_of(make_error_code(errc::connection_loss)) == exit_code::not_connected);
    CHECK(exit_code_of(make_error_code(client::error::not_sent)) == exit_code::not_connected);
    CHECK(
        exit_code_of(std::make_error_code(std::errc::connection_refused)) ==
        exit_code::not_connected
    );
    CHECK(exit_code_of(make_error_code(errc::quota_exceeded)) == exit_code::failed);
    CHECK(zkcli_exit_code(exit_code::no_node) == 1);
    CHECK(zkcli_exit_code(exit_code::unknown_command) == 127);
    CHECK(zkcli_exit_code(exit_code::done) == 0);
}

TEST_CASE("text: names fill the columns of a terminal", "[shell][text]") {
    const answer::name_list list{{"a", "bbb", "c", "d"}, std::nullopt};
    CHECK(as_text(list) == "a\nbbb\nc\nd\n");
    CHECK(as_text(list, 8) == "a    c\nbbb  d\n");
    CHECK(as_text(list, 80) == "a  bbb  c  d\n");
    CHECK(as_text(list, 1) == "a\nbbb\nc\nd\n");
    CHECK(as_text(answer::name_list{}, 80).empty());
}

TEST_CASE("text: a table is aligned", "[shell][text]") {
    CHECK(
        as_text(answer::table{{"server", "nodes"}, {{"a:1", "5"}, {"bb:22", "1000"}}}) ==
        "server  nodes\na:1         5\nbb:22    1000\n"
    );
}

TEST_CASE("text: colours appear only where they are wanted", "[shell][text]") {
    const answer::created told{"/a"};
    CHECK(as_text(told) == "created /a\n");
    CHECK(render_as_text(told, page{style{true}, 80}) == "created \033[34m/a\033[0m\n");
}

TEST_CASE("text: data that is no text is dumped on a terminal only", "[shell][text]") {
    answer::node_value node;
    node.data = "\033[2J";
    CHECK(as_text(node) == "\033[2J\n");
    CHECK(as_text(node, 80).find('\033') == std::string::npos);
    node.form = answer::data_form::raw;
    CHECK(as_text(node) == "\033[2J");
}

TEST_CASE("json: each answer is one line", "[shell][json]") {
    CHECK(render_as_json(answer::created{"/a"}) == "{\"created\":\"/a\"}\n");
    CHECK(
        render_as_json(answer::name_list{{"a", "b"}, std::nullopt}) == "{\"names\":[\"a\",\"b\"]}\n"
    );
    CHECK(render_as_json(answer::name_list{}) == "{\"names\":[]}\n");
    CHECK(render_as_json(answer::done{"sentence"}).empty());
    CHECK(render_as_json(answer::number{"descendant_count", 3}) == "{\"descendant_count\":3}\n");
    CHECK(
        render_as_json(answer::table{{"a", "b"}, {{"1", "2"}}}) == "[{\"a\":\"1\",\"b\":\"2\"}]\n"
    );
}

TEST_CASE("json: data keeps every octet", "[shell][json]") {
    answer::node_value node{"/a", "text", false, answer::data_form::text, some_stat()};
    auto told = nlohmann::json::parse(render_as_json(node));
    CHECK(told["data"]["encoding"] == "utf-8");
    CHECK(told["data"]["value"] == "text");
    CHECK(told["stat"]["czxid"] == "0x4e");
    CHECK(told["stat"]["ephemeral_owner"].is_null());
    node.data = "\xff";
    told = nlohmann::json::parse(render_as_json(node));
    CHECK(told["data"]["encoding"] == "base64");
    CHECK(told["data"]["value"] == "/w==");
    node.is_null = true;
    CHECK(nlohmann::json::parse(render_as_json(node))["data"].is_null());
}

TEST_CASE("json: a failure says its code and name", "[shell][json]") {
    const auto told = nlohmann::json::parse(
        describe_as_json(failed_with(make_error_code(errc::no_node), "/a").error)
    );
    CHECK(told["error"]["name"] == "NoNode");
    CHECK(told["error"]["path"] == "/a");
    CHECK(told["error"]["exit_code"] == 4);
}

TEST_CASE("text: what others have written does not move a cursor", "[shell][text]") {
    const answer::access_list list{{{permission::read, "digest", "\033[2J"}}, std::nullopt};
    CHECK(as_text(list, 80).find('\033') == std::string::npos);
    CHECK(as_text(list).find('\033') != std::string::npos);
}
