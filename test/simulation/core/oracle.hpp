/// What must be true whatever happens (zab 1.4): knows everything that any server ever wrote, sent
/// or decided, and throws at the first contradiction.
#pragma once

#include "server/zab/core.hpp"
#include "test/simulation/core/disk.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace conclave::simulation {

struct violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One start of one server.
struct incarnation {
    server_id id;
    std::uint64_t boot{};

    friend auto operator<=>(const incarnation&, const incarnation&) = default;
};

class oracle {
public:
    /// A server appends to its log in memory, as leader or as follower.
    void on_append(const incarnation& by, const zab::core& of, const zab::entry& next);

    /// A record of it became durable. `image` is what its disk holds now.
    void on_durable(const incarnation& by, const log_image& image);

    /// A message leaves. `image`: what the sender's disk holds.
    void on_send(
        const incarnation& by, const zab::core& of, const log_image& image, const zab::message& what
    );

    /// Its commit point has moved from `before`.
    void on_commit(const incarnation& by, const zab::core& of, zxid before);

    /// It is handed an entry to apply.
    void on_apply(
        const incarnation& by,
        const zab::position& applied,
        const zab::entry& next,
        const log_image& image
    );

    /// It truncates its log in memory to `keep`; up to `committed` it knew to be decided before.
    void on_truncate(const incarnation& by, const zab::core& of, zxid keep, zxid committed);

    /// The origin of an entry tells its client that it was done.
    void on_acknowledged(zxid at) { acknowledged_ = std::max(acknowledged_, at); }

    /// Newest write that any client knows to be done.
    [[nodiscard]] zxid acknowledged() const { return acknowledged_; }

    /// A disk was emptied or lost by intent.
    void forgive(const zab::storage_id& storage) { forgiven_.insert(storage); }

    void on_barrier(zxid confirmed_at, zxid acknowledged_before);

    /// After a crash: what was promised and acknowledged is still there (I40).
    void check_recovered(const zab::storage_id& storage, const log_image& image) const;

    /// I12: a quorum of the membership in force holds everything committed. Servers by id.
    void check_durable(
        const zab::membership_state& members, const std::map<server_id, const disk*>& disks
    ) const;

    [[nodiscard]] const zab::position& newest_committed() const { return newest_; }

    [[nodiscard]] std::size_t committed_count() const { return committed_.size(); }

private:
    void check_complete(const incarnation& by, const zab::core& of, zxid start) const;

    struct made_entry {
        zab::chain_hash chain;
        incarnation by;
        zxid previous;
    };

    struct told {
        epoch promised;
        zab::position acknowledged;
    };

    std::unordered_map<zxid, made_entry> made_;

    struct committed_entry {
        zab::chain_hash chain;
        epoch in; ///< whose leader committed it first
    };

    std::map<zxid, committed_entry> committed_;
    zab::position newest_;
    std::map<epoch, incarnation> leaders_;
    std::map<std::pair<zab::storage_id, epoch>, zab::promise> granted_;
    std::map<zab::storage_id, told> told_;
    std::set<std::uint64_t> origins_;
    std::set<zab::storage_id> forgiven_;
    zxid acknowledged_;
};

} // namespace conclave::simulation
