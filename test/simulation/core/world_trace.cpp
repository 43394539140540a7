/// A run for the eye: one line per event, and where everybody stands.
#include "test/simulation/core/server.hpp"

#include <fmt/format.h>

#include <iostream>

namespace conclave::simulation {

void world::trace(const server& of, const std::string& what) {
    for (const char each : what) {
        trace_hash_ = (trace_hash_ ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
    }
    trace_hash_ ^= static_cast<std::uint64_t>(now_.count()) + of.id.value;
    if (options_.is_traced) {
        std::cout << fmt::format(
            "{:>12.6f} {} {}\n", static_cast<double>(now_.count()) / 1e9, of.id.value, what
        );
    }
}

/// Only for the eye: not part of the hash.
void world::trace_message(const server& from, const zab::outgoing& sent) const {
    std::string text;
    if (const auto* each = std::get_if<zab::campaign_message>(&sent.what)) {
        text = fmt::format("campaign {} last=0x{:x}", each->asked.to.value, each->last.at.value);
    } else if (const auto* promise = std::get_if<zab::promise_message>(&sent.what)) {
        text = fmt::format(
            "promise {} reason={} last=0x{:x}",
            promise->asked.to.value,
            static_cast<int>(promise->reason),
            promise->state.last.at.value
        );
    } else if (const auto* follow = std::get_if<zab::follow_message>(&sent.what)) {
        text = fmt::format(
            "follow #{} last=0x{:x}", follow->number.value, follow->state.last.at.value
        );
    } else if (const auto* welcome = std::get_if<zab::welcome_message>(&sent.what)) {
        text = fmt::format(
            "welcome #{} epoch={} common=0x{:x}",
            welcome->number.value,
            welcome->leader.to.value,
            welcome->common.value
        );
    } else if (const auto* append = std::get_if<zab::append_message>(&sent.what)) {
        text = fmt::format(
            "append #{} epoch={} behind=0x{:x} count={} committed=0x{:x}",
            append->number.value,
            append->in.value,
            append->previous.at.value,
            append->entries.size(),
            append->committed.value
        );
    } else if (const auto* ack = std::get_if<zab::acknowledge_message>(&sent.what)) {
        text = fmt::format(
            "ack #{} epoch={} durable=0x{:x}", ack->number.value, ack->in.value, ack->durable.value
        );
    } else {
        text = fmt::format("message of type {}", sent.what.index());
    }
    std::cout << fmt::format(
        "{:>12.6f} {} -> {} {}\n",
        static_cast<double>(now_.count()) / 1e9,
        from.id.value,
        sent.to.value,
        text
    );
}

/// Where everybody stands, for the report of a violation.
std::string world::describe() const {
    std::string all;
    for (const auto& [id, each] : servers_) {
        if (each->core == nullptr) {
            all += fmt::format("\n  {} is down", id.value);
            continue;
        }
        const zab::core& core = *each->core;
        all += fmt::format(
            "\n  {} role={} epoch={} promised={}({}) last={:x} durable={:x} committed={:x} "
            "applied={:x} leader={} members",
            id.value,
            static_cast<int>(core.current_role()),
            core.current_epoch().value,
            core.promised().to.value,
            core.durable_promise().value,
            core.last().at.value,
            core.durable().value,
            core.committed().value,
            each->applied.at.value,
            core.leader().value
        );
        const auto list = [&](const zab::membership& in) {
            for (const zab::member& one : in.members) {
                all += fmt::format(
                    " {}{}/{}{}",
                    one.id.value,
                    one.is_voter ? "v" : "o",
                    one.weight,
                    one.storage == zab::storage_id{}                    ? "?"
                    : one.storage == servers_.at(one.id)->drive.storage ? ""
                                                                        : "!"
                );
            }
        };
        list(core.members().stable);
        if (core.members().is_joint) {
            all += " ->";
            list(core.members().pending);
        }
        for (const auto& [peer, follower] : core.followers()) {
            all += fmt::format(
                " [{}: mode={} sent={:x} matched={:x} in_flight={}]",
                peer.value,
                static_cast<int>(follower.mode),
                follower.sent.at.value,
                follower.matched.value,
                follower.in_flight.size()
            );
        }
        all += " links";
        for (const server_id peer : each->linked) {
            all += fmt::format(" {}", peer.value);
        }
    }
    return all;
}

} // namespace conclave::simulation
