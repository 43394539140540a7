#include "server/configuration/load.hpp"

#include "server/configuration/data_directory.hpp"
#include "server/configuration/known_keys.hpp"
#include "server/configuration/properties.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace conclave::configuration {

namespace {

/// A suggestion compares a key with every known one. Who has mistyped more than this reads the
/// wrong file.
constexpr std::size_t suggestion_count_max = 50;

/// Reads entries into a draft and collects what is to be said about each.
class entry_reader {
public:
    entry_reader(draft& into, report& out, load_options options)
        : into_(into), out_(out), options_(options) {}

    void read(std::string_view written_key, std::string_view value, const place& at) {
        const std::string_view key = canonical_key(written_key);
        const key_rule* rule = find_key(key);
        if (rule == nullptr) {
            report_unknown(key, at);
            return;
        }
        if (into_.given.has(key)) {
            out_.warn(
                at,
                fmt::format(
                    "{} was already given in line {}; this one counts",
                    printable(key),
                    into_.given.of(key).line
                )
            );
        }
        into_.given.set(key, at);
        apply(*rule, key, value, at);
    }

private:
    void report_unknown(std::string_view key, const place& at) {
        ++unknown_count_;
        const std::string nearest =
            unknown_count_ <= suggestion_count_max ? nearest_key(key) : std::string{};
        std::string text = fmt::format("unknown key \"{}\"", printable(key));
        if (!nearest.empty()) {
            text += fmt::format("; did you mean {}?", printable(nearest));
        }
        out_.add(options_.strict ? severity::error : severity::warning, at, std::move(text));
    }

    void
    apply(const key_rule& rule, std::string_view key, std::string_view value, const place& at) {
        if (rule.apply != nullptr) {
            if (const auto applied = rule.apply(into_, key, value); !applied) {
                out_.error(at, fmt::format("{}: {}", printable(key), applied.error()));
                return;
            }
        }
        const bool asks_for_nothing =
            value.empty() || lower_case(value) == lower_case(rule.neutral);
        if (!asks_for_nothing) {
            remark(rule, key, at);
        }
    }

    void remark(const key_rule& rule, std::string_view key, const place& at) {
        const std::string name = printable(key);
        switch (rule.level) {
        case support::honoured:
            return;
        case support::without_meaning:
            out_.note(at, fmt::format("{} has no effect: {}", name, rule.reason));
            return;
        case support::not_yet:
            out_.warn(
                at, fmt::format("{} is not supported by this release: {}", name, rule.reason)
            );
            return;
        case support::refused:
            out_.error(at, fmt::format("{}: {}", name, rule.reason));
            return;
        }
    }

    draft& into_;
    report& out_;
    load_options options_;
    std::size_t unknown_count_ = 0;
};

bool is_membership_key(std::string_view key) {
    return key.starts_with("server.") || key.starts_with("group.") || key.starts_with("weight.");
}

void read_entries(
    bytes_view text, const std::string& file, draft& into, report& out, load_options options
) {
    entry_reader reader(into, out, options);
    for (const property& entry : read_properties(text, file, out)) {
        reader.read(entry.key, entry.value, {file, entry.line});
    }
}

void read_version(std::string_view text, const place& at, draft& into, report& out) {
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version, 16);
    if (error != std::errc{} || end != text.data() + text.size()) {
        out.error(at, fmt::format("version: \"{}\" is not a hexadecimal zxid", printable(text)));
        return;
    }
    into.values.members.version = version;
}

/// The file that `dynamicConfigFile` names: membership and its version, nothing else.
void read_dynamic_file(draft& into, report& out, load_options options) {
    const std::string file = into.values.dynamic_configuration_file;
    if (file.empty()) {
        return;
    }
    const place named_at = into.given.of("dynamicConfigFile");
    if (!into.values.members.servers.empty()) {
        out.error(named_at, "with dynamicConfigFile the server lines belong into that file only");
    }
    const auto text = read_file(file, properties_size_bytes_max + 1);
    if (!text) {
        out.error(named_at, fmt::format("dynamicConfigFile {} {}", printable(file), text.error()));
        return;
    }
    entry_reader reader(into, out, options);
    for (const property& entry : read_properties(*text, file, out)) {
        const place at{file, entry.line};
        if (entry.key == "version") {
            read_version(entry.value, at, into, out);
        } else if (is_membership_key(entry.key)) {
            reader.read(entry.key, entry.value, at);
        } else {
            out.error(
                at, fmt::format("{} does not belong into a dynamic file", printable(entry.key))
            );
        }
    }
}

loaded finish(draft from, report& out) {
    settings values = resolve(std::move(from), out);
    return {std::move(values), out.entries()};
}

} // namespace

bool loaded::usable() const {
    return std::none_of(diagnostics.begin(), diagnostics.end(), [](const diagnostic& entry) {
        return entry.level == severity::error;
    });
}

loaded parse(bytes_view text, const std::string& file, load_options options) {
    report out;
    draft into(file);
    read_entries(text, file, into, out, options);
    return finish(std::move(into), out);
}

loaded load(const std::string& path, load_options options) {
    report out;
    draft into(path);
    const auto text = read_file(path, properties_size_bytes_max + 1);
    if (!text) {
        // Nothing else is worth saying about a file that nobody has read.
        out.error({path, 0}, text.error());
        return {settings{}, out.entries()};
    }
    into.values.configuration_file = path;
    read_entries(*text, path, into, out, options);
    read_dynamic_file(into, out, options);
    inspect_data_directories(into, out);
    return finish(std::move(into), out);
}

loaded from_arguments(std::span<const std::string_view> arguments) {
    const place at{"command line", 0};
    constexpr std::array<std::string_view, 4> keys{
        "clientPort", "dataDir", "tickTime", "maxClientCnxns"};
    report out;
    draft into(at.file);
    if (arguments.size() < 2 || arguments.size() > keys.size()) {
        out.error(at, "expected: port datadir [ticktime] [maxcnxns]");
        return {settings{}, out.entries()};
    }
    entry_reader reader(into, out, {});
    for (std::size_t index = 0; index < arguments.size(); ++index) {
        reader.read(keys[index], arguments[index], at);
    }
    inspect_data_directories(into, out);
    return finish(std::move(into), out);
}

loaded without_file() {
    report out;
    draft into("default configuration");
    into.values.data_directory = settings{}.data_directory;
    into.values.tick_time = std::chrono::milliseconds{2'000};
    inspect_data_directories(into, out);
    return finish(std::move(into), out);
}

} // namespace conclave::configuration
