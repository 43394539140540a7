#include "test/simulation/ensemble/chronicle.hpp"

#include "server/replica/membership_text.hpp"
#include "server/tree/node.hpp"
#include "server/tree/reserved.hpp"

#include <algorithm>
#include <charconv>

#include "conclave/path.hpp"

namespace conclave::ensemble {

std::uint64_t hash_of_name(bytes_view name) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char each : name) {
        hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
    }
    return hash * 0x9e3779b97f4a7c15U;
}

std::optional<std::pair<std::uint32_t, std::uint64_t>> tag_of(const std::optional<bytes>& data) {
    if (!data) {
        return std::nullopt;
    }
    const char* const end = data->data() + data->size();
    std::pair<std::uint32_t, std::uint64_t> tag;
    const auto client = std::from_chars(data->data(), end, tag.first);
    if (client.ec != std::errc{} || client.ptr == end || *client.ptr != '.') {
        return std::nullopt;
    }
    const auto number = std::from_chars(client.ptr + 1, end, tag.second);
    return number.ec == std::errc{} ? std::optional{tag} : std::nullopt;
}

chronicle::chronicle() {
    put_reserved("/", 1, -1, 0);
    put_reserved("/zookeeper", 2, -2, 0);
    put_reserved("/zookeeper/config", 0, 0, -1);
    put_reserved("/zookeeper/quota", 0, 0, 0);
    nodes_["/"].back().children_hash = hash_of_name("zookeeper");
    nodes_["/zookeeper"].back().children_hash = hash_of_name("config") + hash_of_name("quota");
}

void chronicle::put_reserved(
    const bytes& path, std::int32_t children, std::int32_t cversion, int aversion
) {
    node_version node;
    node.exists = true;
    node.data = std::make_shared<const bytes>();
    node.about.num_children = children;
    node.about.cversion = cversion;
    node.about.aversion = aversion;
    nodes_[path].push_back(std::move(node));
    ++node_count_;
}

const committed_entry* chronicle::find(zxid at) const {
    const auto found = entries_.find(at);
    return found == entries_.end() ? nullptr : &found->second;
}

const node_version* chronicle::node(const bytes& path, zxid at) const {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) {
        return nullptr;
    }
    const std::vector<node_version>& versions = found->second;
    const auto behind = std::upper_bound(
        versions.begin(),
        versions.end(),
        at,
        [](zxid left, const node_version& right) { return left < right.since; }
    );
    return behind == versions.begin() ? nullptr : &*std::prev(behind);
}

const node_version* chronicle::newest_version(const bytes& path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : &found->second.back();
}

bool chronicle::exists(const bytes& path) const {
    const node_version* const node = newest_version(path);
    return node != nullptr && node->exists;
}

const session_life* chronicle::session(session_id id) const {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : &found->second;
}

void chronicle::append(const zab::shared_entry& next) {
    if (next->previous != newest_.at || next->at <= newest_.at) {
        violated(
            "I11: 0x{:x} is committed behind 0x{:x}, not behind 0x{:x}",
            next->at.value,
            next->previous.value,
            newest_.at.value
        );
    }
    at_ = next->at;
    time_ms_ = next->time_ms;
    newest_ = next->where();
    committed_entry added{next, std::nullopt};
    if (next->kind == zab::entry_kind::application) {
        added.transaction = replica::decode_transaction(next->body);
        if (!added.transaction) {
            violated("a committed transaction cannot be decoded");
        }
        if (!origins_.insert({next->from.server.value, next->from.boot, next->from.sequence})
                 .second) {
            violated(
                "I22: request {} of server {} is committed twice",
                next->from.sequence,
                next->from.server.value
            );
        }
        apply(*next, *added.transaction);
    } else {
        apply_members(*next);
    }
    entries_.emplace(next->at, std::move(added));
}

/// What clients see of the membership changes when an operator's change is in force.
void chronicle::apply_members(const zab::entry& from) {
    if (from.kind == zab::entry_kind::membership && members_.is_joint) {
        violated("I35: a change of the membership at 0x{:x} before the last one", from.at.value);
    }
    const zab::membership before = members_.stable;
    members_ = zab::members_after(members_, from);
    if (from.kind == zab::entry_kind::activation) {
        note_activation(from, before);
    }
    if (members_.stable.configured == before.configured) {
        return;
    }
    node_version& node = change(bytes{tree::config_path});
    node.data = std::make_shared<const bytes>(replica::config_text(members_.stable));
    node.about.data_length = static_cast<std::int32_t>(node.data->size());
    node.about.version = -1;
    node.about.mzxid = at_;
    node.about.mtime_ms = time_ms_;
    triggers_.push_back({at_, event_type::data_changed, bytes{tree::config_path}});
}

void chronicle::note_activation(const zab::entry& from, const zab::membership& before) {
    const zab::membership& now = members_.stable;
    if (now.configured == before.configured) {
        ++seen_.storages_admitted;
        return;
    }
    ++seen_.reconfigurations;
    seen_.reconfigurations_over_leaders += now.version.in_epoch() < from.at.in_epoch() ? 1 : 0;
    seen_.leaders_removed += now.find(from.from.server) == nullptr ? 1 : 0;
    seen_.ensembles_of_one += now.voter_count() == 1 ? 1 : 0;
}

void chronicle::count(coverage& reached) const {
    reached.ephemerals_removed_by_close += seen_.ephemerals_removed_by_close;
    reached.storages_admitted += seen_.storages_admitted;
    reached.reconfigurations += seen_.reconfigurations;
    reached.reconfigurations_over_leaders += seen_.reconfigurations_over_leaders;
    reached.leaders_removed += seen_.leaders_removed;
    reached.ensembles_of_one += seen_.ensembles_of_one;
    reached.containers_reaped += seen_.containers_reaped;
    reached.expired_nodes_reaped += seen_.expired_nodes_reaped;
}

void chronicle::apply(const zab::entry& from, const replica::transaction& what) {
    const bool is_failure = std::holds_alternative<replica::failure>(what.what);
    if (const session_life* by = session(what.session);
        by != nullptr && by->closed != zxid{} && !is_failure) {
        violated("I31: 0x{:x} belongs to a session that was closed before", from.at.value);
    }
    if (const auto* changes = std::get_if<replica::tree_changes>(&what.what)) {
        for (const tree::change& each : changes->changes) {
            if (const auto* created = std::get_if<tree::create_node>(&each)) {
                apply(*created, what.session);
            } else if (const auto* removed = std::get_if<tree::delete_node>(&each)) {
                if (what.session == session_id{}) {
                    check_reaped(*removed);
                }
                apply(*removed);
            } else if (const auto* set = std::get_if<tree::set_data>(&each)) {
                apply(*set);
            } else if (const auto* guarded = std::get_if<tree::set_acl>(&each)) {
                apply(*guarded);
            }
        }
    } else if (const auto* opened = std::get_if<replica::open_session>(&what.what)) {
        apply(*opened);
    } else if (const auto* closed = std::get_if<replica::close_session>(&what.what)) {
        apply(*closed);
    }
}

/// The version of the entry that is being applied.
node_version& chronicle::change(const bytes& path) {
    std::vector<node_version>& versions = nodes_[path];
    if (versions.empty()) {
        versions.emplace_back();
    } else if (versions.back().since != at_) {
        versions.push_back(versions.back());
    }
    versions.back().since = at_;
    return versions.back();
}

void chronicle::note_child(const bytes& parent, bytes_view name, bool is_added) {
    node_version& above = change(parent);
    const std::uint64_t hash = hash_of_name(name);
    above.children_hash += is_added ? hash : 0 - hash;
    above.about.num_children += is_added ? 1 : -1;
    ++above.about.cversion;
    above.about.pzxid = at_;
}

void chronicle::take_tag(const std::optional<bytes>& data) {
    const auto tag = tag_of(data);
    if (!tag) {
        return;
    }
    std::uint64_t& newest = newest_tag_[tag->first];
    if (tag->second == newest) {
        violated("I22: request {} of client {} took effect twice", tag->second, tag->first);
    }
    if (tag->second < newest) {
        violated(
            "G2: request {} of client {} took effect behind its request {}",
            tag->second,
            tag->first,
            newest
        );
    }
    newest = tag->second;
}

void chronicle::apply(const tree::create_node& what, session_id by) {
    take_tag(what.data);
    const bytes parent{path::parent_of(what.path)};
    if (exists(what.path) || !exists(parent) || newest_version(parent)->owner > 0) {
        violated("I26: {} is created where it cannot be", what.path);
    }
    if (what.owner > 0) {
        const session_id owner{what.owner};
        const session_life* const life = session(owner);
        if (life == nullptr || life->closed != zxid{} || owner != by) {
            violated("I29: the ephemeral {} has no living owner", what.path);
        }
        ephemerals_[owner].insert(what.path);
    }
    node_version& made = change(what.path);
    made.exists = true;
    made.data = what.data ? std::make_shared<const bytes>(*what.data) : nullptr;
    made.owner = what.owner;
    made.children_hash = 0;
    made.about = {};
    made.about.czxid = made.about.mzxid = made.about.pzxid = at_;
    made.about.ctime_ms = made.about.mtime_ms = time_ms_;
    made.about.data_length = static_cast<std::int32_t>(what.data ? what.data->size() : 0);
    made.about.ephemeral_owner = session_id{what.owner > 0 ? what.owner : 0};
    note_child(parent, path::name_of(what.path), true);
    ++node_count_;
    triggers_.push_back({at_, event_type::created, what.path});
    triggers_.push_back({at_, event_type::children_changed, parent});
}

void chronicle::apply(const tree::delete_node& what) {
    if (!exists(what.path) || newest_version(what.path)->about.num_children != 0) {
        violated("I26: {} is deleted although it cannot be", what.path);
    }
    remove(what.path);
}

/// A node that the leader removes of its own accord: a container that has lost its children, or
/// never had any for a while, or a node whose time is over.
void chronicle::check_reaped(const tree::delete_node& what) {
    const node_version* const node = newest_version(what.path);
    if (node == nullptr || !node->exists || node->owner >= 0) {
        violated("I26: {} is removed although nobody asked for it", what.path);
    }
    const std::int64_t age_ms = time_ms_ - node->about.mtime_ms;
    if (node->owner == tree::container_owner) {
        ++seen_.containers_reaped;
        if (node->about.cversion == 0 && age_ms <= container_never_used.count()) {
            violated("I26: the container {} goes after {} ms", what.path, age_ms);
        }
        return;
    }
    ++seen_.expired_nodes_reaped;
    if (age_ms <= (node->owner & ttl_max_ms)) {
        violated("I26: {} goes after {} ms, before its time", what.path, age_ms);
    }
}

void chronicle::remove(const bytes& path) {
    node_version& gone = change(path);
    if (gone.owner > 0) {
        ephemerals_[session_id{gone.owner}].erase(path);
    }
    gone.exists = false;
    gone.data = nullptr;
    const bytes parent{path::parent_of(path)};
    note_child(parent, path::name_of(path), false);
    --node_count_;
    triggers_.push_back({at_, event_type::deleted, path});
    triggers_.push_back({at_, event_type::children_changed, parent});
}

void chronicle::apply(const tree::set_data& what) {
    take_tag(what.data);
    if (!exists(what.path) || newest_version(what.path)->about.version + 1 != what.version) {
        violated("I26: {} is set to version {} out of turn", what.path, what.version);
    }
    node_version& node = change(what.path);
    node.data = what.data ? std::make_shared<const bytes>(*what.data) : nullptr;
    node.about.data_length = static_cast<std::int32_t>(what.data ? what.data->size() : 0);
    node.about.version = what.version;
    node.about.mzxid = at_;
    node.about.mtime_ms = time_ms_;
    triggers_.push_back({at_, event_type::data_changed, what.path});
}

void chronicle::apply(const tree::set_acl& what) {
    if (!exists(what.path) || newest_version(what.path)->about.aversion + 1 != what.aversion) {
        violated("I26: the ACL of {} is set out of turn", what.path);
    }
    change(what.path).about.aversion = what.aversion;
}

void chronicle::apply(const replica::open_session& what) {
    if (session(what.id) != nullptr) {
        violated("session 0x{:x} was opened twice", what.id.value);
    }
    sessions_[what.id] = {at_, {}, what.timeout_ms};
    ++open_count_;
}

void chronicle::apply(const replica::close_session& what) {
    const auto life = sessions_.find(what.id);
    if (life == sessions_.end() || life->second.closed != zxid{}) {
        violated("I31: session 0x{:x} is closed twice or was never opened", what.id.value);
    }
    std::set<bytes> owned = std::move(ephemerals_[what.id]);
    ephemerals_.erase(what.id);
    const std::vector<bytes> unnamed{owned.begin(), owned.end()};
    for (const bytes& path : what.are_named ? what.ephemerals : unnamed) {
        if (owned.erase(path) == 0) {
            violated("I30: {} goes with a session that does not own it", path);
        }
        ++seen_.ephemerals_removed_by_close;
        remove(path);
    }
    if (!owned.empty()) {
        violated("I30: {} outlives its session", *owned.begin());
    }
    life->second.closed = at_;
    --open_count_;
}

} // namespace conclave::ensemble
