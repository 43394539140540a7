/// Joins the replica to sockets, disk and clock: the core thread's event loop.
#pragma once

#include "server/net/client_network.hpp"
#include "server/net/client_service.hpp"
#include "server/net/ensemble_links.hpp"
#include "server/net/event_loops.hpp"
#include "server/net/settings.hpp"
#include "server/replica/ports.hpp"
#include "server/replica/replica.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace conclave::net {

/// How four-letter words are answered. With an empty `argument_size` there are none.
struct word_port {
    /// The number of octets that belong to the word, behind it; nothing if these four octets are
    /// none. Any thread.
    std::function<std::optional<std::size_t>(bytes_view first_four)> argument_size;

    /// The text; nothing: the connection is closed without one. Core thread.
    std::function<std::optional<bytes>(bytes_view word, bytes_view argument, replica::instant now)>
        answer;
};

/// How long an orderly stop may take.
struct stop_limits {
    std::chrono::milliseconds clients{5'000};     ///< for output to leave and connections to close
    std::chrono::milliseconds checkpoint{30'000}; ///< for the last checkpoint
};

/// Inputs are given to the replica as they come; outputs are taken once per batch, when everything
/// that was ready has been looked at: one submission to the log, one write per connection. Both
/// clocks are read once per batch.
///
/// Lives on the thread that calls `run`. The replica and the disk's ports must outlive it; the
/// disk's threads must have ended, or be silent, before it is destroyed, because they report to it.
class core_loop final : private client_service {
public:
    /// Opens the listening sockets.
    /// @throws std::runtime_error with a sentence for the operator
    core_loop(
        network_settings configured,
        replica::replica& server,
        replica::log_port& log,
        replica::checkpoint_port& checkpoints,
        word_port words
    );
    ~core_loop() override;
    core_loop(const core_loop&) = delete;
    core_loop& operator=(const core_loop&) = delete;

    /// Starts the replica, which has recovered, and accepts clients; returns when `stop` has taken
    /// its course, or when the replica needs a restart and its clients are gone. Whatever the
    /// replica throws (`tree::corrupt_state`) comes out here: the server cannot go on.
    void run();

    /// The other servers of the ensemble, what reads the log and the checkpoint for them, and who
    /// is told the text of each membership that comes into force. Before `run`; all must outlive
    /// the loop's last batch.
    void join_ensemble(
        ensemble_links& links,
        replica::history_port& history,
        replica::snapshot_port& snapshots,
        std::function<void(const bytes&)> on_members
    );

    /// To be called on the core thread as soon as the replica has started. Before `run`.
    void call_when_started(std::function<void()> what) { when_started_ = std::move(what); }

    /// Takes what the replica tells for the audit log, on the core thread; must not wait. Before
    /// `run`.
    void set_audit(std::function<void(std::vector<replica::audit_event>)> to) {
        audit_ = std::move(to);
    }

    /// For inputs that come by other ways: opens a batch and gives its time. Core thread.
    [[nodiscard]] replica::instant begin_input();

    // ---- any thread ----

    void on_history(
        const zab::history_request& request, std::optional<std::vector<zab::shared_entry>> read
    );
    void on_snapshot_opened(const zab::snapshot_request& request, zab::base_state of);
    void on_snapshot_read(const zab::snapshot_read_request& request, bytes content, bool is_last);
    void on_snapshot_failed(server_id peer, zab::attachment number);
    void on_snapshot_stored(zab::attachment number, std::uint64_t offset);
    void on_snapshot_refused(zab::attachment number);

    /// Begins an orderly stop: accepts nobody, closes all connections, asks for a last checkpoint
    /// and waits for it. A second call changes nothing.
    void stop(stop_limits limits = {});

    void on_persisted(zab::operation_id operation);
    void on_checkpoint(bool succeeded);
    void refuse_writes(bool refused);
    void limit_log_room(std::uint64_t size);

    [[nodiscard]] const client_network& network() const { return network_; }

    // ---- core thread, and before `run` ----

    /// A client inside this process, without a socket: it speaks frames like any other. `to` is
    /// called on the core thread with frames (lengths included), and with `is_over` when nothing
    /// more will come; it must not call back. It says false if it takes no more: the client is
    /// closed then, as one whose socket is full.
    using local_receiver = std::function<bool(bytes frames, bool is_over)>;
    [[nodiscard]] replica::connection_id
    open_local(replica::peer_address peer, const identities& granted, local_receiver to);

    /// Whole frames, lengths included. The client bounds what it has asked and not been answered.
    void send_local(replica::connection_id from, bytes_view frames);

    /// `to` is not called again.
    void close_local(replica::connection_id gone);

    /// For signals and whatever else is to happen on the core thread.
    [[nodiscard]] asio::io_context& context() { return loops_.core(); }

    /// For what has to do with TLS and takes long. Has a thread if this is called before `run`.
    [[nodiscard]] asio::io_context& tls_context() { return loops_.tls(); }

private:
    enum class stop_phase {
        running,
        closing_clients,
        waiting_for_checkpoint,
        closing_for_restart,
        stopped,
    };

    // core_clients.cpp
    void on_connect(const connection_pointer& from) override;
    void on_frames(const connection_pointer& from, bytes_view frames) override;
    void on_ready(const connection_pointer& from) override;
    void on_room(const connection_pointer& from) override;
    void on_word(const connection_pointer& from, bytes_view word, bytes_view argument) override;
    void on_disconnect(const connection_pointer& gone) override;
    [[nodiscard]] std::optional<std::size_t> word_argument_size(bytes_view first_four
    ) const override;
    [[nodiscard]] bytes_view feed(client_connection& from, bytes_view frames);
    [[nodiscard]] bool has_room_for_replies();
    void deliver_outputs();
    void give_turns();
    void deliver_to_local(replica::client_output output);
    void close_all_local();
    void close_all(delivery::next_step how);

    // core_loop.cpp
    void open_batch();
    void close_batch();
    void hand_to_disk();
    void hand_to_peers();
    void hand_to_snapshots();
    void arm_timer();
    void on_timer();
    void begin_stop(stop_limits limits);
    void begin_restart();
    void close_clients(std::chrono::milliseconds limit, delivery::next_step how);
    void continue_stop();
    void limit_stop(std::chrono::milliseconds from_now);
    void on_stop_limit();

    event_loops loops_;
    replica::replica& replica_;
    replica::log_port& log_;
    replica::checkpoint_port& checkpoints_;
    word_port words_;
    ensemble_links* links_ = nullptr;
    replica::history_port* history_ = nullptr;
    std::function<void(const bytes&)> on_members_;
    std::function<void(std::vector<replica::audit_event>)> audit_;
    replica::snapshot_port* snapshots_ = nullptr;
    client_network network_;

    std::function<void()> when_started_;
    replica::instant now_; ///< of the open batch
    bool is_batch_open_ = false;
    std::int64_t reply_size_at_open_ = 0; ///< the replica's counter when the batch was opened
    replica::outputs outputs_;            ///< kept for its memory
    timer deadline_timer_;
    std::optional<replica::time_point> armed_for_;
    bool is_checkpoint_running_ = false;

    stop_phase stopping_ = stop_phase::running;
    stop_limits stop_limits_;
    timer stop_timer_;

    std::unordered_map<replica::connection_id, connection_pointer> clients_;
    std::unordered_map<replica::connection_id, local_receiver> local_clients_;
    std::vector<connection_pointer> waiting_for_turn_; ///< the core has their turn
};

} // namespace conclave::net
