/// The agreed history and every state that it went through: what all servers and clients are
/// judged by. A second, slow and simple implementation of what transactions do.
#pragma once

#include "server/replica/transaction.hpp"
#include "server/zab/history.hpp"
#include "test/simulation/ensemble/coverage.hpp"
#include "test/simulation/ensemble/journal.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "conclave/protocol.hpp"

namespace conclave::ensemble {

/// A znode from `since` on, until its next version.
struct node_version {
    zxid since;
    bool exists = false;
    std::shared_ptr<const bytes> data; ///< null: no data
    stat about;
    std::int64_t owner{};
    std::uint64_t children_hash{}; ///< sum over the hashes of their names
};

/// A change that watches may tell of.
struct trigger {
    zxid at;
    event_type type{};
    bytes path;
};

struct committed_entry {
    zab::shared_entry what;
    std::optional<replica::transaction> transaction; ///< of an application's entry
};

/// When a session was opened and closed; zero: not.
struct session_life {
    zxid opened;
    zxid closed;
    std::int32_t timeout_ms{};
};

[[nodiscard]] std::uint64_t hash_of_name(bytes_view name);

/// How long a container that never had a child stays.
inline constexpr std::chrono::milliseconds container_never_used{1500};

/// Data that clients write begins with a tag that no other request bears: "<client>.<number> ".
/// @return nothing if it is none.
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint64_t>>
tag_of(const std::optional<bytes>& data);

/// Checked with each entry (zab 1.4): one history (I5, I11, I20), no request twice (I22), requests
/// of a client in the order of their sending (G2), transactions that fit the state before them
/// (I26), ephemerals that end with their sessions (I29, I30), nothing of a session after its end
/// (I31), one change of the membership at a time (I35), nodes removed by the leader itself in their
/// time only.
class chronicle {
public:
    chronicle();

    /// The next entry that some server takes for committed. @throws violation
    void append(const zab::shared_entry& next);

    [[nodiscard]] const zab::position& newest() const { return newest_; }

    [[nodiscard]] std::size_t entry_count() const { return entries_.size(); }

    /// Null if nothing was committed there.
    [[nodiscard]] const committed_entry* find(zxid at) const;

    /// The node as it was behind `at`; null if it never was.
    [[nodiscard]] const node_version* node(const bytes& path, zxid at) const;

    /// The node as it is now exists.
    [[nodiscard]] bool exists(const bytes& path) const;

    /// In the order of the history.
    [[nodiscard]] const std::vector<trigger>& triggers() const { return triggers_; }

    /// Null if it was never opened.
    [[nodiscard]] const session_life* session(session_id id) const;

    [[nodiscard]] const std::map<session_id, session_life>& sessions() const { return sessions_; }

    [[nodiscard]] std::size_t open_session_count() const { return open_count_; }

    /// Every path that ever was.
    [[nodiscard]] const std::map<bytes, std::vector<node_version>>& nodes() const { return nodes_; }

    [[nodiscard]] std::size_t node_count() const { return node_count_; }

    /// Who decides behind the newest entry.
    [[nodiscard]] const zab::membership_state& members() const { return members_; }

    /// Adds what was seen in the history to what runs reached.
    void count(coverage& reached) const;

private:
    void apply(const zab::entry& from, const replica::transaction& what);
    void apply_members(const zab::entry& from);
    void note_activation(const zab::entry& from, const zab::membership& before);
    void check_reaped(const tree::delete_node& what);
    void apply(const tree::create_node& what, session_id by);
    void apply(const tree::delete_node& what);
    void apply(const tree::set_data& what);
    void apply(const tree::set_acl& what);
    void apply(const replica::open_session& what);
    void apply(const replica::close_session& what);
    void take_tag(const std::optional<bytes>& data);
    void remove(const bytes& path);
    void note_child(const bytes& parent, bytes_view name, bool is_added);
    void
    put_reserved(const bytes& path, std::int32_t children, std::int32_t cversion, int aversion);
    [[nodiscard]] const node_version* newest_version(const bytes& path) const;
    node_version& change(const bytes& path);

    zab::position newest_;
    zxid at_; ///< of the entry that is being applied
    std::int64_t time_ms_ = 0;
    std::unordered_map<zxid, committed_entry> entries_;
    std::map<bytes, std::vector<node_version>> nodes_;
    std::vector<trigger> triggers_;
    std::map<session_id, session_life> sessions_;
    std::map<session_id, std::set<bytes>> ephemerals_;
    std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>> origins_;
    std::map<std::uint32_t, std::uint64_t> newest_tag_; ///< of each client
    std::size_t open_count_ = 0;
    std::size_t node_count_ = 0;
    zab::membership_state members_;
    coverage seen_; ///< of what the history tells
};

} // namespace conclave::ensemble
