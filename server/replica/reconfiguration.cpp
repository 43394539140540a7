/// Who belongs to the ensemble: what clients see of it at /zookeeper/config, and how they change it
/// (zab 5.1, 5.3; zookeeper-protocol 7.4, 7.5).
#include "server/replica/membership_text.hpp"
#include "server/replica/replica.hpp"
#include "server/tree/reserved.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"
#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

/// Voters without a vote: nobody has come under their id yet.
std::ptrdiff_t unseen_count(const zab::membership& members) {
    return std::count_if(members.members.begin(), members.members.end(), [](const auto& each) {
        return each.is_voter && each.storage == zab::storage_id{};
    });
}

} // namespace

bool replica::changes_members(const forwarded_request& request) const {
    return request.type == opcode::reconfig && !is_alone();
}

/// A storage that is being admitted holds up everything behind a reconfig for a moment; nobody
/// would understand why another change is said to be in progress.
bool replica::can_take(const forwarded_request& request) const {
    return core_->can_propose() && !(changes_members(request) && core_->is_admitting());
}

/// The checks in ZooKeeper's order (zookeeper-protocol 5.2).
result<zab::membership>
replica::judge_reconfig(server_id asker, const forwarded_request& request, bytes_view body) {
    if (!settings_.reconfig_enabled) {
        return unexpected{errc::reconfig_disabled};
    }
    if (const errc objection = objection_to_session(asker, request); objection != errc::ok) {
        return unexpected{objection};
    }
    reconfig_request asked;
    jute::reader in{body};
    in(asked);
    if (!in.ok()) {
        return unexpected{errc::marshalling_error};
    }
    if (!core_->can_change_membership()) {
        return unexpected{errc::reconfig_in_progress};
    }
    result<zab::membership> next =
        reconfigured(core_->members().stable, asked, settings_.reconfiguration);
    if (!next) {
        return next;
    }
    next = core_->with_storages(*std::move(next));
    if (!core_->could_decide(*next)) {
        return unexpected{errc::new_config_no_quorum};
    }
    if (!preparation_.may_write(tree::config_path, {request.session, request.who})) {
        return unexpected{errc::no_auth};
    }
    return next;
}

/// @return nothing if it was proposed, else why not.
std::optional<prepared_write> replica::propose_reconfig(
    server_id asker, std::uint64_t boot, const forwarded_request& request, bytes_view body
) {
    result<zab::membership> next = judge_reconfig(asker, request, body);
    if (!next) {
        preparation_.begin(false);
        return prepared_write{failure{next.error(), {}}, {}};
    }
    const zab::origin origin{asker, boot, request.sequence};
    const zxid at = core_->propose_membership(origin, *std::move(next));
    note_proposal(body.size());
    log(log_level::info,
        "reconfiguration proposed zxid=0x{:x} session=0x{:x} server={}",
        at.value,
        request.session.value,
        asker.value);
    return std::nullopt;
}

/// Entries that say who belongs to the ensemble.
void replica::apply_members(const zab::entry& committed) {
    const zxid known = members_.stable.configured;
    members_ = zab::members_after(members_, committed);
    if (committed.kind == zab::entry_kind::membership && is_own(committed)) {
        awaiting_activation_ = take_own(committed);
    }
    const bool is_activation = committed.kind == zab::entry_kind::activation;
    if (members_.stable.configured != known) {
        publish_members({committed.at, committed.time_ms});
    } else if (is_activation) {
        log(log_level::info,
            "storage of a member admitted zxid=0x{:x} unseen={}",
            committed.at.value,
            unseen_count(members_.stable));
    }
    if (is_activation && awaiting_activation_) {
        answer_reconfig(*std::exchange(awaiting_activation_, std::nullopt));
    }
}

void replica::publish_members(const tree::apply_context& context) {
    bytes text = config_text(members_.stable);
    if (text.empty()) {
        return; // it runs alone
    }
    for (const zab::member& each : members_.stable.members) {
        log(log_level::info, "member server.{}={}", each.id.value, each.address);
    }
    log(log_level::info,
        "membership in force version=0x{:x} voters={} observers={} unseen={}",
        members_.stable.configured.value,
        members_.stable.voter_count(),
        members_.stable.members.size() - members_.stable.voter_count(),
        unseen_count(members_.stable));
    tree::set_data what;
    what.path = tree::config_path;
    what.data = std::move(text);
    what.version = -1; // whatever it was: seen on 3.8.0
    members_text_ = what.data;
    const result<tree::change_result> done = tree_.apply(std::move(what), context, *this);
    CONCLAVE_ASSERT(done);
}

/// A server that ran alone and is configured as a member of an ensemble now: those whom its
/// configuration names become its members as soon as a quorum of them follows.
void replica::adopt_configured_members() {
    const std::vector<zab::member>& now = members_.stable.members;
    const bool was_alone = now.size() == 1 && now.front().address.empty();
    if (is_alone() || !was_alone || !is_leading() || !core_->can_change_membership()) {
        return;
    }
    zab::membership next = core_->with_storages(settings_.ensemble);
    if (core_->could_decide(next)) {
        core_->propose_membership(zab::origin{settings_.self, settings_.boot, 0}, std::move(next));
    }
}

/// The reply shows the node as it is now.
void replica::answer_reconfig(in_flight request) {
    audit(request, {});
    connection* from = find(request.from);
    const waiting_request* waiting = from == nullptr || from->close_after_output
                                         ? nullptr
                                         : from->waiting.find(request.sequence);
    if (waiting == nullptr) {
        ++counters_.replies_without_receiver;
        return;
    }
    const std::optional<tree::node_view> node = tree_.find(tree::config_path);
    CONCLAVE_ASSERT(node);
    bytes reply;
    {
        const jute::frame_scope frame{reply};
        jute::writer to{reply};
        to(reply_header{waiting->header.id, last_applied_.at, errc::ok});
        to(node->data, node->to_stat());
    }
    answer_waiting(*from, request.sequence, std::move(reply));
}

} // namespace conclave::replica
