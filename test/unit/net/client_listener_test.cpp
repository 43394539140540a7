#include "server/net/client_listener.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/network_fixture.hpp"

#include <catch2/catch.hpp>

#include <dirent.h>
#include <memory>
#include <sys/resource.h>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

namespace {

std::size_t open_descriptor_count() {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir("/proc/self/fd"), &::closedir};
    std::size_t count = 0;
    while (::readdir(directory.get()) != nullptr) {
        ++count;
    }
    return count;
}

/// Lets the process open no descriptor more while it lives.
class no_more_descriptors {
public:
    no_more_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest_free = ::dup(STDIN_FILENO);
        ::close(lowest_free);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest_free);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }

    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    no_more_descriptors(const no_more_descriptors&) = delete;
    no_more_descriptors& operator=(const no_more_descriptors&) = delete;

private:
    rlimit before_{};
};

bool is_served(posix_client& client) {
    client.send(framed("hello"));
    return client.receive_frame() == "hello";
}

} // namespace

TEST_CASE("client listener: an address beyond its limit is closed without a byte", "[net]") {
    net::network_settings settings = on_any_port(GENERATE(0, 2));
    settings.connection_count_max_per_address = 2;
    network_fixture server{settings};
    server.start();
    const log_capture captured;
    posix_client first{server.port()};
    auto second = std::make_unique<posix_client>(server.port());
    REQUIRE(is_served(first));
    REQUIRE(is_served(*second));
    posix_client third{server.port()};
    CHECK(third.receive_to_end().empty());
    CHECK(server.network.counters().rejected == 1);
    CHECK(captured.count("maxClientCnxns") == 1);
    CHECK(is_served(first));
    second.reset();
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    // The place is free again once the listener knows, which may take it a moment: until then it
    // refuses.
    bool is_free = false;
    while (!is_free) {
        posix_client again{server.port()};
        again.send("ruok");
        is_free = again.receive_to_end() == "imok";
    }
}

TEST_CASE("client listener: the total is limited", "[net]") {
    net::network_settings settings = on_any_port(GENERATE(0, 2));
    settings.connection_count_max = 1;
    network_fixture server{settings};
    server.start();
    posix_client first{server.port()};
    REQUIRE(is_served(first));
    posix_client second{server.port()};
    CHECK(second.receive_to_end().empty());
    CHECK(server.network.counters().rejected == 1);
}

TEST_CASE("client listener: many quick connections leave nothing behind", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    { posix_client warm_up{server.port()}; }
    REQUIRE(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    const std::size_t before = open_descriptor_count();
    for (int count = 0; count < 2000; ++count) {
        posix_client quick{server.port()};
        if (count % 2 == 0) {
            quick.send("GET /");
        }
    }
    REQUIRE(server.core.await([](const auto& seen) { return seen.disconnects == 2001; }));
    CHECK(open_descriptor_count() == before);
    CHECK(server.network.counters().accepted == 2001);
}

TEST_CASE("client listener: without descriptors it waits and then goes on", "[net]") {
    net::network_settings settings = on_any_port(GENERATE(0, 2));
    settings.accept_retry_interval = 10ms;
    network_fixture server{settings};
    const log_capture captured;
    // Connected by the kernel; not accepted yet.
    posix_client client{server.port()};
    {
        const no_more_descriptors limited;
        server.start();
        REQUIRE(captured.await("connection not accepted"));
    }
    CHECK(is_served(client));
    CHECK(captured.count("connection not accepted") <= 10);
}

TEST_CASE("client listener: it listens on several addresses", "[net]") {
    net::network_settings settings = on_any_port();
    settings.listeners = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
    network_fixture server{settings};
    server.start();
    REQUIRE(server.network.local_endpoints().size() == 2);
    for (const net::tcp::endpoint& each : server.network.local_endpoints()) {
        posix_client client{each.port()};
        CHECK(is_served(client));
    }
}

TEST_CASE("client listener: a port in use is told with its address", "[net]") {
    const network_fixture first{on_any_port()};
    net::network_settings settings = on_any_port();
    settings.listeners = {{"127.0.0.1", first.port()}};
    const std::string expected =
        "cannot listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use";
    CHECK_THROWS_WITH(network_fixture{settings}, expected);
}

TEST_CASE("client listener: after it was stopped nobody gets in and those inside stay", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client inside{server.port()};
    REQUIRE(is_served(inside));
    server.on_core([&] { server.network.stop_accepting(); });
    CHECK_THROWS_WITH(
        [&] {
            while (true) {
                posix_client late{server.port()};
            }
        }(),
        Catch::Contains("refused") || Catch::Contains("reset") // whose turn had not come yet
    );
    CHECK(is_served(inside));
}
