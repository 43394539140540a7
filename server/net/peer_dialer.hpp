/// Dials one peer until there is a link.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/peer_settings.hpp"

#include <boost/asio/ip/basic_resolver.hpp>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace conclave::net {

/// What a dialer reports. `on_connected` and `on_dial_refused` never come from within a call of the
/// dialer.
class peer_dialer_owner {
public:
    /// A connection is there; `on_handshake_failed` or `on_link_up` must follow.
    virtual void on_connected(server_id peer, tcp_socket socket, const tcp::endpoint& remote) = 0;

    /// One address, or the name, led nowhere.
    virtual void
    on_dial_failed(server_id peer, const std::string& address, const std::string& sentence) = 0;

    /// In this round every address has refused.
    virtual void on_dial_refused(server_id peer) = 0;

protected:
    ~peer_dialer_owner() = default;
};

/// A round goes through all endpoints of the peer and all addresses of each, and ends with the
/// first link; the name is resolved anew each time. Between rounds there is a pause that grows, and
/// is short again after a link that has lasted.
///
/// A name is resolved on the thread that Asio keeps for this, one at a time for all dialers of a
/// context; when it takes too long or fails, the addresses of the last answer are dialed instead.
///
/// One thread; kept alive by what it waits for. The owner is not used after `stop`.
class peer_dialer final : public std::enable_shared_from_this<peer_dialer> {
public:
    /// Begins with `dial`.
    peer_dialer(
        asio::io_context& context,
        server_id peer,
        const peer_limits& limits,
        peer_dialer_owner& owner
    );
    peer_dialer(const peer_dialer&) = delete;
    peer_dialer& operator=(const peer_dialer&) = delete;

    /// From the next round on; begins one at once if the dialer is pausing and these are new.
    void set_endpoints(const std::vector<peer_endpoint>& endpoints);

    [[nodiscard]] const std::vector<peer_endpoint>& endpoints() const { return endpoints_; }

    /// Begins to dial. Precondition: there is no link.
    void dial();

    /// The connection that was reported last has failed.
    void on_handshake_failed();

    /// By this dialer's connection or another one: it rests.
    void on_link_up();

    /// Dials again, at once if the link has lasted.
    void on_link_lost(std::chrono::steady_clock::duration lasted);

    void stop();

private:
    using resolver = asio::ip::basic_resolver<tcp, executor>;

    /// An endpoint and where it was last found.
    struct way {
        peer_endpoint to;
        std::vector<tcp::endpoint> known;
        bool is_being_resolved = false;
    };

    enum class phase { resting, pausing, resolving, connecting, shaking, stopped };

    void next_endpoint();
    void resolve();
    void look_up(const std::shared_ptr<way>& which);
    void on_resolved(const error_code& failed);
    void next_address();
    void connect(const tcp::endpoint& to);
    void on_connected(error_code failed, const tcp::endpoint& to);
    void pause();
    void give_up_attempt();

    template <class Handler>
    void wait(std::chrono::milliseconds time, Handler handler);

    peer_dialer_owner& owner_;
    server_id peer_;
    const peer_limits limits_;
    std::vector<peer_endpoint> endpoints_;
    std::vector<std::shared_ptr<way>> ways_; ///< one for each endpoint
    phase phase_ = phase::resting;
    std::uint64_t attempt_ = 0; ///< what waits under another number is over

    std::size_t at_ = 0;                ///< the endpoint whose addresses are being dialed
    std::deque<tcp::endpoint> to_dial_; ///< its addresses
    bool has_refusal_ = false;          ///< in this round
    bool has_other_failure_ = false;    ///< in this round

    std::chrono::milliseconds pause_;
    resolver resolver_;
    tcp_socket socket_;
    timer timer_;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace conclave::net
