/// Records of the replicated history (zab 2.2). One entry is one transaction, at one zxid.
#pragma once

#include "server/zab/membership.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "conclave/jute.hpp"
#include "conclave/types.hpp"

namespace conclave::zab {

/// Running hash over the whole history up to an entry: equal chains at equal zxids mean equal
/// histories.
struct chain_hash {
    std::uint64_t high{};
    std::uint64_t low{};

    static void fields(auto& archive, auto& record) { archive(record.high, record.low); }

    friend bool operator==(const chain_hash&, const chain_hash&) = default;
};

/// Which request of which incarnation of which server an entry answers. At most one committed entry
/// carries it.
struct origin {
    server_id server;
    std::uint64_t boot{}; ///< drawn anew at each start of the server
    std::uint64_t sequence{};

    static void fields(auto& archive, auto& record) {
        archive(record.server, record.boot, record.sequence);
    }

    friend bool operator==(const origin&, const origin&) = default;
};

enum class entry_kind : std::uint8_t {
    epoch_start = 1, ///< at (epoch, 0), an `epoch_start`; its commit commits everything before it
    application = 2, ///< a transaction of the state machine; the body is not interpreted here
    membership = 3,  ///< the body is a `membership`; both decide from here on (zab 5.3)
    activation = 4,  ///< of the membership before: it decides alone from here on
};

/// A place in the history.
struct position {
    zxid at;
    chain_hash chain;

    static void fields(auto& archive, auto& record) { archive(record.at, record.chain); }

    friend bool operator==(const position&, const position&) = default;
};

struct entry {
    zxid at;
    zxid previous;
    chain_hash chain;
    entry_kind kind{};
    origin from;
    std::int64_t time_ms{}; ///< wall clock of the leader, never less than that of the entry before
    bytes body;

    [[nodiscard]] position where() const { return {at, chain}; }

    static void fields(auto& archive, auto& record) {
        auto kind = static_cast<std::uint8_t>(record.kind);
        archive(
            record.at, record.previous, record.chain, kind, record.from, record.time_ms, record.body
        );
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.kind = static_cast<entry_kind>(kind);
        }
    }

    friend bool operator==(const entry&, const entry&) = default;
};

/// Body of the entry with which an epoch begins.
struct epoch_start {
    /// True in the first one of an ensemble: from this entry on `founded` decides, in which those
    /// who elected the leader are known by their storage (zab 5.4).
    bool founds = false;
    membership founded;
    bytes application; ///< not interpreted here

    static void fields(auto& archive, auto& record) {
        archive(record.founds, record.founded, record.application);
    }

    friend bool operator==(const epoch_start&, const epoch_start&) = default;
};

/// Entries are kept, written and sent from one copy.
using shared_entry = std::shared_ptr<const entry>;

/// What is known at a place of the history without the entries before it: what a checkpoint keeps
/// and a snapshot brings along.
struct base_state {
    position at;
    std::vector<position> epochs; ///< the last place of each of the newest epochs, ascending
    membership_state members;
    bool epochs_are_cut = false; ///< there were older epochs

    static void fields(auto& archive, auto& record) {
        archive(record.at, record.epochs, record.members, record.epochs_are_cut);
    }

    friend bool operator==(const base_state&, const base_state&) = default;
};

/// The chain at an entry that follows `before`: covers zxid, kind, origin, time and body.
[[nodiscard]] chain_hash chain_after(const chain_hash& before, const entry& next);

/// The highest epoch that a server promised, and to which incarnation of which candidate. Durable
/// before the promise is told to anybody.
struct promise {
    epoch to;
    server_id candidate;
    std::uint64_t boot{};

    static void fields(auto& archive, auto& record) {
        archive(record.to, record.candidate, record.boot);
    }

    friend bool operator==(const promise&, const promise&) = default;
};

/// How records are marked in the log (docs/formats/log.md).
enum class record_type : std::uint8_t {
    promise = 1,
    entry = 2,
    /// Payload: the `position` behind which everything before this record is void.
    truncate = 3,
    /// Payload: the `base_state` of an installed snapshot; everything before this record is void.
    base = 4,
    /// No payload: everything up to the record's zxid was committed when it was written.
    commit_hint = 5,
};

/// A record for the log, in the order in which it must become durable.
struct log_record {
    record_type type{};
    zxid at;
    bytes payload;
    /// Of an entry on its way to the log: `payload` is empty then, and whoever writes it encodes it
    /// in place (`payload_of`).
    shared_entry what;
};

[[nodiscard]] log_record to_log_record(shared_entry from);
[[nodiscard]] log_record to_log_record(const entry& from);

/// What is to be written for the record; `scratch` may be used to hold it.
[[nodiscard]] bytes_view payload_of(const log_record& record, bytes& scratch);
[[nodiscard]] log_record to_log_record(const promise& from);

/// `keep`: the new end of the history.
[[nodiscard]] log_record truncate_record(const position& keep);
[[nodiscard]] log_record to_log_record(const base_state& from);

/// @return nothing if the payload is not a whole record of that type.
[[nodiscard]] std::optional<entry> decode_entry(bytes_view payload);
[[nodiscard]] std::optional<promise> decode_promise(bytes_view payload);
[[nodiscard]] bytes encode(const epoch_start& from);
[[nodiscard]] std::optional<epoch_start> decode_epoch_start(bytes_view body);
[[nodiscard]] std::optional<position> decode_position(bytes_view payload);
[[nodiscard]] std::optional<base_state> decode_base(bytes_view payload);

} // namespace conclave::zab
