/// What clients think of the answers.
#include "server/replica/writes.hpp"
#include "server/tree/node.hpp"
#include "server/tree/reserved.hpp"
#include "test/simulation/ensemble/client.hpp"

#include <algorithm>

#include "conclave/path.hpp"

namespace conclave::ensemble {

namespace {

bool is_create(opcode type) {
    return type == opcode::create || type == opcode::create_container || type == opcode::create_ttl;
}

bool is_plain_create(const asked_request& request) {
    return is_create(request.type) && request.mode != create_mode::persistent_sequential &&
           request.mode != create_mode::ephemeral_sequential;
}

/// What a client sees of the kind of node that it asked for.
std::int64_t owner_asked_for(const asked_request& request, session_id session) {
    switch (request.mode) {
    case create_mode::container:
        return tree::container_owner;
    case create_mode::persistent_ttl:
        return tree::ttl_owner(request.ttl_ms);
    case create_mode::ephemeral:
    case create_mode::ephemeral_sequential:
        return session.value;
    default:
        return 0;
    }
}

/// Of a multi: each code stands in its header and behind it.
bool tells_codes(bytes_view body, const std::vector<errc>& codes) {
    jute::reader in{body};
    return std::ranges::all_of(codes, [&](errc code) {
        multi_header header;
        std::int32_t repeated = 0;
        in(header, repeated);
        return header.error == static_cast<std::int32_t>(code) && repeated == header.error;
    });
}

} // namespace

void client::judge(const test::received_frame& frame, nanoseconds now) {
    if (frame.is_event()) {
        return judge_event(frame);
    }
    ++reached_.replies;
    if (waiting_.empty()) {
        violated("I24: {} got a reply that it did not ask for", name());
    }
    const asked_request request = std::move(waiting_.front());
    waiting_.pop_front();
    if (frame.header.id.value != request.id) {
        violated(
            "I24: {} got the reply to {} instead of {}", name(), frame.header.id.value, request.id
        );
    }
    const zxid at = frame.header.at;
    if (at < last_seen_) {
        violated(
            "I25: {} was at 0x{:x} and is answered at 0x{:x}", name(), last_seen_.value, at.value
        );
    }
    if (history_.newest().at < at) {
        violated("I23: {} is told of 0x{:x}, which nobody has applied", name(), at.value);
    }
    last_seen_ = at;
    if (is_local_) {
        return judge_in_read_only_mode(frame, request);
    }
    const session_life* const life = history_.session(session_);
    if (life->closed != zxid{} && at >= life->closed && request.type != opcode::close_session) {
        violated("I31: {} is answered at 0x{:x}, behind its session's end", name(), at.value);
    }
    if (request.type == opcode::set_watches2) {
        watches_.catch_up(history_, request.relative, at, caught_up_);
        caught_up_.clear();
    } else {
        watches_.on_reply(history_, at);
    }
    judge_reply(frame, request);
    note_answered(request, frame, now);
}

void client::judge_event(const test::received_frame& frame) {
    std::int32_t type = 0;
    std::int32_t state = 0;
    told_event told{frame.header.at, {}, {}};
    jute::reader{frame.body}(type, state, told.path);
    told.type = static_cast<event_type>(type);
    if (told.at == zxid{-1}) {
        ++reached_.catch_up_events;
        caught_up_.push_back(std::move(told));
        return;
    }
    ++reached_.events_received;
    if (told.at < last_seen_) {
        violated("I25: an event of 0x{:x} comes late to {}", told.at.value, name());
    }
    last_seen_ = told.at;
    watches_.on_event(history_, told);
}

void client::judge_reply(const test::received_frame& frame, const asked_request& request) {
    switch (request.type) {
    case opcode::ping:
    case opcode::set_watches2:
        return;
    case opcode::sync:
        if (frame.header.at < request.floor) {
            violated(
                "I27: the sync of {} was answered at 0x{:x}, and 0x{:x} had been answered before",
                name(),
                frame.header.at.value,
                request.floor.value
            );
        }
        ++reached_.syncs_completed;
        order_.newest_completed = std::max(order_.newest_completed, frame.header.at);
        return;
    case opcode::add_watch:
        return request.version == 0 ? watches_.add_persistent(request.path)
                                    : watches_.add_recursive(request.path);
    case opcode::exists:
    case opcode::get_data:
    case opcode::get_children2:
        return judge_read(frame, request);
    case opcode::reconfig:
        if (frame.header.error == errc::ok) {
            return judge_reconfig(frame, request);
        }
        ++reached_.reconfigurations_refused;
        return judge_write(frame, request);
    default:
        return judge_write(frame, request);
    }
}

void client::arm(const asked_request& request, errc outcome) {
    if (!request.is_watching) {
        return;
    }
    if (request.type == opcode::get_children2) {
        if (outcome == errc::ok) {
            watches_.add_child(request.path);
        }
    } else if (outcome == errc::ok || request.type == opcode::exists) {
        watches_.add_data(request.path, outcome == errc::ok);
    }
}

void client::judge_read(const test::received_frame& frame, const asked_request& request) {
    const node_version* const node = history_.node(request.path, frame.header.at);
    const bool exists = node != nullptr && node->exists;
    const errc expected = exists ? errc::ok : errc::no_node;
    const auto fail = [&](std::string_view what) {
        violated(
            "I26: {} asked for {} and got at 0x{:x} {}",
            name(),
            request.path,
            frame.header.at.value,
            what
        );
    };
    if (frame.header.error != expected) {
        fail(conclave::name(frame.header.error));
    }
    arm(request, expected);
    if (!exists) {
        return;
    }
    if (frame.stat_at_end() != node->about) {
        fail("a wrong stat");
    }
    jute::reader in{frame.body};
    if (request.type == opcode::get_data) {
        std::optional<bytes_view> data;
        in(data);
        if (data.has_value() != (node->data != nullptr) || (data && *data != *node->data)) {
            fail("wrong data");
        }
    } else if (request.type == opcode::get_children2) {
        std::int32_t count = 0;
        in(count);
        std::uint64_t hash = 0;
        for (std::int32_t index = 0; index < count; ++index) {
            bytes_view child;
            in(child);
            hash += hash_of_name(child);
        }
        if (!in.ok() || count != node->about.num_children || hash != node->children_hash) {
            fail("wrong children");
        }
    }
}

/// What the state before a request demands; nothing if this is not known so simply.
std::optional<errc> client::outcome_demanded(const asked_request& request, zxid before) const {
    const node_version* const node = history_.node(request.path, before);
    const bool exists = node != nullptr && node->exists;
    const auto version_is = [&](std::int32_t actual) {
        return request.version == -1 || request.version == actual;
    };
    if (is_create(request.type)) {
        const node_version* const parent =
            history_.node(bytes{path::parent_of(request.path)}, before);
        if (parent == nullptr || !parent->exists) {
            return errc::no_node;
        }
        if (exists && is_plain_create(request)) {
            return errc::node_exists;
        }
        return parent->owner > 0 ? errc::no_children_for_ephemerals : errc::ok;
    }
    if (request.type == opcode::remove || request.type == opcode::set_data) {
        if (!exists) {
            return errc::no_node;
        }
        if (!version_is(node->about.version)) {
            return errc::bad_version;
        }
        const bool has_children = request.type == opcode::remove && node->about.num_children > 0;
        return has_children ? errc::not_empty : errc::ok;
    }
    if (request.type == opcode::set_acl) {
        return !exists                            ? errc::no_node
               : version_is(node->about.aversion) ? errc::ok
                                                  : errc::bad_version;
    }
    return std::nullopt;
}

void client::judge_write(const test::received_frame& frame, const asked_request& request) {
    const zxid at = frame.header.at;
    if (frame.header.error == errc::not_read_only) {
        ++reached_.writes_refused_by_full_disk;
        return;
    }
    const committed_entry* const entry = history_.find(at);
    if (entry == nullptr || !entry->transaction || entry->transaction->session != session_) {
        violated(
            "I23: the reply at 0x{:x} does not belong to an entry of {}'s session", at.value, name()
        );
    }
    judge_place(frame, request);
    const replica::transaction& made = *entry->transaction;
    const auto* const failed = std::get_if<replica::failure>(&made.what);
    const errc outcome = failed == nullptr ? errc::ok : failed->error;
    if (frame.header.error != outcome) {
        violated("I23: reply and entry of {} differ in their outcome", name());
    }
    const std::optional<errc> demanded = outcome_demanded(request, entry->what->previous);
    if (demanded && *demanded != outcome) {
        violated(
            "I26: request {} of {} at 0x{:x} ended with {} instead of {}",
            request.id,
            name(),
            at.value,
            conclave::name(outcome),
            conclave::name(*demanded)
        );
    }
    if (failed != nullptr) {
        ++(request.type == opcode::multi ? reached_.multis_failed : reached_.writes_failed);
        if (request.type == opcode::multi && !tells_codes(frame.body, failed->operations)) {
            violated("I23: a failed multi tells {} wrong codes", name());
        }
        return;
    }
    ++reached_.writes_completed;
    judge_success(frame, request, made);
}

/// Where a write stands in the history.
void client::judge_place(const test::received_frame& frame, const asked_request& request) {
    const zxid at = frame.header.at;
    if (at <= last_write_) {
        violated("I24: two writes of {} have the place 0x{:x}", name(), at.value);
    }
    if (at <= request.floor) {
        violated(
            "I27: a write of {} stands at 0x{:x}, before 0x{:x} that had been answered before",
            name(),
            at.value,
            request.floor.value
        );
    }
    last_write_ = at;
    order_.newest_completed = std::max(order_.newest_completed, at);
}

/// It is answered when the membership is in force, with what everybody sees of it then.
void client::judge_reconfig(const test::received_frame& frame, const asked_request& request) {
    judge_place(frame, request);
    const committed_entry* const entry = history_.find(frame.header.at);
    const node_version* const node = history_.node(bytes{tree::config_path}, frame.header.at);
    std::optional<bytes_view> data;
    jute::reader{frame.body}(data);
    const bool is_right = entry != nullptr && entry->what->kind == zab::entry_kind::activation &&
                          node->about.mzxid == frame.header.at && data && *data == *node->data &&
                          frame.stat_at_end() == node->about;
    if (!is_right) {
        violated("I23: {} changed the membership and is told of another one", name());
    }
    ++reached_.writes_completed;
}

/// What the one server had applied when it lost its leader, and nothing else.
void client::judge_in_read_only_mode(
    const test::received_frame& frame, const asked_request& request
) {
    if (request.type == opcode::get_data) {
        ++reached_.read_only_replies;
        return judge_read(frame, request);
    }
    if (frame.header.error != errc::not_read_only) {
        violated("{} is answered a write by a server without a leader", name());
    }
    ++reached_.read_only_refusals;
}

void client::judge_success(
    const test::received_frame& frame,
    const asked_request& request,
    const replica::transaction& made
) {
    if (request.type == opcode::close_session) {
        const auto* const closed = std::get_if<replica::close_session>(&made.what);
        if (closed == nullptr || closed->id != session_) {
            violated("I23: {} closed its session, and something else happened", name());
        }
        ++reached_.sessions_closed_by_client;
        return;
    }
    const auto* const changes = std::get_if<replica::tree_changes>(&made.what);
    if (changes == nullptr || changes->changes.empty()) {
        violated("I23: a write of {} changed nothing", name());
    }
    const tree::change& first = changes->changes.front();
    const auto is_own = [&](const std::optional<bytes>& data) {
        const auto tag = tag_of(data);
        return tag && tag->second == request.tag;
    };
    bool is_right = true;
    if (is_create(request.type)) {
        const auto* const created = std::get_if<tree::create_node>(&first);
        is_right = created != nullptr && is_own(created->data) && frame.text() == created->path &&
                   created->path.starts_with(request.path) &&
                   created->owner == owner_asked_for(request, session_) &&
                   (request.type == opcode::create ||
                    frame.stat_at_end() == history_.node(created->path, frame.header.at)->about);
    } else if (request.type == opcode::set_data) {
        const auto* const set = std::get_if<tree::set_data>(&first);
        is_right = set != nullptr && is_own(set->data) && set->path == request.path &&
                   frame.stat_at_end() == history_.node(request.path, frame.header.at)->about;
    } else if (request.type == opcode::remove) {
        const auto* const removed = std::get_if<tree::delete_node>(&first);
        is_right = removed != nullptr && removed->path == request.path;
    }
    if (!is_right) {
        violated("I23: the reply to request {} of {} tells of another", request.id, name());
    }
}

} // namespace conclave::ensemble
