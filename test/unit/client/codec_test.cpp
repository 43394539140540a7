/// How operations travel, and what replies that cannot be right come to.
#include "client/protocol/operation_codec.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;

namespace {

const client::chroot no_root{""};
const client::chroot app_root{"/app"};

bytes stat_record(std::int64_t czxid) {
    conclave::stat raw;
    raw.czxid = zxid{czxid};
    raw.ctime_ms = 1500;
    raw.version = 3;
    bytes body;
    jute::writer{body}(raw);
    return body;
}

template <class... Fields>
bytes body_of(const Fields&... fields) {
    bytes body;
    jute::writer{body}(fields...);
    return body;
}

/// Each prefix of a good body must be told apart from it.
template <class Result>
void check_truncations(const bytes& body) {
    Result to{};
    REQUIRE_FALSE(decode(reply_view{{}, body}, no_root, to));
    for (std::size_t size = 0; size < body.size(); ++size) {
        Result cut{};
        INFO("first " << size << " octets of " << body.size());
        CHECK(
            decode(reply_view{{}, bytes_view{body}.substr(0, size)}, no_root, cut) ==
            error::bad_reply
        );
    }
}

} // namespace

TEST_CASE("chroot: is put before paths and taken off again", "[client]") {
    CHECK(app_root.to_server("/") == "/app");
    CHECK(app_root.to_server("/a") == "/app/a");
    CHECK(app_root.to_program("/app") == "/");
    CHECK(app_root.to_program("/app/a") == "/a");
    CHECK(app_root.to_program("/application") == "/application");
    CHECK(app_root.to_program("/zookeeper/config") == "/zookeeper/config");
    CHECK(no_root.to_server("/a") == "/a");
    CHECK(no_root.to_program("/a") == "/a");
}

TEST_CASE("codec: a create says its mode by its request type", "[client]") {
    const auto type_of = [](create_mode mode) {
        return encode(operation::create{"/a", "x", mode}, no_root).value().type;
    };
    CHECK(type_of(create_mode::persistent) == opcode::create2);
    CHECK(type_of(create_mode::ephemeral_sequential) == opcode::create2);
    CHECK(type_of(create_mode::container) == opcode::create_container);
    CHECK(type_of(create_mode::persistent_ttl) == opcode::create_ttl);
}

TEST_CASE("codec: a create holds path and data and access list and flags", "[client]") {
    const auto made = encode(
        operation::create{
            "/a",
            "x",
            create_options{create_mode::persistent_ttl}.with_ttl(std::chrono::seconds{7})},
        app_root
    );
    REQUIRE(made);
    jute::reader in{made->body};
    create_ttl_request seen;
    in(seen);
    REQUIRE(in.ok());
    CHECK(in.rest().empty());
    CHECK(seen.path == "/app/a");
    CHECK(seen.data == "x");
    REQUIRE(seen.acl.size() == 1);
    CHECK(seen.acl[0].permissions == permission::all);
    CHECK(seen.flags == 5);
    CHECK(seen.ttl_ms == 7000);
    CHECK_FALSE(made->is_repeatable);
}

TEST_CASE("codec: a sequential name without a beginning stays below the chroot", "[client]") {
    const auto path_of = [](const auto& what) {
        const auto made = encode(what, app_root);
        bytes_view path;
        jute::reader{made.value().body}(path);
        return bytes{path};
    };
    CHECK(path_of(operation::create{"/", "", create_mode::ephemeral_sequential}) == "/app/");
    CHECK(path_of(operation::create{"/a/", "", create_mode::ephemeral_sequential}) == "/app/a/");
    CHECK(path_of(operation::get_ephemerals{"/"}) == "/app/");
}

TEST_CASE("codec: only sequential names may be empty", "[client]") {
    CHECK(encode(operation::create{"/a/", "", create_mode::persistent_sequential}, no_root));
    CHECK_FALSE(encode(operation::create{"/a/", "", create_mode::persistent}, no_root));
}

TEST_CASE("codec: reads may be repeated and writes may not", "[client]") {
    CHECK(encode(operation::get{"/a"}, no_root)->is_repeatable);
    CHECK(encode(operation::exists{"/a"}, no_root)->is_repeatable);
    CHECK(encode(operation::sync{"/a"}, no_root)->is_repeatable);
    CHECK_FALSE(encode(operation::set{"/a", "", any_version}, no_root)->is_repeatable);
    CHECK_FALSE(encode(operation::remove{"/a"}, no_root)->is_repeatable);
    CHECK_FALSE(encode(operation::commit{transaction{}}, no_root)->is_repeatable);
}

TEST_CASE("codec: a watch is asked for by the operations that have one", "[client]") {
    const auto watch_of = [](const auto& what) {
        return encode(what, app_root)->watch;
    };
    CHECK_FALSE(watch_of(operation::get{"/a"}));
    CHECK(watch_of(operation::get_and_watch{"/a"}) == watch_kind::data);
    CHECK(watch_of(operation::exists_and_watch{"/a"}) == watch_kind::data);
    CHECK(watch_of(operation::get_children_and_watch{"/a"}) == watch_kind::child);
    CHECK(watch_of(operation::add_watch{"/a", watch_mode::persistent}) == watch_kind::persistent);
    CHECK(watch_of(operation::add_watch{"/a", watch_mode::recursive}) == watch_kind::recursive);
    CHECK(encode(operation::get_and_watch{"/a"}, app_root)->watched_path == "/app/a");
    CHECK(encode(operation::get_config_and_watch{}, app_root)->watched_path == "/zookeeper/config");
}

TEST_CASE("codec: what is cut off anywhere is no reply", "[client]") {
    const bytes stat = stat_record(9);
    check_truncations<node_stat>(stat);
    check_truncations<created_node>(body_of(bytes_view{"/a"}) + stat);
    check_truncations<node_data>(body_of(bytes_view{"data"}) + stat);
    check_truncations<node_children>(body_of(std::vector<bytes_view>{"a", "b"}) + stat);
    check_truncations<std::vector<identity>>(body_of(std::vector<identity>{{"ip", "::1"}}));
    check_truncations<std::int32_t>(body_of(std::int32_t{5}));
    const bytes results = body_of(multi_header{15, false, 0}, bytes_view{"/a"}) + stat +
                          body_of(multi_header{2, false, 0}, multi_header{-1, true, -1});
    check_truncations<std::vector<transaction_result>>(results);
}

TEST_CASE("codec: a stat keeps every field in its type", "[client]") {
    node_stat seen;
    REQUIRE_FALSE(decode(reply_view{{}, stat_record(9)}, no_root, seen));
    CHECK(seen.czxid == zxid{9});
    CHECK(seen.ctime.time_since_epoch() == std::chrono::milliseconds{1500});
    CHECK(seen.version == data_version{3});
}

TEST_CASE("codec: null data is not empty data", "[client]") {
    node_data seen;
    REQUIRE_FALSE(decode(reply_view{{}, body_of(std::int32_t{-1}) + stat_record(1)}, no_root, seen)
    );
    CHECK(seen.is_null);
    REQUIRE_FALSE(decode(reply_view{{}, body_of(bytes_view{""}) + stat_record(1)}, no_root, seen));
    CHECK_FALSE(seen.is_null);
}

TEST_CASE("codec: a node that is not there is a result of exists", "[client]") {
    std::optional<node_stat> seen = node_stat{};
    CHECK_FALSE(decode(reply_view{make_error_code(errc::no_node), ""}, no_root, seen));
    CHECK_FALSE(seen);
    CHECK(decode(reply_view{make_error_code(errc::no_auth), ""}, no_root, seen) == errc::no_auth);
}

TEST_CASE("codec: a failed transaction fails with the error that made it fail", "[client]") {
    const auto failed = [](std::int32_t number) {
        return body_of(multi_header{-1, false, number}, number);
    };
    const bytes body = failed(0) + failed(-101) + failed(-2) + body_of(multi_header{-1, true, -1});
    std::vector<transaction_result> results;
    CHECK(decode(reply_view{{}, body}, no_root, results) == errc::no_node);
    REQUIRE(results.size() == 3);
    CHECK_FALSE(results[0].error);
    CHECK(results[1].error == errc::no_node);
    CHECK(results[2].error == errc::runtime_inconsistency);
}

TEST_CASE("codec: a result of a type that nobody asked for is no reply", "[client]") {
    const bytes body = body_of(multi_header{77, false, 0}, multi_header{-1, true, -1});
    std::vector<transaction_result> results;
    CHECK(decode(reply_view{{}, body}, no_root, results) == error::bad_reply);
    std::vector<read_result> reads;
    CHECK(decode(reply_view{{}, body}, no_root, reads) == error::bad_reply);
}
