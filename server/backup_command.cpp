#include "server/backup_command.hpp"

#include "server/maintenance/backup_directory.hpp"
#include "server/maintenance/times.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace conclave {

namespace {

using maintenance::backup_directory;
using maintenance::octet_sink;
using answer = result<std::string, std::string>;

constexpr unsigned status_ok = 200;
constexpr unsigned status_gone = 410;

std::string hex_of(zxid at) {
    return fmt::format("0x{:x}", at.value);
}

/// So that two attempts never share a file, and that a listing is in their order.
std::string stamp() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{}", std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// A file that was fetched, or what the server answered instead.
struct fetched {
    std::string file;
    std::int64_t size = 0;
    download_outcome outcome;
};

result<fetched, std::string> fetch(
    backup_directory& into,
    const admin_address& from,
    const std::string& target,
    const std::string& file
) {
    fetched got;
    got.file = file;
    const auto size = into.write_new(file, [&](octet_sink sink) -> result<void, std::string> {
        const auto done = download(from, target, sink);
        if (!done) {
            return unexpected{done.error()};
        }
        got.outcome = *done;
        if (done->status != status_ok) {
            return unexpected{
                fmt::format("the server refuses (status {}): {}", done->status, done->problem)};
        }
        return {};
    });
    if (!size && got.outcome.status != status_gone) {
        return unexpected{size.error()};
    }
    got.size = size ? *size : 0;
    return got;
}

answer take_snapshot(backup_directory& into, const admin_address& from) {
    const auto got = fetch(into, from, "/v1/backup", "snapshot-" + stamp());
    if (!got) {
        return unexpected{got.error()};
    }
    const auto added = into.add_snapshot(got->file, got->size);
    if (!added) {
        return unexpected{added.error()};
    }
    return fmt::format(
        "snapshot {}: {} nodes as of zxid {}, {}, {} octets, digest {} verified\n",
        added->file,
        added->node_count,
        hex_of(added->at.at),
        maintenance::iso_time(added->time_ms),
        added->size_bytes,
        added->digest
    );
}

/// @return nothing if the server does not have them any more
result<std::optional<std::string>, std::string>
take_increment(backup_directory& into, const admin_address& from) {
    const zxid end = into.manifest().series.back().end().at;
    const auto got = fetch(into, from, "/v1/backup/log?from=" + hex_of(end), "log-" + stamp());
    if (!got) {
        return unexpected{got.error()};
    }
    if (got->outcome.status == status_gone) {
        return std::optional<std::string>{};
    }
    if (got->outcome.cluster != into.manifest().cluster) {
        return unexpected{fmt::format(
            "{} holds backups of another ensemble than the one that this server belongs to: use "
            "another directory",
            into.path().string()
        )};
    }
    const auto added = into.add_log(got->file, got->size);
    if (!added) {
        return unexpected{added.error()};
    }
    if (added->transaction_count == 0) {
        return std::optional{fmt::format("nothing new behind zxid {}\n", hex_of(end))};
    }
    return std::optional{fmt::format(
        "log {}: {} transactions behind zxid {} up to {}, {}, {} octets, verified\n",
        added->file,
        added->transaction_count,
        hex_of(added->behind),
        hex_of(added->last.at),
        maintenance::iso_time(added->time_ms),
        added->size_bytes
    )};
}

} // namespace

result<std::string, std::string> take_backup(const backup_order& order) {
    auto opened = backup_directory::open(order.into, backup_directory::purpose::writing);
    if (!opened) {
        return unexpected{opened.error()};
    }
    std::string told;
    if (!opened->manifest().series.empty() && !order.is_whole) {
        auto increment = take_increment(*opened, order.from);
        if (!increment) {
            return unexpected{increment.error()};
        }
        if (*increment) {
            return **increment;
        }
        told = "the server's log does not reach back to the last backup\n";
    }
    const answer snapshot = take_snapshot(*opened, order.from);
    return snapshot ? answer{told + *snapshot} : snapshot;
}

} // namespace conclave
