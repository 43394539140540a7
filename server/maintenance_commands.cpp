#include "server/maintenance_commands.hpp"

#include "server/backup_command.hpp"
#include "server/configuration/load.hpp"
#include "server/log/posix_file_system.hpp"
#include "server/maintenance/backup_directory.hpp"
#include "server/maintenance/examination.hpp"
#include "server/maintenance/import.hpp"
#include "server/maintenance/restore.hpp"
#include "server/maintenance/subtree_extraction.hpp"
#include "server/maintenance/times.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

namespace {

namespace fs = std::filesystem;

constexpr int exit_found_damage = 1;
constexpr int exit_failed = 1;
constexpr int exit_bad_usage = 2;

int usage_error(std::string_view sentence) {
    fmt::print(stderr, "{}\n", sentence);
    return exit_bad_usage;
}

int failure(std::string_view sentence) {
    fmt::print(stderr, "{}\n", sentence);
    return exit_failed;
}

/// Parses the words behind the name of the command. @return  an exit code if that is all.
std::optional<int> parse(CLI::App& command, int count, char** values) {
    try {
        command.parse(count - 1, values + 1);
    } catch (const CLI::ParseError& problem) {
        return command.exit(problem) == 0 ? EXIT_SUCCESS : exit_bad_usage;
    }
    return std::nullopt;
}

/// The directories that a configuration file names, or the one that is given itself.
std::optional<maintenance::data_place> find_data(const std::string& given, std::string log) {
    std::error_code failed;
    if (fs::is_regular_file(given, failed)) {
        const configuration::loaded read = configuration::load(given);
        if (!read.usable()) {
            for (const configuration::diagnostic& each : read.diagnostics) {
                fmt::print(stderr, "{}\n", to_string(each));
            }
            return std::nullopt;
        }
        return maintenance::data_place{read.values.data_directory, read.values.log_directory};
    }
    fs::path directory = fs::path{given}.lexically_normal();
    if (!directory.has_filename()) {
        directory = directory.parent_path();
    }
    if (directory.filename() == "conclave" && !fs::exists(directory / "conclave", failed)) {
        directory = directory.parent_path(); // Conclave's own folder is meant
    }
    return maintenance::data_place{directory.empty() ? "." : directory.string(), std::move(log)};
}

int run_doctor(int count, char** values) {
    std::string given;
    std::string log_directory;
    bool as_json = false;
    CLI::App command{
        "Looks at the data directory of a stopped server, and changes nothing: what is in it, "
        "whether it is whole, what to do. Exit code 1 if a server would not start with it",
        "conclaved doctor"};
    command.add_option("directory", given, "dataDir, or a configuration file")->required();
    command.add_option("--log-dir", log_directory, "dataLogDir, if that is another directory");
    command.add_flag("--json", as_json, "Print JSON");
    if (const auto done = parse(command, count, values)) {
        return *done;
    }
    const auto where = find_data(given, log_directory);
    if (!where) {
        return exit_bad_usage;
    }
    txnlog::posix_file_system files;
    const auto report = maintenance::examine(files, *where, fs::temp_directory_path().string());
    if (!report) {
        return usage_error(fmt::format(
            "there is no readable folder \"conclave\" in {}: name a dataDir, or a configuration "
            "file",
            where->data_directory
        ));
    }
    fmt::print("{}", as_json ? to_json(*report) : to_text(*report));
    return report->is_usable() ? EXIT_SUCCESS : exit_found_damage;
}

int run_import(int count, char** values) {
    std::vector<std::string> given;
    std::string log_directory;
    CLI::App command{
        "Makes a data directory with the state that a stopped ZooKeeper server has left: the "
        "newest "
        "snapshot that is whole, and the transactions behind it. For an ensemble, import the same "
        "files on each server",
        "conclaved import"};
    command.add_option("directories", given, "ZOOKEEPER_DATA_DIR [ZOOKEEPER_LOG_DIR] DATADIR")
        ->required()
        ->expected(2, 3);
    command.add_option("--log-dir", log_directory, "dataLogDir, if that is another directory");
    if (const auto done = parse(command, count, values)) {
        return *done;
    }
    txnlog::posix_file_system files;
    const std::string from_log = given.size() == 3 ? given[1] : std::string{};
    const auto report = maintenance::import_zookeeper(
        files, given.front(), from_log, {given.back(), log_directory}
    );
    if (!report) {
        return failure(report.error());
    }
    fmt::print("{}", to_text(*report));
    return EXIT_SUCCESS;
}

int verify_backup(const std::string& directory) {
    using maintenance::backup_directory;
    const auto opened = backup_directory::open(directory, backup_directory::purpose::reading);
    if (!opened) {
        return failure(opened.error());
    }
    const std::vector<std::string> wrong = opened->verify();
    for (const std::string& each : wrong) {
        fmt::print(stderr, "{}\n", each);
    }
    for (const maintenance::backup_series& each : opened->manifest().series) {
        const auto& end = each.logs.empty() ? each.snapshot.time_ms : each.logs.back().time_ms;
        fmt::print(
            "zxid 0x{:x} of {} up to 0x{:x} of {}\n",
            each.snapshot.at.at.value,
            maintenance::iso_time(each.snapshot.time_ms),
            each.end().at.value,
            maintenance::iso_time(end)
        );
    }
    fmt::print("{}\n", wrong.empty() ? "whole" : "damaged");
    return wrong.empty() ? EXIT_SUCCESS : exit_found_damage;
}

/// "Bearer TOKEN" or "digest NAME:PASSWORD", of the first line of a file.
result<std::string, std::string>
read_authorization(const std::string& scheme, const std::string& file) {
    std::ifstream in{file};
    std::string line;
    if (!std::getline(in, line) || line.empty()) {
        return unexpected{fmt::format("{} holds nothing, or cannot be read", file)};
    }
    return scheme + " " + line;
}

int run_backup(int count, char** values) {
    std::string directory;
    std::string address;
    std::string token_file;
    std::string credentials_file;
    bool verifies = false;
    backup_order order;
    CLI::App command{
        "Takes a verified backup of a running server: a snapshot first, then, each time, what was "
        "written since",
        "conclaved backup"};
    command.add_option("directory", directory, "Where the backup is, or will be")->required();
    auto* const admin = command.add_option(
        "--admin", address, "HOST:PORT or https://HOST:PORT of a server's admin endpoint"
    );
    auto* const verify =
        command.add_flag("--verify", verifies, "Look at every file of the backup again, no more");
    admin->excludes(verify);
    auto* const token =
        command.add_option("--token-file", token_file, "A file with the token of operators");
    command
        .add_option(
            "--credentials-file", credentials_file, "A file with NAME:PASSWORD, of scheme digest"
        )
        ->excludes(token);
    command.add_flag("--full", order.is_whole, "A snapshot, also where the log would do");
    download_keys keys;
    command.add_option(
        "--ca",
        keys.trusted,
        "For https: a file with certificates of whom to believe, instead of the system's"
    );
    auto* const certificate = command.add_option(
        "--certificate",
        keys.certificate,
        "For https: a file with the own certificate, if one is asked for"
    );
    command.add_option("--key", keys.private_key, "A file with its key")->needs(certificate);
    std::int64_t timeout_s = order.from.patience.count();
    command
        .add_option(
            "--timeout", timeout_s, "Seconds to wait for the server's next octets, 180 unless told"
        )
        ->check(CLI::Range(1, 86'400));
    if (const auto done = parse(command, count, values)) {
        return *done;
    }
    if (verifies) {
        return verify_backup(directory);
    }
    const auto from = parse_admin_address(address);
    if (!from) {
        return usage_error(from.error());
    }
    order.from = *from;
    order.from.keys = keys;
    order.from.patience = std::chrono::seconds{timeout_s};
    order.into = directory;
    if (!token_file.empty() || !credentials_file.empty()) {
        const auto read = token_file.empty() ? read_authorization("digest", credentials_file)
                                             : read_authorization("Bearer", token_file);
        if (!read) {
            return usage_error(read.error());
        }
        order.from.authorization = *read;
    }
    const auto taken = take_backup(order);
    if (!taken) {
        return failure(taken.error());
    }
    fmt::print("{}", *taken);
    return EXIT_SUCCESS;
}

/// "0x100000001" or plain digits.
std::optional<zxid> parse_zxid(const std::string& text) {
    const bool is_hex = text.starts_with("0x");
    const std::string_view digits = std::string_view{text}.substr(is_hex ? 2 : 0);
    std::int64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, failed] = std::from_chars(digits.data(), end, number, is_hex ? 16 : 10);
    const bool is_whole = failed == std::errc{} && stopped == end && number >= 0;
    return is_whole ? std::optional{zxid{number}} : std::nullopt;
}

/// Words of a restore.
struct restore_order {
    std::string backup;
    maintenance::data_place into;
    maintenance::restore_target target;
    std::string subtree;
    std::string file;
};

int restore_data(const restore_order& order) {
    txnlog::posix_file_system files;
    const auto report = maintenance::restore_backup(files, order.backup, order.into, order.target);
    if (!report) {
        return failure(report.error());
    }
    fmt::print("{}", to_text(*report));
    return EXIT_SUCCESS;
}

int extract_subtree(const restore_order& order) {
    std::ofstream file;
    const bool is_file = order.file != "-";
    if (is_file) {
        file.open(order.file, std::ios::binary);
    }
    if (!file) {
        return failure(fmt::format("{} cannot be written", order.file));
    }
    std::ostream& to = is_file ? file : std::cout;
    const auto report = maintenance::extract_subtree(order.backup, order.target, order.subtree, to);
    if (!report) {
        return failure(report.error());
    }
    fmt::print(is_file ? stdout : stderr, "{}", to_text(*report));
    return EXIT_SUCCESS;
}

int run_restore(int count, char** values) {
    restore_order order;
    std::string to_zxid;
    std::string to_time;
    CLI::App command{
        "Makes a data directory from a backup, for a server that is stopped: for an ensemble, stop "
        "all servers, and restore the same on each. Or takes one subtree out of it, which "
        "`conclave import` writes to servers that run",
        "conclaved restore"};
    command.add_option("backup", order.backup, "The directory of the backup")->required();
    auto* const directory =
        command.add_option("directory", order.into.data_directory, "dataDir, without data");
    command.add_option(
        "--log-dir", order.into.log_directory, "dataLogDir, if that is another directory"
    );
    auto* const by_zxid = command.add_option("--to-zxid", to_zxid, "Nothing behind this zxid");
    command
        .add_option("--to-time", to_time, "Nothing behind this time, such as 2026-11-27T20:15:03Z")
        ->excludes(by_zxid);
    command
        .add_option(
            "--epochs",
            order.target.epochs_passed_over,
            "How many epochs to pass over, more than have begun since the backup; without it, "
            "enough of them"
        )
        ->check(CLI::PositiveNumber);
    auto* const subtree = command.add_option(
        "--subtree", order.subtree, "Only this node and what is below it, to --to-file"
    );
    auto* const file =
        command.add_option("--to-file", order.file, "Where a subtree is written; -: to the output");
    subtree->needs(file)->excludes(directory);
    file->needs(subtree);
    if (const auto done = parse(command, count, values)) {
        return *done;
    }
    order.target.at = parse_zxid(to_zxid);
    order.target.time_ms = maintenance::parse_time(to_time);
    if ((!to_zxid.empty() && !order.target.at) || (!to_time.empty() && !order.target.time_ms)) {
        return usage_error("the target is no zxid (0x100000001) and no time (2026-11-27T20:15:03Z)"
        );
    }
    if (!order.subtree.empty()) {
        return extract_subtree(order);
    }
    if (order.into.data_directory.empty()) {
        return usage_error("name the dataDir to be filled, or --subtree and --to-file");
    }
    return restore_data(order);
}

struct named_command {
    std::string_view name;
    int (*run)(int count, char** values);
};

constexpr named_command commands[] = {
    {"doctor", run_doctor},
    {"import", run_import},
    {"backup", run_backup},
    {"restore", run_restore},
};

} // namespace

std::optional<int> run_maintenance_command(int count, char** values) {
    for (const named_command& each : commands) {
        if (count > 1 && each.name == values[1]) {
            return each.run(count, values);
        }
    }
    return std::nullopt;
}

} // namespace conclave
