#include "server/admin/four_letter_words.hpp"
#include "test/support/memory_tables.hpp"

#include <conclave/protocol.hpp>

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;
using namespace std::chrono_literals;

namespace {

/// A replica whose disk is always ready, and its words, all of them allowed.
class server_fixture {
public:
    server_fixture() {
        allow([](bytes_view) { return true; });
    }

    static view_settings settings() {
        view_settings all;
        all.version = "3.9.4-conclave-0.1.0, built on today";
        all.configured.client_port = 2181;
        all.sizes = [] {
            return directory_sizes{1, 2};
        };
        all.network = [] {
            return network_facts{5, 6};
        };
        return all;
    }

    void allow(std::function<bool(bytes_view)> which) { words_.emplace(view_, std::move(which)); }

    void serve() {
        server_.start(now);
        settle();
    }

    /// A client with a session.
    replica::connection_id connect(std::uint16_t port) {
        const replica::connection_id id = server_.on_connect({"10.0.0.1", port}, now);
        bytes frame;
        jute::writer{frame}(connect_request{0, {}, 10'000, {}, bytes_view{}, {}}, false);
        give(id, frame);
        return id;
    }

    template <class Record>
    void request(replica::connection_id from, std::int32_t id, opcode type, const Record& record) {
        bytes frame;
        jute::writer{frame}(request_header{xid{id}, type}, record);
        give(from, frame);
    }

    void create(replica::connection_id from, bytes_view path, bytes_view data, create_mode mode) {
        const std::vector<acl_record> open{{permission::all, "world", "anyone"}};
        request(
            from,
            1,
            opcode::create,
            create_request{path, data, open, static_cast<std::int32_t>(mode)}
        );
    }

    bytes ask(bytes_view word, bytes_view argument = {}) {
        return words_->answer(word, argument, now).value_or("closed");
    }

    replica::instant now{1h, 1'795'244'786'000};

private:
    void give(replica::connection_id from, bytes_view frame) {
        server_.on_frame(from, frame, now);
        settle();
    }

    void settle() {
        replica::outputs out;
        do {
            out = {};
            server_.take_outputs(out, now);
            if (!out.records.empty()) {
                server_.on_persisted(out.operation, now);
            }
        } while (!out.records.empty());
    }

    test::memory_tables tables_;
    replica::replica server_{{}, tables_};
    server_view view_{server_, settings()};
    std::optional<four_letter_words> words_;
};

} // namespace

TEST_CASE("four letter words: before the server serves only a few are answered", "[admin]") {
    server_fixture server;
    CHECK(server.ask("ruok") == "imok");
    CHECK(server.ask("isro") == "null");
    CHECK(server.ask("gtmk") == "306");
    CHECK_THAT(server.ask("envi"), Catch::StartsWith("Environment:\nzookeeper.version=3.9.4-"));
    for (const char* const word :
         {"conf",
          "cons",
          "crst",
          "dirs",
          "dump",
          "hash",
          "mntr",
          "srst",
          "srvr",
          "stat",
          "wchc",
          "wchp",
          "wchs"}) {
        CHECK(server.ask(word) == "This ZooKeeper instance is not currently serving requests\n");
    }
}

TEST_CASE("four letter words: what the whitelist lacks is refused even if it is ruok", "[admin]") {
    server_fixture server;
    server.allow({});
    server.serve();
    CHECK(server.ask("ruok") == "ruok is not executed because it is not in the whitelist.\n");
    CHECK_THAT(server.ask("srvr"), Catch::StartsWith("Zookeeper version: "));
    CHECK(server.ask("\xff\xf4\xff\xfd") == "closed");
}

TEST_CASE("four letter words: the trace mask can be set and read", "[admin]") {
    server_fixture server;
    CHECK(server.ask("stmk", bytes_view{"\0\0\0\0\0\0\1\0", 8}) == "256");
    CHECK(server.ask("gtmk") == "256");
}

TEST_CASE("four letter words: a serving server tells about its clients", "[admin]") {
    server_fixture server;
    server.serve();
    const auto client = server.connect(5000);
    server.create(client, "/a", "data", create_mode::ephemeral);
    server.request(client, 2, opcode::get_data, read_request{"/a", true});
    server.request(client, 3, opcode::get_children, read_request{"/", true});

    CHECK(server.ask("isro") == "rw");
    CHECK_THAT(
        server.ask("srvr"),
        Catch::Contains("\nConnections: 1\n") && Catch::Contains("\nMode: standalone\n")
    );
    CHECK_THAT(
        server.ask("stat"),
        Catch::Contains("Clients:\n /10.0.0.1:5000[1](queued=0,recved=4,sent=4)\n\n")
    );
    CHECK_THAT(
        server.ask("cons"),
        Catch::StartsWith(
            " /"
            "10.0.0.1:5000[1](queued=0,recved=4,sent=4,sid=0x1,lop=GETC,est=1795244786000,to=10000,"
            "lcxid=0x3,"
        ) && Catch::EndsWith(")\n\n")
    );
    CHECK_THAT(
        server.ask("dump"),
        Catch::Contains("Session Sets (1)/(1):\n1 expire at Sat Nov 21 07:06:38 UTC 2026:\n\t0x1\n"
        ) && Catch::Contains("Sessions with Ephemerals (1):\n0x1:\n\t/a\n") &&
            Catch::EndsWith("Connections Sets (1)/(1):\n1 expire at Sat Nov 21 07:06:38 UTC 2026:\n"
                            "\tip: /10.0.0.1:5000 sessionId: 0x1\n")
    );
    CHECK_THAT(
        server.ask("mntr"),
        Catch::Contains("\nzk_num_alive_connections\t1\n") &&
            Catch::Contains("\nzk_ephemerals_count\t1\n")
    );
    CHECK(server.ask("dirs") == "datadir_size: 1\nlogdir_size: 2\n");
    CHECK_THAT(server.ask("conf"), Catch::StartsWith("clientPort=2181\n"));
}

TEST_CASE("four letter words: child watches are not counted among the watches", "[admin]") {
    server_fixture server;
    server.serve();
    const auto client = server.connect(5000);
    server.create(client, "/a", "", create_mode::persistent);
    server.request(client, 2, opcode::get_data, read_request{"/a", true});
    server.request(client, 3, opcode::get_children, read_request{"/", true});
    constexpr std::int32_t recursive = 1;
    server.request(client, 4, opcode::add_watch, watch_request{"/b", recursive});
    CHECK(server.ask("wchs") == "1 connections watching 2 paths\nTotal watches:2\n");
    CHECK(server.ask("wchc") == "0x1\n\t/a\n\t/b\n\n");
    CHECK(server.ask("wchp") == "/a\n\t0x1\n/b\n\t0x1\n\n");
}

TEST_CASE("four letter words: statistics can be reset", "[admin]") {
    server_fixture server;
    server.serve();
    server.connect(5000);
    CHECK_THAT(server.ask("mntr"), Catch::Contains("\nzk_connection_rejected\t5\n"));
    CHECK(server.ask("srst") == "Server stats reset.\n");
    CHECK_THAT(server.ask("srvr"), Catch::Contains("\nReceived: 0\nSent: 0\n"));
    CHECK_THAT(server.ask("mntr"), Catch::Contains("\nzk_connection_rejected\t0\n"));
    CHECK_THAT(server.ask("stat"), Catch::Contains("recved=1,sent=1"));
    CHECK(server.ask("crst") == "Connection stats reset.\n");
    CHECK_THAT(server.ask("stat"), Catch::Contains("recved=0,sent=0"));
}

TEST_CASE("four letter words: quotas of top-level nodes are among the metrics", "[admin]") {
    server_fixture server;
    server.serve();
    const auto client = server.connect(5000);
    using mode = create_mode;
    server.create(client, "/app", "1234", mode::persistent);
    server.create(client, "/zookeeper/quota/app", "", mode::persistent);
    server.create(
        client, "/zookeeper/quota/app/zookeeper_limits", "count=3,bytes=-1", mode::persistent
    );
    server.create(
        client, "/zookeeper/quota/app/zookeeper_stats", "count=1,bytes=4", mode::persistent
    );
    CHECK_THAT(
        server.ask("mntr"),
        Catch::Contains("\nzk_app_quota_count_limit_per_namespace\t3\n"
                        "zk_app_quota_count_usage_per_namespace\t1\n"
                        "zk_app_quota_bytes_limit_per_namespace\t-1\n"
                        "zk_app_quota_bytes_usage_per_namespace\t4\n")
    );
}

TEST_CASE("four letter words: hash lists points of the digest log", "[admin]") {
    server_fixture server;
    server.serve();
    const auto client = server.connect(5000);
    for (int count = 0; count < 130; ++count) {
        server.create(client, "/n" + std::to_string(count), "", create_mode::persistent);
    }
    CHECK_THAT(server.ask("hash"), Catch::Matches("100000000: -?[0-9]+\n100000080: -?[0-9]+\n"));
}
