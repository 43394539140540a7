/// An ensemble of whole servers with their clients, network, disks and clocks, in one thread under
/// one seed (zab 7, the full profile).
#pragma once

#include "test/simulation/ensemble/client.hpp"
#include "test/simulation/ensemble/server.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace conclave::ensemble {

struct world_options {
    std::uint64_t seed = 1;
    std::uint64_t events = 60'000;
    bool is_traced = false;
};

struct world_result {
    std::uint64_t events = 0;
    std::uint64_t trace_hash = 0;
    std::size_t committed = 0;
    nanoseconds simulated{};
    coverage reached;
};

class world final : public client_host {
public:
    explicit world(world_options options);
    ~world() override;

    /// Runs the faults, then heals everything, waits for agreement and compares all states.
    /// @throws violation
    world_result run();

private:
    /// The link between two servers. What is sent on it arrives in order, or never, once it broke.
    struct link {
        std::uint64_t generation = 0;
        bool is_up = false;

        struct end {
            std::uint64_t told_up = 0;    ///< the generation that this end knows to be up, if not 0
            nanoseconds newest_arrival{}; ///< of what this end sent
            std::deque<bytes> held;       ///< sent by this end, held by a partition
        };

        std::map<server_id, end> ends;
    };

    /// A connection of a client.
    struct connection {
        std::uint32_t client{};
        server_id server;
        std::uint64_t boot{};
        replica::connection_id at_server{};
        bool is_known = false; ///< the server has accepted it
        bool client_is_there = true;
        bool server_is_there = true;
        bool is_cut = false; ///< nothing gets through, in either direction
        bool was_established = false;
        bool is_early = false; ///< its session is not applied at the server yet
        bool saw_leader_change = false;
        epoch began_in;                 ///< of its server, when it was established
        bool has_left_requests = false; ///< its client had asked elsewhere, and left unanswered
        session_id session;
        zxid seen;               ///< by its client, when it connected
        nanoseconds to_server{}; ///< newest arrival
        nanoseconds to_client{};
        std::deque<bytes> inbox; ///< frames at the server that it has not taken yet
        std::deque<std::function<void()>> held;
    };

    // world.cpp
    void every(nanoseconds interval, void (world::*what)());
    void heal_everything();
    void settle_down();
    void check_final_state();
    void check_quiet();
    void check_server_state(const server& of);
    void search_linearization();
    [[nodiscard]] bool is_level() const;
    [[nodiscard]] std::string describe() const;
    void add_server(std::uint32_t id);

    // world_servers.cpp
    void start(server& of);
    void stop(server& of, bool loses_power);
    void recover(server& of);
    [[nodiscard]] replica::instant clock_of(const server& of) const;
    [[nodiscard]] replica::settings settings_of(const server& of);
    void input(server& to, std::function<void(replica::replica&)> what);
    void after_input(server& of);
    void flush(server& of);
    void follow_history(server& of, zxid applied);
    void observe(server& of);
    void note_role(server& of);
    void arm(server& of);
    void resume(server& of);
    void write(server& of, zab::operation_id operation, std::vector<zab::log_record> records);
    void begin_write(server& of);
    void prune_log(server& of, zxid covered);
    void write_checkpoint(server& of, std::shared_ptr<const tree::change_set> changes);
    void read_history(server& of, const zab::history_request& wanted);
    void check_base(const server& of, const std::vector<zab::log_record>& completed) const;
    void check_expiries(server& of, const std::vector<zab::log_record>& records);
    void check_durable() const;

    // world_snapshots.cpp
    void open_snapshot(server& of, const zab::snapshot_request& wanted);
    void read_snapshot(server& of, const zab::snapshot_read_request& wanted);
    void store_piece(server& of, zab::snapshot_piece piece);
    void take_piece(server& of, const zab::snapshot_piece& piece);
    void install_snapshot(server& of);
    void restart_if_wanted(server& of);
    void move_snapshots(server& of, replica::outputs& out);

    // world_links.cpp
    [[nodiscard]] link& link_of(server_id one, server_id other);
    void dial(server_id one, server_id other);
    void dial_everybody(server_id from);
    void break_link(server_id one, server_id other, zab::link_loss how);
    void tell_link_up(server& at, server_id peer, std::uint64_t generation);
    void tell_link_down(server& at, server_id peer, std::uint64_t generation, zab::link_loss how);
    void transmit(server& from, server_id to, bytes frame);
    void carry(server_id from, server_id to, std::uint64_t generation, bytes frame);
    void arrive(server_id from, server_id to, std::uint64_t generation, bytes frame);
    void release_held(server_id from, server_id to);
    void note_sessions(server& at, server_id from, bytes_view frame);
    [[nodiscard]] bool can_reach(server_id from, server_id to) const;

    // world_clients.cpp
    connection_number connect(std::uint32_t client, std::uint32_t server) override;
    void send(connection_number on, bytes frame) override;
    void close(connection_number which) override;
    void act(std::uint32_t number);
    void carry(connection_number on, nanoseconds connection::*newest, std::function<void()> what);
    void let_through(connection_number on, std::function<void()> what);
    void release_held(connection_number on);
    void feed(server& at, connection_number which);
    void feed_held_back(server& at);
    void deliver(server& from, replica::client_output output);
    void note_closing(const server& by, const connection& closed);
    void check_closing(const server& by, const connection& closed) const;

    [[nodiscard]] bool is_out_of_patience(const server& with_clients) const;
    void lose_connections_of(server& gone);
    void client_lost(connection_number which);

    // world_faults.cpp
    void crash_one();
    void crash_leader();
    void crash(server& victim);
    void crash_all();
    void partition();
    void heal();
    void pause_one();
    void transfer_one();
    void fill_disk();
    void cut_client();
    void checkpoint_one();
    void clock_jump();
    void wipe_one();
    [[nodiscard]] bool may_lose(const server& victim) const;
    server& any_server();
    [[nodiscard]] server* leading();

    world_options options_;
    random_source random_;
    random_source network_random_;
    random_source disk_random_;
    random_source fault_random_;
    fault_plan plan_;
    schedule events_;
    journal journal_;
    coverage reached_;
    chronicle history_;
    real_time_order order_;
    bool is_healing_ = false;
    std::uint64_t next_boot_ = 1;
    connection_number next_connection_ = 1;
    zab::membership founders_;
    secret password_key_{};
    std::map<server_id, std::unique_ptr<server>> servers_;
    std::vector<std::unique_ptr<client>> clients_;
    std::map<std::pair<server_id, server_id>, link> links_;
    std::set<std::pair<server_id, server_id>> cut_; ///< directed
    std::unordered_map<connection_number, connection> connections_;
    std::map<std::pair<server_id, replica::connection_id>, connection_number> by_server_;
    std::unordered_map<zxid, tree::digest> digests_;
    /// The connections that began before a server asked the leader for the session on behalf of one
    /// that its client had left.
    std::unordered_map<session_id, connection_number> left_behind_;
    std::vector<connection_number> lost_; ///< scratch of `lose_connections_of`
};

} // namespace conclave::ensemble
