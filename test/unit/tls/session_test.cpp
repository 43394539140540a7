#include "server/tls/session.hpp"
#include "test/support/certificates.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <sys/socket.h>
#include <unistd.h>

using namespace conclave;
using namespace conclave::test;

namespace {

/// Both ends of a connection on which nothing blocks.
class two_ends {
public:
    explicit two_ends(const public_key_infrastructure& keys) : context_(settings_of(keys)) {
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_.data());
        dialer.emplace(context_, sockets_[0], tls::session::side::dialer);
        acceptor.emplace(context_, sockets_[1], tls::session::side::acceptor);
    }

    ~two_ends() {
        for (const int each : sockets_) {
            ::close(each);
        }
    }

    two_ends(const two_ends&) = delete;
    two_ends& operator=(const two_ends&) = delete;

    void shake_hands() {
        bool is_done = false;
        while (!is_done) {
            const bool is_dialer_done = dialer->shake_hands() == tls::progress::done;
            is_done = acceptor->shake_hands() == tls::progress::done && is_dialer_done;
        }
    }

    void close_dialer() {
        ::close(sockets_[0]);
        sockets_[0] = -1;
    }

    std::optional<tls::session> dialer;
    std::optional<tls::session> acceptor;

private:
    static tls::settings settings_of(const public_key_infrastructure& keys) {
        tls::settings made;
        made.key_store.location = keys.key_store;
        made.trust_store.location = keys.trust_store;
        return made;
    }

    tls::context context_;
    std::array<int, 2> sockets_{};
};

} // namespace

TEST_CASE("tls session: octets pass and the end is announced", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    both.shake_hands();
    CHECK(both.acceptor->peer_subject() == "CN=server");
    CHECK(both.acceptor->is_peer_named("127.0.0.1"));
    CHECK(both.acceptor->is_peer_named("localhost"));
    CHECK_FALSE(both.acceptor->is_peer_named("10.0.0.1"));
    CHECK(both.dialer->write_some("hello").size == 5);
    std::array<char, 16> into{};
    CHECK(both.acceptor->read_some(into).size == 5);
    CHECK(both.acceptor->read_some(into).is == tls::progress::wants_read);
    CHECK(both.dialer->end_output() == tls::progress::done);
    CHECK(both.acceptor->read_some(into).is == tls::progress::ended);
    // The other direction goes on.
    CHECK(both.acceptor->write_some("answer").size == 6);
    CHECK(both.dialer->read_some(into).size == 6);
}

TEST_CASE("tls session: what does not fit into a buffer is held", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    both.shake_hands();
    CHECK(both.dialer->write_some("hello").size == 5);
    std::array<char, 4> into{};
    CHECK(both.acceptor->read_some(into).size == 4);
    CHECK(both.acceptor->holds_input());
    CHECK(both.acceptor->read_some(into).size == 1);
    CHECK_FALSE(both.acceptor->holds_input());
}

TEST_CASE("tls session: what comes right behind the handshake is held", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    CHECK(both.dialer->shake_hands() == tls::progress::wants_read);
    CHECK(both.acceptor->shake_hands() == tls::progress::wants_read);
    CHECK(both.dialer->shake_hands() == tls::progress::done);
    CHECK(both.dialer->write_some("hello").size == 5);
    CHECK(both.acceptor->shake_hands() == tls::progress::done);
    CHECK(both.acceptor->holds_input());
    std::array<char, 16> into{};
    CHECK(both.acceptor->read_some(into).size == 5);
    CHECK_FALSE(both.acceptor->holds_input());
}

TEST_CASE("tls session: writing waits while the other side does not read", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    both.shake_hands();
    const bytes large(std::size_t{4} << 20U, 'x');
    std::size_t written = 0;
    tls::transfer last{tls::progress::done, 0};
    while (last.is == tls::progress::done) {
        last = both.dialer->write_some(bytes_view{large}.substr(written));
        written += last.size;
    }
    CHECK(last.is == tls::progress::wants_write);
    std::size_t received = 0;
    std::vector<char> into(std::size_t{64} << 10U);
    while (received < large.size()) {
        received += both.acceptor->read_some(into).size;
        if (written < large.size()) {
            written += both.dialer->write_some(bytes_view{large}.substr(written)).size;
        }
    }
    CHECK(received == large.size());
}

TEST_CASE("tls session: a connection that is gone is a failure and no signal", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    both.shake_hands();
    both.close_dialer();
    CHECK(both.acceptor->write_some("hello").is == tls::progress::failed);
    CHECK(both.acceptor->failure() == "Broken pipe");
    CHECK(both.acceptor->write_some("hello").is == tls::progress::failed);
    std::array<char, 4> into{};
    CHECK(both.acceptor->read_some(into).is == tls::progress::failed);
}

TEST_CASE("tls session: an end without announcement is an end all the same", "[tls]") {
    const public_key_infrastructure keys;
    two_ends both{keys};
    both.shake_hands();
    both.close_dialer();
    std::array<char, 4> into{};
    CHECK(both.acceptor->read_some(into).is == tls::progress::ended);
}
