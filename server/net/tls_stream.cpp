#include "server/net/tls_stream.hpp"

#include "server/net/stream_socket.hpp"
#include "server/net/tls_progress.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace conclave::net {

namespace {

/// What is gathered for one write: a few records, so that small frames share one.
constexpr std::size_t staging_size = std::size_t{64} << 10U;

class tls_stream final : public peer_stream {
public:
    tls_stream(tcp_socket socket, std::shared_ptr<const tls_keys> keys, peer_tls_policy policy)
        : raw_(std::move(socket)), keys_(std::move(keys)), policy_(policy) {
        error_code ignored; // a connection that breaks now is found broken by its first read
        raw_.non_blocking(true, ignored);
    }

    void start(peer_side side, started done) override {
        side_ = side;
        if (side == peer_side::acceptor) {
            return wait(tcp_socket::wait_read, std::move(done), &tls_stream::on_first_octet);
        }
        asio::post(raw_.get_executor(), [this, done = std::move(done)]() mutable {
            policy_.dials_secure ? begin(std::move(done)) : open(std::move(done));
        });
    }

    void read_some(asio::mutable_buffer into, transferred done) override {
        error_code failed;
        const std::size_t size =
            open_->read_some({static_cast<char*>(into.data()), into.size()}, failed);
        if (failed == asio::error::would_block) {
            return open_->async_wait_readable(
                [this, into, done = std::move(done)](error_code cancelled) mutable {
                    cancelled ? done(cancelled, 0) : read_some(into, std::move(done));
                }
            );
        }
        finish(std::move(done), failed, size);
    }

    void write_some(const std::vector<asio::const_buffer>& from, transferred done) override {
        staged_.clear();
        for (const asio::const_buffer& each : from) {
            const std::size_t size = std::min(each.size(), staging_size - staged_.size());
            staged_.append(static_cast<const char*>(each.data()), size);
        }
        write_staged(std::move(done));
    }

    void end_output() override {
        error_code ignored; // a broken connection is found so by its reader
        open_->end_output(ignored);
    }

    void close(bool abort) override {
        error_code ignored; // the descriptor is gone in any case
        if (!open_) {
            raw_.close(ignored);
        } else if (abort) {
            open_->abort();
        } else {
            open_->close();
        }
    }

    [[nodiscard]] std::optional<std::string> failure() const override {
        const tls::session* const session = open_ ? open_->tls() : session_.get();
        if (failure_.empty() && session != nullptr && !session->failure().empty()) {
            return session->failure();
        }
        return failure_.empty() ? std::nullopt : std::optional{failure_};
    }

    [[nodiscard]] bool may_be_at(const std::vector<std::string>& hosts) const override {
        const bool is_verified = side_ == peer_side::dialer
                                     ? policy_.verifies_dialed
                                     : policy_.verifies_dialed && policy_.verifies_accepted;
        if (!is_verified || open_->tls() == nullptr) {
            return true;
        }
        return std::any_of(hosts.begin(), hosts.end(), [this](const std::string& each) {
            return open_->tls()->is_peer_named(each);
        });
    }

private:
    using step = void (tls_stream::*)(started);

    void wait(tcp_socket::wait_type what, started done, step next) {
        raw_.async_wait(what, [this, done = std::move(done), next](error_code failed) mutable {
            failed ? done(failed) : (this->*next)(std::move(done));
        });
    }

    void on_first_octet(started done) {
        char first = 0;
        error_code failed;
        raw_.receive(asio::buffer(&first, 1), tcp_socket::message_peek, failed);
        if (failed) {
            return done(failed);
        }
        if (first == tls_handshake_record) {
            return begin(std::move(done));
        }
        if (policy_.accepts_plain) {
            return open(std::move(done));
        }
        give_up("it does not speak TLS", std::move(done));
    }

    void begin(started done) {
        const tls::session::side own = side_ == peer_side::acceptor ? tls::session::side::acceptor
                                                                    : tls::session::side::dialer;
        session_ = std::make_unique<tls::session>(keys_->current(), raw_.native_handle(), own);
        shake_hands(std::move(done));
    }

    void shake_hands(started done) {
        switch (const tls::progress is = session_->shake_hands()) {
        case tls::progress::wants_read:
        case tls::progress::wants_write:
            return wait(wait_of(is), std::move(done), &tls_stream::shake_hands);
        case tls::progress::done:
            return open(std::move(done));
        case tls::progress::ended:
            return give_up("it ended the connection within the handshake of TLS", std::move(done));
        case tls::progress::failed:
            return give_up(session_->failure(), std::move(done));
        }
    }

    void open(started done) {
        open_.emplace(std::move(raw_), std::move(session_));
        done({});
    }

    /// Closing at once might reset the connection, and the other side would never know why.
    void give_up(std::string why, started done) {
        failure_ = std::move(why);
        error_code failed;
        raw_.shutdown(tcp_socket::shutdown_send, failed);
        failed ? done(failed) : wait(tcp_socket::wait_read, std::move(done), &tls_stream::drain);
    }

    void drain(started done) {
        std::array<char, 4096> unwanted{};
        error_code failed;
        raw_.read_some(asio::buffer(unwanted), failed);
        if (failed && failed != asio::error::would_block) {
            return done(failed);
        }
        wait(tcp_socket::wait_read, std::move(done), &tls_stream::drain);
    }

    /// The octets stay the same until some of them are written, as TLS demands.
    void write_staged(transferred done) {
        error_code failed;
        std::size_t size = 0;
        while (!failed && size < staged_.size()) {
            size += open_->write_some(bytes_view{staged_}.substr(size), failed);
        }
        if (size == 0 && failed == asio::error::would_block) {
            return open_->async_wait_writable([this, done = std::move(done)](error_code cancelled
                                              ) mutable {
                cancelled ? done(cancelled, 0) : write_staged(std::move(done));
            });
        }
        // What stopped it behind these octets is met again by the next write.
        finish(std::move(done), size == 0 ? failed : error_code{}, size);
    }

    /// Not within the call that began it.
    void finish(transferred done, error_code failed, std::size_t size) {
        asio::post(open_->get_executor(), [done = std::move(done), failed, size] {
            done(failed, size);
        });
    }

    tcp_socket raw_; ///< until it is open
    std::shared_ptr<const tls_keys> keys_;
    const peer_tls_policy policy_;
    peer_side side_{};
    std::unique_ptr<tls::session> session_; ///< until it is open
    std::string failure_;
    std::optional<stream_socket> open_;
    bytes staged_;
};

} // namespace

peer_stream_factory make_tls_streams(std::shared_ptr<const tls_keys> keys, peer_tls_policy policy) {
    return [keys = std::move(keys), policy](tcp_socket socket) {
        return std::make_unique<tls_stream>(std::move(socket), keys, policy);
    };
}

} // namespace conclave::net
