#include "test/simulation/core/oracle.hpp"

#include <fmt/format.h>

namespace conclave::simulation {

namespace {

std::string text(zxid at) {
    return fmt::format("{}.{}", at.in_epoch().value, at.counter());
}

template <class... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> what, Arguments&&... arguments) {
    throw violation{fmt::format(what, std::forward<Arguments>(arguments)...)};
}

} // namespace

/// I10, for what leaders of lower epochs have committed: a candidate that learns late that it had
/// won harms nobody. What the leader has let go of in memory is applied, so committed.
void oracle::check_complete(const incarnation& by, const zab::core& of, zxid start) const {
    auto newest = committed_.lower_bound(start);
    do {
        if (newest == committed_.begin()) {
            return;
        }
        --newest;
    } while (newest->second.in >= start.in_epoch());
    const auto place = of.entries().place(newest->first);
    const bool is_older = newest->first < of.entries().memory_base().at;
    if (!is_older && (!place || place->chain != newest->second.chain)) {
        fail(
            "I10: server {} leads epoch {} without {}, which is committed",
            by.id.value,
            start.in_epoch().value,
            text(newest->first)
        );
    }
}

void oracle::on_append(const incarnation& by, const zab::core& of, const zab::entry& next) {
    const auto known = made_.find(next.at);
    const bool leads =
        zab::is_leading(of.current_role()) && of.current_epoch() == next.at.in_epoch();
    if (known == made_.end()) {
        // It may have stepped down within the same input.
        const auto leader = leaders_.find(next.at.in_epoch());
        const bool has_led = leader != leaders_.end() && leader->second == by;
        if (!leads && !has_led) {
            fail("I8: server {} appends {}, which no leader made", by.id.value, text(next.at));
        }
        made_.emplace(next.at, made_entry{next.chain, by, next.previous});
        if (next.kind == zab::entry_kind::epoch_start) {
            const auto [first, is_new] = leaders_.emplace(next.at.in_epoch(), by);
            if (!is_new && first->second != by) {
                fail("I1: epoch {} has two leaders", next.at.in_epoch().value);
            }
            check_complete(by, of, next.at);
        }
        return;
    }
    if (known->second.chain != next.chain) {
        fail("I7: two histories at {}", text(next.at));
    }
    if (leads && known->second.by != by) {
        fail("I1: {} was made by two leaders", text(next.at));
    }
}

void oracle::on_durable(const incarnation& by, const log_image& image) {
    if (image.promised < image.end().at.in_epoch()) {
        fail(
            "I4: server {} holds {} but promised only {}",
            by.id.value,
            text(image.end().at),
            image.promised.value
        );
    }
}

void oracle::on_send(
    const incarnation& by, const zab::core& of, const log_image& image, const zab::message& what
) {
    const auto storage = of.storage();
    if (const auto* promise = std::get_if<zab::promise_message>(&what);
        promise != nullptr && promise->reason == zab::denial::none) {
        if (image.promised < promise->asked.to) {
            fail("I18: server {} tells a promise before it is durable", by.id.value);
        }
        const auto [granted, is_new] =
            granted_.emplace(std::pair{storage, promise->asked.to}, promise->asked);
        if (!is_new && granted->second != promise->asked) {
            fail("I3: server {} promised epoch {} twice", by.id.value, promise->asked.to.value);
        }
        told_[storage].promised = std::max(told_[storage].promised, promise->asked.to);
    }
    if (const auto* campaign = std::get_if<zab::campaign_message>(&what); campaign != nullptr) {
        if (image.promised < campaign->asked.to) {
            fail("F1: server {} campaigns before its own promise is durable", by.id.value);
        }
        const auto [granted, is_new] =
            granted_.emplace(std::pair{storage, campaign->asked.to}, campaign->asked);
        if (!is_new && granted->second != campaign->asked) {
            fail("I3: server {} promised epoch {} twice", by.id.value, campaign->asked.to.value);
        }
        told_[storage].promised = std::max(told_[storage].promised, campaign->asked.to);
    }
    if (const auto* ack = std::get_if<zab::acknowledge_message>(&what); ack != nullptr) {
        told& earlier = told_[storage];
        if (ack->in < earlier.promised) {
            fail("I18: server {} acknowledges an epoch below its promise", by.id.value);
        }
        if (image.promised != ack->in) {
            fail("I17: server {} acknowledges without a durable promise", by.id.value);
        }
        const auto known = made_.find(ack->durable);
        if (ack->durable > zxid{} && known != made_.end() &&
            !image.holds({ack->durable, known->second.chain})) {
            fail(
                "I17: server {} acknowledges {} before it is durable",
                by.id.value,
                text(ack->durable)
            );
        }
        if (known != made_.end() && ack->durable > earlier.acknowledged.at) {
            earlier.acknowledged = {ack->durable, known->second.chain};
        }
    }
}

void oracle::on_commit(const incarnation& by, const zab::core& of, zxid before) {
    if (of.committed() < before) {
        fail("I13: the commit point of server {} goes back", by.id.value);
    }
    const zab::history& entries = of.entries();
    for (std::size_t index = entries.index_behind(before); index < entries.memory_count();
         ++index) {
        const zab::entry& each = *entries[index];
        if (each.at > of.committed()) {
            break;
        }
        const auto [known, is_new] =
            committed_.emplace(each.at, committed_entry{each.chain, of.current_epoch()});
        if (!is_new && known->second.chain != each.chain) {
            fail("I11: two committed histories at {}", text(each.at));
        }
        if (!is_new) {
            continue;
        }
        if (each.previous != newest_.at) {
            fail(
                "I11: {} is committed behind {}, not behind {}",
                text(each.at),
                text(each.previous),
                text(newest_.at)
            );
        }
        newest_ = each.where();
        if (each.kind == zab::entry_kind::application &&
            !origins_.insert(each.from.sequence).second) {
            fail("I22: request {} is committed twice", each.from.sequence);
        }
    }
}

void oracle::on_apply(
    const incarnation& by,
    const zab::position& applied,
    const zab::entry& next,
    const log_image& image
) {
    if (next.previous != applied.at) {
        fail("I20: server {} applies {} behind {}", by.id.value, text(next.at), text(applied.at));
    }
    const auto known = committed_.find(next.at);
    if (known == committed_.end() || known->second.chain != next.chain) {
        fail("I11: server {} applies {}, which is not committed", by.id.value, text(next.at));
    }
    if (!image.holds(next.where())) {
        fail("F5: server {} applies {} before it is durable there", by.id.value, text(next.at));
    }
}

void oracle::on_truncate(const incarnation& by, const zab::core& of, zxid keep, zxid committed) {
    if (keep < committed) {
        fail("I14: server {} truncates to {} below what is committed", by.id.value, text(keep));
    }
    if (zab::is_leading(of.current_role())) {
        fail("I9: leader {} truncates its log", by.id.value);
    }
}

void oracle::on_barrier(zxid confirmed_at, zxid acknowledged_before) {
    if (confirmed_at < acknowledged_before) {
        fail(
            "I27: a barrier was confirmed at {} although {} had been acknowledged before",
            text(confirmed_at),
            text(acknowledged_before)
        );
    }
}

void oracle::check_recovered(const zab::storage_id& storage, const log_image& image) const {
    const auto earlier = told_.find(storage);
    if (earlier == told_.end()) {
        return;
    }
    if (image.promised < earlier->second.promised) {
        fail("I40: a promise of epoch {} is lost", earlier->second.promised.value);
    }
}

void oracle::check_durable(
    const zab::membership_state& members, const std::map<server_id, const disk*>& disks
) const {
    const bool has_quorum = members.stable.is_quorum([&](const zab::member& each) {
        const auto holder = disks.find(each.id);
        return holder != disks.end() &&
               (holder->second->image().holds(newest_) || forgiven_.contains(each.storage));
    });
    if (!has_quorum) {
        fail("I12: {} is committed, but no quorum holds it", text(newest_.at));
    }
}

} // namespace conclave::simulation
