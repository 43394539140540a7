/// One server, its disk and its clients in one thread under one seed.
///
/// Everything that could happen at the same time in reality is an event here, and the seed decides
/// which comes next: a frame arrives, the disk finishes a write, a checkpoint is done, time passes,
/// the power fails in the middle of any of them. The same seed gives the same run, always.
#pragma once

#include "server/log/log_writer.hpp"
#include "server/replica/replica.hpp"
#include "test/simulation/client.hpp"
#include "test/support/memory_file_system.hpp"
#include "test/support/memory_tables.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conclave::simulation {

/// What a run reached, added up over many runs: a counter that stays at zero means that the
/// simulator does not test what it says (zab 7.7).
struct coverage {
    std::uint64_t events = 0;
    std::uint64_t replies = 0;
    std::uint64_t power_losses = 0;
    std::uint64_t kills = 0;
    std::uint64_t crashes_inside_disk_operations = 0;
    std::uint64_t torn_tails = 0;
    std::uint64_t failed_syncs = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t failed_checkpoints = 0;
    std::uint64_t crashes_during_checkpoint = 0;
    std::uint64_t segments_rolled = 0;
    std::uint64_t segments_purged = 0;
    std::uint64_t sessions_resumed = 0;
    std::uint64_t sessions_expired = 0;
    std::uint64_t writes_lost_unacknowledged = 0;

    void add(const coverage& other);

    /// Name and value of each counter, in order.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> rows() const;
};

class world {
public:
    /// `trace`: print a line per event.
    world(std::uint64_t seed, bool trace);

    /// Runs `steps` events, then lets everything settle and compares the whole state.
    /// @throws std::runtime_error naming the invariant that does not hold.
    void run(std::size_t steps);

    [[nodiscard]] const coverage& reached() const { return coverage_; }

    /// A hash over every event and reply: equal for equal seeds.
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

private:
    /// What the server asked its disk to do and has not heard of yet.
    struct pending_write {
        zab::operation_id operation;
        std::vector<zab::log_record> records;
    };

    /// An entry as its leader made it.
    struct made_entry {
        std::int64_t time_ms{};
        bytes body;
        std::optional<replica::transaction> what; ///< nothing: an EpochStart
    };

    void step();
    void client_step(client& of);
    void connect(client& who);
    void disk_step();
    [[nodiscard]] bool write_and_sync();
    void checkpoint_step();
    void time_step();
    void crash();
    void start();
    void settle();

    void take_outputs();
    void note_records(const std::vector<zab::log_record>& records);
    void judge_frames();
    void advance_model(zxid to);
    void check_recovered();
    void compare_everything();
    void note(const std::string& event);

    [[nodiscard]] replica::instant now() const { return now_; }

    generator random_;
    bool trace_;
    coverage coverage_;
    std::uint64_t fingerprint_ = 0;
    replica::instant now_{std::chrono::hours{1}, 1'700'000'000'000};
    std::uint64_t boots_ = 0;

    test::memory_file_system files_;
    test::memory_tables tables_;
    std::unique_ptr<replica::replica> server_;
    std::unique_ptr<txnlog::log_writer> log_;
    std::vector<pending_write> writes_;
    std::shared_ptr<const tree::change_set> checkpoint_;
    std::optional<zxid> purge_to_;

    std::vector<std::unique_ptr<client>> clients_;
    std::map<replica::connection_id, client*> by_connection_;
    std::vector<replica::connection_id> closing_;
    std::vector<replica::connection_id> has_more_; ///< replies, as soon as it is told to go on

    std::map<zxid, made_entry> made_; ///< the history, as far as it is not known to be lost
    zxid
        seen_by_clients_; ///< the newest zxid that any client was told of: must never be lost (I12)
    model model_;
};

} // namespace conclave::simulation
