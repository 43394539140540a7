#include "server/zab/recovery.hpp"

#include <fmt/format.h>

namespace conclave::zab {

namespace {

/// I5: the successor of (e,c) is (e,c+1) or (e',0) with e' > e.
bool is_successor(zxid before, zxid next) {
    if (next.counter() == 0) {
        return next.in_epoch() > before.in_epoch();
    }
    return next == before.next();
}

} // namespace

recovery::recovery(position checkpoint, std::int64_t checkpoint_time_ms) : checkpoint_(checkpoint) {
    state_.last = checkpoint;
    state_.committed = checkpoint.at;
    state_.time_ms = checkpoint_time_ms;
    state_.promised.to = checkpoint.at.in_epoch();
}

result<void, std::string> recovery::on_promise(bytes_view payload) {
    const std::optional<promise> read = decode_promise(payload);
    if (!read) {
        return unexpected{std::string{"the log holds a promise that cannot be decoded"}};
    }
    if (read->to >= state_.promised.to) {
        state_.promised = *read;
    }
    return {};
}

result<void, std::string> recovery::check_successor(const entry& next) const {
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

result<void, std::string> recovery::on_entry(bytes_view payload) {
    std::optional<entry> read = decode_entry(payload);
    if (!read) {
        return unexpected{std::string{"the log holds an entry that cannot be decoded"}};
    }
    if (result<void, std::string> checked = check_successor(*read); !checked) {
        return checked;
    }
    has_entry_ = true;
    newest_ = {read->at, read->chain};
    if (read->at > state_.last.at) {
        state_.last = newest_;
        state_.time_ms = std::max(state_.time_ms, read->time_ms);
        state_.tail.push_back(std::move(*read));
    }
    return {};
}

void recovery::on_commit_hint(zxid at, apply on_committed) {
    while (!state_.tail.empty() && state_.tail.front().at <= at) {
        on_committed(state_.tail.front());
        state_.committed = state_.tail.front().at;
        state_.tail.pop_front();
    }
}

recovered_state recovery::finish() && {
    // A promise older than the newest epoch in the log cannot have been the newest (I4).
    state_.promised.to = std::max(state_.promised.to, state_.last.at.in_epoch());
    return std::move(state_);
}

} // namespace conclave::zab
