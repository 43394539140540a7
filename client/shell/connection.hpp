/// The shell's session, asked as if each call blocked.
#pragma once

#include "client/shell/event_loop.hpp"
#include "client/shell/failure.hpp"

#include <conclave/client/session.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace conclave::shell {

template <class Operation>
using reply_to = result<typename Operation::result_type, std::error_code>;

/// One session. A call starts its operations and runs the event loop until the answers are there,
/// so watch events are seen meanwhile, and Ctrl-C cancels (`std::errc::interrupted`).
///
/// Owner: the shell; on its one thread. The loop must outlive it.
class connection {
public:
    /// @param limit  for each operation, the wait for a server included
    /// @throws std::invalid_argument if the settings make no sense
    connection(event_loop& loop, const client::settings& chosen, std::chrono::milliseconds limit);

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Begins to look for a server, for as long as `settings::connect_timeout` says.
    void open();

    /// Waits until a server has accepted the session, or says why none has.
    std::error_code await_open(std::chrono::milliseconds limit);

    /// @param limit  instead of that of the constructor
    template <class Operation>
    reply_to<Operation>
    ask(Operation what, std::optional<std::chrono::milliseconds> limit = std::nullopt);

    /// All at once; the replies in the same order. On Ctrl-C those that are missing are
    /// `std::errc::interrupted`.
    template <class Operation>
    std::vector<reply_to<Operation>> ask_all(
        std::vector<Operation> what, std::optional<std::chrono::milliseconds> limit = std::nullopt
    );

    std::error_code add_auth(std::string_view scheme, bytes_view data);

    /// Ends the session at the server; waits a second for the confirmation.
    void close();

    /// Called with each state that follows, for as long as this object lives.
    void on_state(std::function<void(client::session_state)> callback);

    [[nodiscard]] client::session_state state() const { return session_.state(); }

    [[nodiscard]] std::error_code lost_reason() const { return session_.lost_reason(); }

    [[nodiscard]] const client::session& session() const { return session_; }

    [[nodiscard]] event_loop& loop() { return loop_; }

private:
    void await_state();
    [[nodiscard]] std::error_code explained(const boost::system::error_code& failed) const;

    event_loop& loop_;
    std::chrono::milliseconds limit_;
    client::session session_;
    client::state_watch states_;
    std::function<void(client::session_state)> state_changed_;
    std::optional<std::error_code> opened_;
    std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
};

/// The first error among replies, empty if there is none.
template <class Reply>
std::error_code first_error(const std::vector<Reply>& replies) {
    for (const Reply& each : replies) {
        if (!each) {
            return each.error();
        }
    }
    return {};
}

} // namespace conclave::shell
