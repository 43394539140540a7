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

/// The place in the history that the checkpoint in `directory` is of; nothing if it cannot be read,
/// because then it is not known to be whole.
std::optional<zab::position> place_of(const fs::path& directory) {
    store::checkpoint_settings settings;
    settings.directory = directory;
    auto opened = store::checkpoint_store::open(settings);
    if (!opened) {
        log(log_level::warning, "{}", opened.error().text);
        return std::nullopt;
    }
    const auto row = (*opened)->reader().get(tree::table::meta, replica::history_key);
    const auto read = row ? replica::decode_history_row(*row) : std::nullopt;
    return read ? std::optional{read->applied.at} : std::nullopt;
}

/// Of the newest base record in the log, if that is at `from` or later.
std::optional<zab::position>
newest_base(txnlog::file_system& files, const std::string& log_directory, zxid from) {
    txnlog::recovery_options options;
    options.above = zxid{from.value - 1};
    std::optional<zab::position> newest;
    const auto look_at = [&](const txnlog::record& record, const txnlog::record_position&) {
        if (record.type == static_cast<std::uint8_t>(zab::record_type::base)) {
            const auto read = zab::decode_base(record.payload);
            newest = read ? std::optional{read->at} : std::nullopt;
        }
    };
    static_cast<void>(txnlog::recover(files, log_directory, options, look_at)); // judged later
    return newest;
}

} // namespace

void settle_incoming_snapshot(txnlog::file_system& files, const installation_paths& paths) {
    store::remove_staging(paths.incoming);
    std::error_code failed;
    if (!fs::exists(paths.incoming, failed)) {
        return;
    }
    const std::optional<zab::position> of = place_of(paths.incoming);
    if (!of || newest_base(files, paths.log, of->at) != of) {
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
