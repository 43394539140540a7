/// Past transactions as a stream of octets: what a server gives for increments, and what a backup
/// keeps (docs/formats/backup.md).
#pragma once

#include "server/maintenance/octet_source.hpp"
#include "server/zab/entry.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <string>

namespace conclave::maintenance {

/// Appends to a stream. Each checksum continues the one before it, so what is missing, repeated or
/// moved is as visible as a flipped bit.
class history_archive_writer {
public:
    /// Begins the stream of the entries behind `behind`.
    history_archive_writer(bytes& out, zxid behind);

    /// `entry`: its payload in the log.
    void add(bytes& out, bytes_view entry);

    /// All entries up to `last` were added.
    void end(bytes& out, zxid last);

private:
    void append(bytes& out, bytes_view part);

    std::uint32_t checksum_ = 0;
};

/// What was in a stream.
struct history_archive_totals {
    zxid behind;
    zxid last;
    std::int64_t entry_count = 0;
};

/// Reads a whole stream, and hands out its entries in order, until the visitor says false.
/// @return a sentence if it is not what was written, or is cut off
[[nodiscard]] result<history_archive_totals, std::string>
read_history_archive(octet_source& from, function_ref<bool(const zab::entry&)> visit);

} // namespace conclave::maintenance
