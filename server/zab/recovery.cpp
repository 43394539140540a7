#include "server/zab/recovery.hpp"

#include "server/zab/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::zab {

namespace {

unexpected<std::string> undecodable(std::string_view what) {
    return unexpected{fmt::format("the log holds {} that cannot be decoded", what)};
}

} // namespace

recovery::recovery(base_state checkpoint, std::int64_t checkpoint_time_ms)
    : checkpoint_(checkpoint.at) {
    state_.promised.to = checkpoint.at.at.in_epoch();
    state_.time_ms = checkpoint_time_ms;
    state_.base = std::move(checkpoint);
}

result<void, std::string> recovery::on_record(const log_record& record, apply on_committed) {
    switch (record.type) {
    case record_type::promise:
        return on_promise(record.payload);
    case record_type::entry:
        return on_entry(record);
    case record_type::truncate:
        return on_truncate(record.payload);
    case record_type::base:
        return on_base(record.payload);
    case record_type::commit_hint:
        on_commit_hint(record.at, on_committed);
        return {};
    }
    return unexpected{std::string{"the log holds a record of an unknown type"}};
}

result<void, std::string> recovery::on_promise(bytes_view payload) {
    const std::optional<promise> read = decode_promise(payload);
    if (!read) {
        return undecodable("a promise");
    }
    if (read->to >= state_.promised.to) {
        state_.promised = *read;
    }
    return {};
}

result<void, std::string> recovery::check_successor(const entry& next) const {
    if (next.previous == checkpoint_.at && next.at > checkpoint_.at &&
        chain_after(checkpoint_.chain, next) != next.chain) {
        return unexpected{fmt::format(
            "the history in the log does not match its chain hash at zxid 0x{:x}, behind the "
            "checkpoint",
            next.at.value
        )};
    }
    if (has_entry_) {
        // Below the checkpoint something may be missing: with forceSync=no the log can have lost
        // more than LMDB.
        const bool is_behind_gap = newest_.at < checkpoint_.at && next.previous > newest_.at &&
                                   next.previous <= checkpoint_.at;
        if (is_behind_gap) {
            return {};
        }
        if (next.previous != newest_.at || !is_successor(newest_.at, next.at)) {
            return unexpected{fmt::format(
                "the log is not continuous: entry 0x{:x} follows 0x{:x}",
                next.at.value,
                newest_.at.value
            )};
        }
        if (chain_after(newest_.chain, next) != next.chain) {
            return unexpected{fmt::format(
                "the history in the log does not match its chain hash at zxid 0x{:x}", next.at.value
            )};
        }
    } else if (next.previous > checkpoint_.at) {
        return unexpected{fmt::format(
            "transactions between the checkpoint (zxid 0x{:x}) and the start of the log (zxid "
            "0x{:x}) are missing",
            checkpoint_.at.value,
            next.at.value
        )};
    }
    if (next.at == checkpoint_.at && next.chain != checkpoint_.chain) {
        return unexpected{fmt::format(
            "log and checkpoint hold different histories at zxid 0x{:x}", next.at.value
        )};
    }
    return {};
}

result<void, std::string> recovery::on_entry(const log_record& record) {
    shared_entry read = record.what;
    if (read == nullptr) {
        std::optional<entry> decoded = decode_entry(record.payload);
        if (!decoded) {
            return undecodable("an entry");
        }
        read = std::make_shared<entry>(*std::move(decoded));
    }
    if (result<void, std::string> checked = check_successor(*read); !checked) {
        return checked;
    }
    has_entry_ = true;
    // Not told by the numbers: what was cut later may bear higher ones, of an epoch that came to
    // nothing.
    reached_checkpoint_ = reached_checkpoint_ || read->at == checkpoint_.at ||
                          (read->previous == checkpoint_.at && read->at > checkpoint_.at);
    newest_ = read->where();
    if (read->at > state_.base.at.at) {
        state_.time_ms = std::max(state_.time_ms, read->time_ms);
        state_.tail.push_back(std::move(read));
    }
    return {};
}

result<void, std::string> recovery::on_truncate(bytes_view payload) {
    const std::optional<position> keep = decode_position(payload);
    if (!keep) {
        return undecodable("a truncation");
    }
    const bool cuts_state = keep->at < state_.base.at.at && reached_checkpoint_;
    // What it cuts may have been purged with the segments before.
    const bool is_known = has_entry_ ? keep->at <= newest_.at : keep->at <= checkpoint_.at;
    if (cuts_state || !is_known) {
        return unexpected{fmt::format(
            "the log is truncated to zxid 0x{:x}, which its history does not allow (it ends at "
            "0x{:x}, and 0x{:x} is applied)",
            keep->at.value,
            newest_.at.value,
            state_.base.at.at.value
        )};
    }
    while (!state_.tail.empty() && state_.tail.back()->at > keep->at) {
        state_.tail.pop_back();
    }
    has_entry_ = true;
    newest_ = *keep;
    return {};
}

result<void, std::string> recovery::on_base(bytes_view payload) {
    const std::optional<base_state> installed = decode_base(payload);
    if (!installed) {
        return undecodable("the base of a snapshot");
    }
    if (installed->at.at > checkpoint_.at) {
        return unexpected{fmt::format(
            "the log continues a snapshot at zxid 0x{:x}, but the checkpoint ends at 0x{:x}",
            installed->at.at.value,
            checkpoint_.at.value
        )};
    }
    state_.tail.clear();
    has_entry_ = true;
    newest_ = installed->at;
    return {};
}

void recovery::on_commit_hint(zxid at, apply on_committed) {
    while (!state_.tail.empty() && state_.tail.front()->at <= at) {
        const shared_entry committed = std::move(state_.tail.front());
        state_.tail.pop_front();
        state_.base.at = committed->where();
        state_.base.epochs_are_cut =
            add_place(state_.base.epochs, state_.base.at) || state_.base.epochs_are_cut;
        state_.base.members = members_after(state_.base.members, *committed);
        on_committed(*committed);
    }
}

recovered_state recovery::finish() && {
    // A promise older than the newest epoch in the log cannot have been the newest (I4).
    const zxid last = state_.tail.empty() ? state_.base.at.at : state_.tail.back()->at;
    state_.promised.to = std::max(state_.promised.to, last.in_epoch());
    return std::move(state_);
}

} // namespace conclave::zab
