/// What is told for the audit log.
#include "server/replica/audit.hpp"
#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;
using replica::audit_event;

namespace {

/// A server alone, whose events are gathered.
class audited_server {
public:
    audited_server() {
        replica::settings configured;
        configured.is_audited = true;
        server_ = std::make_unique<replica::replica>(std::move(configured), tables_);
        server_->start(now_);
        settle();
        client_ = server_->on_connect({"10.0.0.7", 5000}, now_);
        give(connect_frame(10'000));
        events_.clear();
    }

    /// The events of one frame.
    std::vector<audit_event> give(bytes_view frame) {
        server_->on_frame(client_, frame, now_);
        settle();
        return std::exchange(events_, {});
    }

    std::vector<audit_event> lose_client() {
        server_->on_disconnect(client_);
        now_.monotonic += 1min;
        server_->on_tick(now_);
        settle();
        return std::exchange(events_, {});
    }

private:
    void settle() {
        replica::outputs out;
        do {
            out = {};
            server_->take_outputs(out, now_);
            std::move(out.audit.begin(), out.audit.end(), std::back_inserter(events_));
            if (!out.records.empty()) {
                server_->on_persisted(out.operation, now_);
            }
        } while (!out.records.empty());
    }

    replica::instant now_{1h, 1'795'244'786'000};
    memory_tables tables_;
    std::unique_ptr<replica::replica> server_;
    replica::connection_id client_;
    std::vector<audit_event> events_;
};

audit_event only(std::vector<audit_event> events) {
    REQUIRE(events.size() == 1);
    return events.front();
}

} // namespace

TEST_CASE("audit: a change is told with who, what and how it went", "[audit]") {
    audited_server server;
    const audit_event created = only(server.give(create_frame(1, "/a")));
    CHECK(created.operation == "create");
    CHECK(created.path == "/a");
    CHECK(created.node_type == "persistent");
    CHECK(created.who == identities{{"ip", "10.0.0.7"}});
    CHECK(created.session != session_id{});
    CHECK(created.succeeded);
    const audit_event again = only(server.give(create_frame(2, "/a")));
    CHECK(again.path == "/a");
    CHECK(!again.succeeded);
    const audit_event removed =
        only(server.give(request_frame(3, opcode::remove, bytes_view{"/a"}, std::int32_t{-1})));
    CHECK(removed.operation == "delete");
    CHECK(removed.node_type.empty());
}

TEST_CASE("audit: a sequential node is told by the name that it got", "[audit]") {
    audited_server server;
    const audit_event created =
        only(server.give(create_frame(1, "/q-", {}, create_mode::persistent_sequential)));
    CHECK(created.path == "/q-0000000000");
    CHECK(created.node_type == "persistent_sequential");
}

TEST_CASE("audit: setAcl tells the new ACL", "[audit]") {
    audited_server server;
    server.give(create_frame(1, "/a"));
    const audit_event set = only(server.give(request_frame(
        2,
        opcode::set_acl,
        set_acl_request{"/a", world_acl(permission::read | permission::admin), -1}
    )));
    CHECK(set.operation == "setAcl");
    CHECK(set.acl == "world:anyone:ra");
}

TEST_CASE("audit: of a multi each operation or the failure of all", "[audit]") {
    audited_server server;
    const auto multi = [](bytes_view second) {
        return request_frame(
            1,
            opcode::multi,
            multi_header{static_cast<std::int32_t>(opcode::create), false, -1},
            create_request{"/m", bytes_view{}, world_acl(), 1},
            multi_header{static_cast<std::int32_t>(opcode::check), false, -1},
            check_request{"/m", 0},
            multi_header{static_cast<std::int32_t>(opcode::remove), false, -1},
            delete_request{second, -1},
            multi_header{-1, true, -1}
        );
    };
    const audit_event failed = only(server.give(multi("/none")));
    CHECK(failed.operation == "multiOperation");
    CHECK(failed.path.empty());
    CHECK(!failed.succeeded);
    const std::vector<audit_event> done = server.give(multi("/m"));
    REQUIRE(done.size() == 2);
    CHECK(done[0].operation == "create");
    CHECK(done[0].node_type == "ephemeral");
    CHECK(done[1].operation == "delete");
    CHECK(done[1].succeeded);
}

TEST_CASE("audit: ephemeral nodes that go with a session are told", "[audit]") {
    audited_server server;
    server.give(create_frame(1, "/mine", {}, create_mode::ephemeral));
    const audit_event gone = only(server.lose_client());
    CHECK(gone.operation == "ephemeralZNodeDeletionOnSessionCloseOrExpire");
    CHECK(gone.path == "/mine");
    CHECK(gone.who.empty());
    CHECK(gone.session != session_id{});
}

TEST_CASE("audit: a login is told, also one that fails", "[audit]") {
    audited_server server;
    const auto login = [](bytes_view scheme) {
        return request_frame(-4, opcode::auth, auth_request{0, scheme, bytes_view{"bob:secret"}});
    };
    const audit_event succeeded = only(server.give(login("digest")));
    CHECK(succeeded.operation == "addAuth");
    CHECK(succeeded.succeeded);
    REQUIRE(succeeded.who.size() == 2);
    CHECK(succeeded.who[1].id.starts_with("bob:"));
    CHECK(succeeded.who[1].id.find("secret") == bytes::npos);
    CHECK(!only(server.give(login("kerberos"))).succeeded);
}

TEST_CASE("audit: reading is not told", "[audit]") {
    audited_server server;
    server.give(create_frame(1, "/a"));
    CHECK(server.give(request_frame(2, opcode::get_data, bytes_view{"/a"}, false)).empty());
    CHECK(server.give(request_frame(3, opcode::ping)).empty());
}

TEST_CASE("audit: without being asked nothing is told", "[audit]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.open();
    server.send(client, create_frame(1, "/a"));
    replica::outputs out;
    server.server().take_outputs(out, server.now());
    server.server().on_persisted(out.operation, server.now());
    server.server().take_outputs(out, server.now());
    CHECK(out.audit.empty());
}
