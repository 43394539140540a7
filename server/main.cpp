#include "server/arguments.hpp"
#include "server/configuration/load.hpp"
#include "server/daemon.hpp"
#include "server/log_output.hpp"
#include "server/maintenance_commands.hpp"
#include "server/version.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string_view>
#include <vector>

namespace {

using namespace conclave;

/// What ZooKeeper answers to a configuration that it cannot use (zookeeper-protocol 12.1).
constexpr int exit_bad_configuration = 2;

configuration::loaded load_configuration(const arguments& given) {
    const std::vector<std::string_view> words{given.positional.begin(), given.positional.end()};
    if (words.empty()) {
        return configuration::without_file();
    }
    if (words.size() == 1) {
        return configuration::load(given.positional.front(), {given.check_only});
    }
    return configuration::from_arguments(words);
}

log_level level_of(configuration::severity severity) {
    switch (severity) {
    case configuration::severity::note:
        return log_level::info;
    case configuration::severity::warning:
        return log_level::warning;
    case configuration::severity::error:
        return log_level::error;
    }
    return log_level::error;
}

int check(const configuration::loaded& read) {
    for (const configuration::diagnostic& each : read.diagnostics) {
        fmt::print(stderr, "{}\n", to_string(each));
    }
    if (!read.usable()) {
        fmt::print(stderr, "the configuration cannot be used\n");
        return exit_bad_configuration;
    }
    for (const std::string& line : configuration::describe(read.values)) {
        fmt::print("{}\n", line);
    }
    return EXIT_SUCCESS;
}

int serve(const configuration::loaded& read) {
    print_log_lines(read.values.log_level_lowest);
    for (const configuration::diagnostic& each : read.diagnostics) {
        log_line(level_of(each.level), to_string(each));
    }
    if (!read.usable()) {
        log(log_level::error, "not started: the configuration cannot be used");
        return exit_bad_configuration;
    }
    log(log_level::info, "conclaved {} starts", program_version);
    for (const std::string& line : configuration::describe(read.values)) {
        log(log_level::debug, "configuration {}", line);
    }
    conclave::daemon server{read.values};
    server.run();
    log(log_level::info, "stopped");
    return EXIT_SUCCESS;
}

} // namespace

int main(int count, char** values) {
    try {
        if (const std::optional<int> done = run_maintenance_command(count, values)) {
            return *done;
        }
        int exit_code = EXIT_SUCCESS;
        const std::optional<arguments> given = parse_arguments(count, values, exit_code);
        if (!given) {
            return exit_code;
        }
        const configuration::loaded read = load_configuration(*given);
        return given->check_only ? check(read) : serve(read);
    } catch (const std::exception& problem) {
        print_log_lines(log_level::info);
        log(log_level::error, "not serving: {}", problem.what());
        return EXIT_FAILURE;
    }
}
