/// Records of the replicated history (zab 2.2). One entry is one transaction, at one zxid.
#pragma once

#include <optional>

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
    epoch_start = 1, ///< at (epoch, 0); its commit commits everything before it
    application = 2, ///< a transaction of the state machine; the body is not interpreted here
};

struct entry {
    zxid at;
    zxid previous;
    chain_hash chain;
    entry_kind kind{};
    origin from;
    std::int64_t time_ms{}; ///< wall clock of the leader, never less than that of the entry before
    bytes body;

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
    /// No payload: everything up to the record's zxid was committed when it was written.
    commit_hint = 5,
};

/// A record for the log, in the order in which it must become durable.
struct log_record {
    record_type type{};
    zxid at;
    bytes payload;
};

[[nodiscard]] log_record to_log_record(const entry& from);
[[nodiscard]] log_record to_log_record(const promise& from);

/// @return nothing if the payload is not a whole record of that type.
[[nodiscard]] std::optional<entry> decode_entry(bytes_view payload);
[[nodiscard]] std::optional<promise> decode_promise(bytes_view payload);

} // namespace conclave::zab
