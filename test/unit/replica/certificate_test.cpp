/// Certificates of clients as identities (zookeeper-protocol 9.1).
#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

replica::settings settings_with(bool x509_enabled, bytes super_user = {}) {
    replica::settings made;
    made.preparation.access.x509_enabled = x509_enabled;
    made.authentication.x509_super_user = std::move(super_user);
    return made;
}

struct secure_server {
    explicit secure_server(const replica::settings& configured) : driver(disk, configured) {}

    replica_driver::connection open_as(const bytes& subject) {
        const auto opened = driver.connect();
        driver.server().on_certificate(opened, subject);
        driver.send(opened, connect_frame(8000));
        driver.settle();
        return opened;
    }

    errc error_of(replica_driver::connection from, bytes_view frame) {
        return driver.call(from, frame).header.error;
    }

    std::vector<std::pair<bytes, bytes>> identities_of(replica_driver::connection of) {
        const received_frame reply = driver.call(of, request_frame(9, opcode::who_am_i));
        jute::reader in{reply.body};
        std::int32_t count = 0;
        in(count);
        std::vector<std::pair<bytes, bytes>> all(static_cast<std::size_t>(count));
        for (auto& [scheme, id] : all) {
            in(scheme, id);
        }
        return all;
    }

    replica_disk disk;
    replica_driver driver;
};

bytes private_node(bytes_view path) {
    const std::vector<acl_record> only_me{{permission::all, "auth", ""}};
    return request_frame(
        1, opcode::create, path, std::optional<bytes_view>{"x"}, only_me, std::int32_t{0}
    );
}

const bytes look = request_frame(2, opcode::get_data, bytes_view{"/a"}, false);

} // namespace

TEST_CASE("certificate: its name is an identity of the connection", "[x509]") {
    secure_server server{settings_with(true)};
    const auto alice = server.open_as("CN=alice");
    const auto bob = server.open_as("CN=bob");
    CHECK(server.identities_of(alice).back() == std::pair<bytes, bytes>{"x509", "CN=alice"});
    CHECK(server.error_of(alice, private_node("/a")) == errc::ok);
    CHECK(server.error_of(alice, look) == errc::ok);
    CHECK(server.error_of(bob, look) == errc::no_auth);
}

TEST_CASE("certificate: one name may do everything", "[x509]") {
    secure_server server{settings_with(true, "CN=root")};
    const auto alice = server.open_as("CN=alice");
    server.error_of(alice, private_node("/a"));
    CHECK(server.error_of(server.open_as("CN=root"), look) == errc::ok);
}

TEST_CASE("certificate: without a super user the empty name is nobody's", "[x509]") {
    secure_server server{settings_with(true)};
    const auto alice = server.open_as("CN=alice");
    server.error_of(alice, private_node("/a"));
    CHECK(server.error_of(server.open_as(""), look) == errc::no_auth);
}

TEST_CASE("certificate: an auth request succeeds for who has shown one", "[x509]") {
    secure_server server{settings_with(true)};
    const bytes ask = request_frame(
        -4,
        opcode::auth,
        std::int32_t{0},
        std::optional<bytes_view>{"x509"},
        std::optional<bytes_view>{"CN=root"}
    );
    const auto alice = server.open_as("CN=alice");
    CHECK(server.error_of(alice, ask) == errc::ok);
    CHECK(server.identities_of(alice).back() == std::pair<bytes, bytes>{"x509", "CN=alice"});
    const auto stranger = server.driver.open();
    CHECK(server.error_of(stranger, ask) == errc::auth_failed);
    CHECK(server.driver.log_of(stranger).closed);
}

TEST_CASE("certificate: where clients are not asked for one it means nothing", "[x509]") {
    secure_server server{settings_with(false, "CN=root")};
    CHECK(server.identities_of(server.open_as("CN=root")).size() == 1);
}
