/// Who belongs to the ensemble.
#include "client/shell/commands/commands.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

constexpr std::string_view config_path = "/zookeeper/config";

/// "VERSION host:port,host:port": the part of each server line that clients connect to.
std::string client_part(std::string_view configuration) {
    std::string version;
    std::string addresses;
    for (const std::string_view line : text::split(configuration, '\n')) {
        const std::size_t sign = line.find('=');
        if (sign == std::string_view::npos) {
            continue;
        }
        const std::string_view value = line.substr(sign + 1);
        if (line.starts_with("version=")) {
            version = value;
        } else if (line.starts_with("server.")) {
            addresses +=
                (addresses.empty() ? "" : ",") + std::string{value.substr(value.find(';') + 1)};
        }
    }
    return fmt::format("{} {}", version, addresses);
}

/// The lines of a configuration file that say who belongs to the ensemble, with commas between.
outcome<std::string> members_of_file(const std::string& name) {
    std::ifstream file{name};
    if (!file) {
        return failed_because(fmt::format("Error processing {}: it cannot be read", name));
    }
    std::string members;
    for (std::string line; std::getline(file, line);) {
        const std::string_view trimmed = text::trim(line);
        if (trimmed.starts_with("server.") || trimmed.starts_with("group.") ||
            trimmed.starts_with("weight.")) {
            members += (members.empty() ? "" : ",") + std::string{trimmed};
        }
    }
    return members;
}

/// zkCli.sh reads the version as the hexadecimal number that the configuration shows.
outcome<std::int64_t> version_of_configuration(const arguments& given) {
    const auto written = given.value("v");
    if (!written) {
        return std::int64_t{-1};
    }
    std::int64_t version = 0;
    constexpr int base = 16;
    const char* const end = written->data() + written->size();
    const auto [stop, failed] = std::from_chars(written->data(), end, version, base);
    if (failed != std::errc{} || stop != end) {
        return misused("-v must be followed by a long (configuration version)");
    }
    return version;
}

outcome<client::reconfiguration> change_of(const arguments& given) {
    const bool is_incremental = given.has("add") || given.has("remove");
    if (is_incremental && (given.has("file") || given.has("members"))) {
        return misused("Can't use -file or -members together with -add or -remove (mixing "
                       "incremental and non-incremental modes is not allowed)");
    }
    if (given.has("file") && given.has("members")) {
        return misused("Can't use -file and -members together (conflicting non-incremental modes)");
    }
    const auto version = version_of_configuration(given);
    if (!version) {
        return unexpected{version.error()};
    }
    client::reconfiguration change;
    change.from_version = *version;
    change.joining = given.joined("add");
    change.leaving = given.joined("remove");
    change.members = given.joined("members");
    if (const auto file = given.value("file")) {
        auto members = members_of_file(*file);
        if (!members) {
            return unexpected{members.error()};
        }
        change.members = *std::move(members);
    }
    return change;
}

} // namespace

outcome<> config(shell& in, const arguments& given) {
    client::node_data found;
    if (given.has("w")) {
        auto seen = in.server().ask(operation::get_config_and_watch{});
        if (!seen) {
            return failed_with(seen.error(), {});
        }
        in.watches().add(std::string{config_path}, watch_target::data, std::move(seen->next));
        found = std::move(seen->result);
    } else {
        auto seen = in.server().ask(operation::get_config{});
        if (!seen) {
            return failed_with(seen.error(), {});
        }
        found = *std::move(seen);
    }
    in.print(answer::named_text{
        "configuration",
        given.has("c") ? client_part(found.data) : std::move(found.data),
        given.has("s") ? std::optional{found.stat} : std::nullopt});
    return {};
}

outcome<> reconfig(shell& in, const arguments& given) {
    const auto change = change_of(given);
    if (!change) {
        return unexpected{change.error()};
    }
    if (change->joining.empty() && change->leaving.empty() && change->members.empty()) {
        return misused("reconfig needs one of -add, -remove, -members and -file");
    }
    auto committed = in.server().ask(operation::reconfig{*change});
    if (!committed) {
        return failed_with(committed.error(), {});
    }
    in.print(answer::named_text{
        "configuration",
        "Committed new configuration:\n" + committed->data,
        given.has("s") ? std::optional{committed->stat} : std::nullopt});
    return {};
}

} // namespace conclave::shell::commands
