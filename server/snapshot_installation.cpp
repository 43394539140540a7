#include "server/snapshot_installation.hpp"

#include "server/log/recovery.hpp"
#include "server/replica/history_row.hpp"
#include "server/store/checkpoint_store.hpp"
#include "server/store/durable_directory.hpp"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

namespace fs = std::filesystem;

/// The place in the history that the checkpoint in `directory` is of; nothing if it is damaged.
/// @throws std::runtime_error if it may be whole, but cannot be read now
std::optional<zab::position> place_of(const fs::path& directory) {
    store::checkpoint_settings settings;
    settings.directory = directory;
    auto opened = store::checkpoint_store::open(settings);
    if (!opened && opened.error().code != store::store_errc::damaged) {
        throw std::runtime_error{fmt::format(
            "a snapshot that arrived cannot be looked at, and may be what the log goes on behind: "
            "{}",
            opened.error().text
        )};
    }
    if (!opened) {
        log(log_level::warning, "{}", opened.error().text);
        return std::nullopt;
    }
    const auto row = (*opened)->reader().get(tree::table::meta, replica::history_key);
    const auto read = row ? replica::decode_history_row(*row) : std::nullopt;
    return read ? std::optional{read->applied.at} : std::nullopt;
}

/// Whether the newest base record in the log, of those at `place` or later, is of it.
/// @return nothing if the log cannot be read to its end
std::optional<bool> goes_on_behind(
    txnlog::file_system& files, const std::string& log_directory, const zab::position& place
) {
    txnlog::recovery_options options;
    options.above = zxid{place.at.value - 1};
    std::optional<zab::position> newest;
    const auto look_at = [&](const txnlog::record& record, const txnlog::record_position&) {
        if (record.type == static_cast<std::uint8_t>(zab::record_type::base)) {
            const auto read = zab::decode_base(record.payload);
            newest = read ? std::optional{read->at} : std::nullopt;
        }
    };
    const txnlog::verdict end = txnlog::recover(files, log_directory, options, look_at).outcome;
    const bool is_whole = end == txnlog::verdict::clean || end == txnlog::verdict::torn_tail;
    return is_whole ? std::optional{newest == place} : std::nullopt;
}

} // namespace

void settle_incoming_snapshot(txnlog::file_system& files, const installation_paths& paths) {
    store::remove_staging(paths.incoming);
    std::error_code failed;
    if (!fs::exists(paths.incoming, failed)) {
        return;
    }
    const std::optional<zab::position> of = place_of(paths.incoming);
    const std::optional<bool> is_next = of ? goes_on_behind(files, paths.log, *of) : false;
    if (!is_next) {
        return; // the log is judged when it is recovered
    }
    if (!*is_next) {
        log(log_level::info,
            "removed a snapshot that was not installed yet directory={}",
            paths.incoming.string());
        fs::remove_all(paths.incoming, failed);
        return;
    }
    auto installed =
        store::install_directory(paths.incoming, paths.checkpoint, store::replacing::allowed);
    if (!installed) {
        throw std::runtime_error{installed.error().text};
    }
    log(log_level::info, "snapshot installed zxid=0x{:x}", of->at.value);
}

} // namespace conclave
