#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

/// Builds a multi operation by operation.
class multi_frame {
public:
    explicit multi_frame(std::int32_t id, opcode type = opcode::multi) {
        jute::writer{frame_}(request_header{xid{id}, type});
    }

    template <class... Fields>
    multi_frame& add(opcode type, const Fields&... fields) {
        jute::writer to{frame_};
        to(multi_header{static_cast<std::int32_t>(type), false, -1});
        (to.write(fields), ...);
        return *this;
    }

    multi_frame& create(
        bytes_view path, create_mode mode = create_mode::persistent, opcode type = opcode::create
    ) {
        return add(
            type, path, std::optional<bytes_view>{"x"}, world_acl(), static_cast<std::int32_t>(mode)
        );
    }

    multi_frame& check(bytes_view path, std::int32_t version) {
        return add(opcode::check, path, version);
    }

    multi_frame& remove(bytes_view path, std::int32_t version = -1) {
        return add(opcode::remove, path, version);
    }

    multi_frame& set(bytes_view path, std::int32_t version = -1) {
        return add(opcode::set_data, path, std::optional<bytes_view>{"y"}, version);
    }

    [[nodiscard]] bytes finish() const {
        bytes whole = frame_;
        jute::writer{whole}(multi_header{-1, true, -1});
        return whole;
    }

    [[nodiscard]] bytes unfinished() const { return frame_; }

private:
    bytes frame_;
};

struct one_client {
    replica_disk disk;
    replica_driver server{disk};
    replica_driver::connection client = server.open();

    received_frame call(bytes_view frame) { return server.call(client, frame); }
};

std::vector<std::int32_t> error_codes(const received_frame& reply) {
    std::vector<std::int32_t> codes;
    jute::reader in{reply.body};
    while (true) {
        multi_header header;
        in(header);
        REQUIRE(in.ok());
        if (header.done) {
            return codes;
        }
        std::int32_t code = 0;
        in(code);
        CHECK(header.type == -1);
        CHECK(header.error == code);
        codes.push_back(code);
    }
}

} // namespace

TEST_CASE("multi: later operations see earlier ones and all share one zxid", "[multi]") {
    one_client test;
    const received_frame reply = test.call(multi_frame{1}
                                               .create("/a")
                                               .create("/a/b")
                                               .set("/a", 0)
                                               .check("/a", 1)
                                               .remove("/a/b")
                                               .finish());
    REQUIRE(reply.header.error == errc::ok);
    jute::reader in{reply.body};
    multi_header header;
    bytes_view path;
    in(header, path);
    CHECK(header.type == 1);
    CHECK(path == "/a");
    in(header, path);
    CHECK(path == "/a/b");
    stat about;
    in(header, about);
    CHECK(header.type == 5);
    CHECK(about.version == 1);
    CHECK(about.mzxid == reply.header.at);
    CHECK(about.czxid == reply.header.at);
    CHECK(about.num_children == 1);
    in(header);
    CHECK(header.type == 13);
    in(header);
    CHECK(header.type == 2);
    in(header);
    CHECK(header.done);
    CHECK(in.ok());
    CHECK(in.rest().empty());
}

TEST_CASE("multi: a failure names the failing operation and applies nothing", "[multi]") {
    one_client test;
    const received_frame reply =
        test.call(multi_frame{1}.create("/a").remove("/none").create("/b").finish());
    CHECK(reply.header.error == errc::ok);
    CHECK(error_codes(reply) == std::vector<std::int32_t>{0, -101, -2});
    CHECK_FALSE(test.server.server().nodes().find("/a"));
}

TEST_CASE("multi: the sequence number of a rolled-back create is used again", "[multi]") {
    one_client test;
    test.call(
        multi_frame{1}.create("/s-", create_mode::persistent_sequential).remove("/none").finish()
    );
    const received_frame created =
        test.call(create_frame(2, "/s-", {}, create_mode::persistent_sequential));
    const bytes first = created.text();
    test.call(
        multi_frame{3}.create("/s-", create_mode::persistent_sequential).remove("/none").finish()
    );
    const bytes second =
        test.call(create_frame(4, "/s-", {}, create_mode::persistent_sequential)).text();
    CHECK(std::stoi(second.substr(3)) == std::stoi(first.substr(3)) + 1);
}

TEST_CASE("multi: an empty one is a terminator and consumes a zxid", "[multi]") {
    one_client test;
    const received_frame reply = test.call(multi_frame{1}.finish());
    CHECK(reply.header.error == errc::ok);
    CHECK(error_codes(reply).empty());
}

TEST_CASE(
    "multi: without terminator or with a foreign operation it is refused as a whole", "[multi]"
) {
    one_client test;
    CHECK(
        test.call(multi_frame{1}.create("/a").unfinished()).header.error == errc::marshalling_error
    );
    const bytes reads =
        multi_frame{1}.create("/a").add(opcode::get_data, bytes_view{"/"}, false).finish();
    const received_frame reply = test.call(reads);
    CHECK(reply.header.error == errc::marshalling_error);
    CHECK(reply.body.empty());
    CHECK_FALSE(test.server.server().nodes().find("/a"));
}

TEST_CASE("multi: create2 and containers answer with path and stat", "[multi]") {
    one_client test;
    const received_frame reply =
        test.call(multi_frame{1}
                      .create("/a", create_mode::persistent, opcode::create2)
                      .create("/c", create_mode::container)
                      .finish());
    jute::reader in{reply.body};
    for (int index = 0; index < 2; ++index) {
        multi_header header;
        bytes_view path;
        stat about;
        in(header, path, about);
        CHECK(header.type == 15);
        CHECK(about.czxid == reply.header.at);
    }
    CHECK(in.ok());
}

TEST_CASE("multi: multiRead answers each operation for itself", "[multi]") {
    one_client test;
    test.call(create_frame(1, "/a", "data"));
    const received_frame reply = test.call(multi_frame{2, opcode::multi_read}
                                               .add(opcode::get_data, bytes_view{"/a"}, true)
                                               .add(opcode::get_data, bytes_view{"/none"}, false)
                                               .add(opcode::get_children, bytes_view{"/"}, false)
                                               .finish());
    jute::reader in{reply.body};
    multi_header header;
    bytes_view data;
    stat about;
    in(header, data, about);
    CHECK(header.type == 4);
    CHECK(data == "data");
    std::int32_t code = 0;
    in(header, code);
    CHECK(code == -101);
    std::vector<bytes_view> names;
    in(header, names);
    CHECK(header.type == 8);
    CHECK(names == std::vector<bytes_view>{"a", "zookeeper"});
    in(header);
    CHECK(header.done);
    CHECK(test.server.server().watches().watch_count() == 0);
}
