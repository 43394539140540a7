#include "server/maintenance_commands.hpp"

#include "server/configuration/load.hpp"
#include "server/log/posix_file_system.hpp"
#include "server/maintenance/examination.hpp"
#include "server/maintenance/import.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
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

struct named_command {
    std::string_view name;
    int (*run)(int count, char** values);
};

constexpr named_command commands[] = {
    {"doctor", run_doctor},
    {"import", run_import},
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
