/// What stands behind the handles of a session: the machine, and the sockets and timers that do
/// what it says.
#pragma once

#include "client/protocol/chroot.hpp"
#include "client/protocol/session_machine.hpp"
#include "client/src/connection.hpp"
#include "client/src/dialer.hpp"
#include "client/src/pending_operation.hpp"
#include "client/src/prober.hpp"

#include <conclave/client/session.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unordered_map>

namespace conclave::client {

/// All on the session's executor. Decides nothing: inputs go to the machine, `pump` carries out
/// what comes back. User code is called from `pump` only, so that it may call anything.
class session_core : public std::enable_shared_from_this<session_core> {
public:
    session_core(const asio::any_io_executor& executor, settings chosen, connect_string where);

    void connect(detail::time_limit limit, plain_handler handler);
    void close(plain_handler handler);
    void authenticate(credentials proof, plain_handler handler);

    template <class Operation>
    void start(
        const Operation& what,
        detail::time_limit limit,
        asio::any_completion_handler<signature_of<Operation>> handler
    );

    /// The last handle is gone.
    void stop();

    [[nodiscard]] std::shared_ptr<detail::event_channel<session_state>> watch_state();

    /// Ends the session if a server can have ended it by now.
    [[nodiscard]] session_state state();
    [[nodiscard]] std::optional<server_address> server() const;

    [[nodiscard]] const session_machine& machine() const { return machine_; }

    [[nodiscard]] const asio::any_io_executor& executor() const { return home_.io; }

private:
    class pump_scope;

    [[nodiscard]] std::optional<time_point> deadline_after(detail::time_limit limit) const;
    operation_id add(std::unique_ptr<pending_operation> added);
    std::shared_ptr<watch_channel> make_watch(watch_id id);
    void forget_watch(watch_id id);

    void schedule_pump();
    void pump();
    void carry_out(dial& asked);
    void carry_out(hang_up& asked);
    void carry_out(probe& asked);
    void carry_out(completion& done);
    void carry_out(watch_notice& notice);
    void carry_out(watch_ended& ended);
    void carry_out(state_change& changed);

    void on_dialled(error_code failed, std::unique_ptr<stream> opened);
    void read();
    void on_read(connection& from, error_code failed, std::size_t size);
    void write();
    void on_written(error_code failed);
    void arm_timer();
    void on_timer();
    void finish_connecting(error_code outcome);
    void give_up_connecting(error_code why);

    home_executor home_;
    settings settings_;
    std::vector<server_address> servers_;
    chroot root_;
    session_machine machine_;
    operation_table operations_;

    std::deque<output> undelivered_;
    bool is_pumping_ = false;
    bool is_pump_scheduled_ = false;

    std::size_t dialled_server_ = 0;
    std::shared_ptr<dialer> dialer_;
    std::shared_ptr<prober> prober_;
    std::shared_ptr<connection> connection_;
    asio::basic_waitable_timer<session_clock> timer_;
    std::optional<time_point> timer_set_to_;

    plain_handler connecting_;
    bool has_started_ = false;
    asio::steady_timer connect_timer_;

    std::uint64_t last_watch_ = 0;
    std::unordered_map<watch_id, std::shared_ptr<watch_channel>> watches_;
    std::vector<std::weak_ptr<detail::event_channel<session_state>>> state_watches_;
};

} // namespace conclave::client
