/// The replica of a server for tests, joined to sockets and a clock that can be moved.
#pragma once

#include "server/replica/replica.hpp"
#include "server/testing/connection.hpp"

#include <conclave/testing/server.hpp>

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace conclave::testing {

/// No checkpoint is ever written, so there are no rows but those that the replica holds itself.
class no_tables final : public tree::table_reader {
public:
    [[nodiscard]] std::optional<bytes_view> get(tree::table, bytes_view) const override {
        return std::nullopt;
    }

    void scan(tree::table, bytes_view, function_ref<bool(bytes_view, bytes_view)>) const override {}

    void refresh() override {}
};

/// Everything that `server` promises, on the thread that runs the context. Inputs go to the
/// replica, `pump` carries out what comes back; what is to be durable counts as durable at once.
class service {
public:
    struct planned_break {
        std::size_t after{}; ///< so many requests pass before
        server::last_request fate{};
        session_id of; ///< whose; 0: anybody's
    };

    /// Listens and serves. @throws boost::system::system_error if there is no port
    service(asio::io_context& context, const server_settings& chosen);

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    bool expire(session_id which);
    void advance(std::chrono::milliseconds by);
    void drop_connections();
    void partition();
    void heal();

    void break_after(planned_break planned) { break_ = planned; }

    [[nodiscard]] std::size_t connection_count() const {
        return connections_.size() + parting_.size();
    }

    [[nodiscard]] std::size_t request_count() const { return request_count_; }

    [[nodiscard]] std::size_t notification_count() const { return notification_count_; }

    [[nodiscard]] std::size_t session_count() const;

private:
    [[nodiscard]] replica::instant now() const;
    void accept();
    void admit(tcp::socket socket);
    void feed(connection& from);
    void take_frame(connection& from, bytes_view frame);
    [[nodiscard]] bool counts_for_break(const connection& from) const;
    void break_at(connection& from, bytes_view frame);
    void feed_all();
    void feed_stalled();
    void remove(replica::connection_id which);
    void pump();
    void take_outputs();
    void arm_timer();

    tcp::acceptor acceptor_;
    asio::steady_timer timer_;
    asio::steady_timer accept_pause_;
    no_tables tables_;
    secret password_key_;
    std::chrono::nanoseconds ahead_{0}; ///< of the real clocks
    std::unique_ptr<replica::replica> replica_;
    std::map<replica::connection_id, std::shared_ptr<connection>> connections_;
    /// The replica has done with them, but a partition keeps the end from their clients.
    std::vector<std::shared_ptr<connection>> parting_;
    std::optional<planned_break> break_;
    std::size_t request_count_ = 0;
    std::size_t notification_count_ = 0;
    bool is_partitioned_ = false;
};

} // namespace conclave::testing
