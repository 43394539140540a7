#include "server/net/tls_acceptor.hpp"

#include "server/net/client_connection.hpp"
#include "server/net/resolve.hpp"
#include "server/net/tls_progress.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <array>
#include <unistd.h>
#include <utility>

namespace conclave::net {

namespace {

/// For the other side to read why it was refused.
constexpr std::chrono::milliseconds farewell_timeout{2'000};

} // namespace

/// One connection from its acceptance to its shard, or to its end. Kept alive by what it waits for.
class tls_acceptor::handshake : public std::enable_shared_from_this<handshake> {
public:
    handshake(
        tcp_socket socket,
        const tcp::endpoint& peer,
        io_shard& shard,
        entrance through,
        tls_acceptor& owner
    )
        : socket_(std::move(socket))
        , peer_(peer)
        , shard_(shard)
        , through_(through)
        , owner_(owner)
        , deadline_(owner.own_) {}

    void start() {
        ++owner_.counters_.handshakes_open;
        limit(owner_.settings_.detection_timeout);
        wait(tcp_socket::wait_read, &handshake::on_first_octet);
    }

private:
    using step = void (handshake::*)();

    void wait(tcp_socket::wait_type what, step next) {
        socket_.async_wait(what, [self = shared_from_this(), next](error_code failed) {
            if (failed || self->is_out_of_time_) {
                self->finish();
            } else {
                ((*self).*next)();
            }
        });
    }

    /// From now on; in place of the limit before.
    void limit(std::chrono::milliseconds time) {
        deadline_.expires_after(time);
        deadline_.async_wait([self = shared_from_this(), time](error_code cancelled) {
            // One that was moved or cancelled in the same moment may come all the same.
            const bool is_due = self->deadline_.expiry() <= std::chrono::steady_clock::now();
            if (!cancelled && is_due && self->socket_.is_open()) {
                self->on_deadline(time);
            }
        });
    }

    void on_deadline(std::chrono::milliseconds time) {
        if (!has_failed_) {
            note_failure(fmt::format("no handshake within {} ms", time.count()));
        }
        is_out_of_time_ = true;
        error_code ignored; // what waits for the socket comes to its end now
        socket_.cancel(ignored);
    }

    void on_first_octet() {
        char first = 0;
        error_code failed;
        socket_.receive(asio::buffer(&first, 1), tcp_socket::message_peek, failed);
        if (failed == asio::error::would_block) {
            return wait(tcp_socket::wait_read, &handshake::on_first_octet);
        }
        if (failed) {
            return finish(); // it was only a look whether the port is open
        }
        if (first == tls_handshake_record) {
            limit(owner_.settings_.handshake_timeout);
            session_ = std::make_unique<tls::session>(
                owner_.keys_->current(), socket_.native_handle(), tls::session::side::acceptor
            );
            return shake_hands();
        }
        if (through_ == entrance::either) {
            return hand_over();
        }
        fail("it does not speak TLS");
    }

    void shake_hands() {
        switch (const tls::progress is = session_->shake_hands()) {
        case tls::progress::wants_read:
        case tls::progress::wants_write:
            return wait(wait_of(is), &handshake::shake_hands);
        case tls::progress::done:
            return on_secured();
        case tls::progress::ended:
            return fail("it ended the connection within the handshake");
        case tls::progress::failed:
            return fail(session_->failure());
        }
    }

    void on_secured() {
        const std::string address = peer_.address().to_string();
        if (owner_.settings_.verifies_host_name && session_->peer_subject() &&
            !session_->is_peer_named(address)) {
            return fail("its certificate is not for its address");
        }
        hand_over();
    }

    /// The socket moves to the loop of its shard.
    void hand_over() {
        error_code failed;
        const tcp protocol = socket_.local_endpoint(failed).protocol();
        const auto descriptor = socket_.release(failed);
        tcp_socket moved{shard_.context()};
        moved.assign(protocol, descriptor, failed);
        if (failed) {
            ::close(descriptor);
            return finish();
        }
        moved.non_blocking(true, failed); // one that breaks now is found broken by its first read
        stream_socket secured{std::move(moved), std::move(session_)};
        const auto added = std::make_shared<client_connection>(std::move(secured), peer_, shard_);
        asio::post(shard_.context(), [added] { added->start(); });
        is_handed_over_ = true;
        finish();
    }

    /// Closing at once might reset the connection, and the other side would never know why.
    void fail(std::string_view why) {
        note_failure(why);
        error_code failed;
        socket_.shutdown(tcp_socket::shutdown_send, failed);
        if (failed) {
            return finish();
        }
        limit(farewell_timeout);
        wait(tcp_socket::wait_read, &handshake::drain);
    }

    void drain() {
        std::array<char, 4096> unwanted{};
        error_code failed;
        socket_.read_some(asio::buffer(unwanted), failed);
        if (failed && failed != asio::error::would_block) {
            return finish();
        }
        wait(tcp_socket::wait_read, &handshake::drain);
    }

    void note_failure(std::string_view why) {
        has_failed_ = true;
        ++owner_.counters_.handshakes_failed;
        owner_.log_.line(
            std::chrono::steady_clock::now(),
            log_level::warning,
            "TLS handshake failed peer={} reason=\"{}\"",
            endpoint_text(peer_),
            why
        );
    }

    /// Last of all, once.
    void finish() {
        deadline_.cancel();
        error_code ignored; // the descriptor is gone in any case
        socket_.close(ignored);
        --owner_.counters_.handshakes_open;
        if (!is_handed_over_) {
            ++owner_.counters_.closed;
            owner_.release_(peer_.address());
        }
    }

    tcp_socket socket_;
    tcp::endpoint peer_;
    io_shard& shard_;
    entrance through_;
    tls_acceptor& owner_;
    timer deadline_;
    std::unique_ptr<tls::session> session_;
    bool has_failed_ = false;
    bool is_out_of_time_ = false;
    bool is_handed_over_ = false;
};

tls_acceptor::tls_acceptor(
    asio::io_context& own,
    client_tls_settings configured,
    network_counters& counters,
    std::function<void(const asio::ip::address&)> release
)
    : own_(own)
    , settings_(std::move(configured))
    , counters_(counters)
    , release_(std::move(release))
    , keys_(std::make_shared<tls_keys>(own, own, settings_.keys, "clients")) {
    if (settings_.reloads_files) {
        keys_->follow_files(settings_.reload_interval);
    }
}

void tls_acceptor::accept(
    tcp_socket socket, const tcp::endpoint& peer, io_shard& shard, entrance through
) {
    asio::post(own_, [this, socket = std::move(socket), peer, &shard, through]() mutable {
        begin(std::move(socket), peer, shard, through);
    });
}

void tls_acceptor::begin(
    tcp_socket socket, const tcp::endpoint& peer, io_shard& shard, entrance through
) {
    if (counters_.handshakes_open < settings_.handshake_count_max) {
        const auto added =
            std::make_shared<handshake>(std::move(socket), peer, shard, through, *this);
        return added->start();
    }
    ++counters_.handshakes_refused;
    ++counters_.closed;
    log_.line(
        std::chrono::steady_clock::now(),
        log_level::warning,
        "TLS handshake refused peer={} reason=\"{} are under way\"",
        endpoint_text(peer),
        settings_.handshake_count_max
    );
    release_(peer.address());
}

} // namespace conclave::net
