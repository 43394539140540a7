#include "server/arguments.hpp"

#include "server/version.hpp"

#include <CLI/CLI.hpp>

namespace conclave {

std::optional<arguments> parse_arguments(int count, char** values, int& exit_code) {
    arguments parsed;
    CLI::App command{"Conclave: a ZooKeeper-compatible coordination server", "conclaved"};
    command.set_version_flag("--version", std::string{"conclaved "} + program_version);
    command.add_flag(
        "--check", parsed.check_only, "Check the configuration, report every problem, do not start"
    );
    command
        .add_option(
            "configuration",
            parsed.positional,
            "A configuration file in zoo.cfg syntax, or: PORT DATADIR [TICKTIME] [MAXCNXNS]. "
            "Without it: 127.0.0.1:2181, data in ./conclave-data"
        )
        ->expected(0, 4);
    try {
        command.parse(count, values);
    } catch (const CLI::ParseError& problem) {
        constexpr int bad_usage = 2;
        exit_code = command.exit(problem) == 0 ? 0 : bad_usage;
        return std::nullopt;
    }
    return parsed;
}

} // namespace conclave
