/// From a file, a text, the command line or nothing at all to a checked configuration.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/configuration/diagnostic.hpp"

#include <conclave/types.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::configuration {

struct load_options {
    bool strict = false; ///< an unknown key is an error: for checking a file without starting
};

/// The outcome: always complete, and to be used only if `usable`.
struct loaded {
    settings values;
    std::vector<diagnostic> diagnostics; ///< all of them, in the order of discovery

    /// False if any diagnostic is an error.
    [[nodiscard]] bool usable() const;
};

/// Reads `text` as a configuration; `file` names it in diagnostics. Touches no file, so neither
/// `dynamicConfigFile` nor `myid` is read. Defined for any bytes.
[[nodiscard]] loaded parse(bytes_view text, const std::string& file, load_options options = {});

/// Reads the file at `path`, the dynamic file that it names, and `myid` in its data directory.
/// Relative paths are relative to the working directory, as in ZooKeeper. Changes nothing on disk.
[[nodiscard]] loaded load(const std::string& path, load_options options = {});

/// The original's other form of start: `port datadir [ticktime] [maxcnxns]`. Reads `myid` in
/// `datadir`.
[[nodiscard]] loaded from_arguments(std::span<const std::string_view> arguments);

/// What a server does when it is told nothing: data in `conclave-data` under the working directory,
/// clients on 127.0.0.1:2181, and the tick of ZooKeeper's sample file, 2 s. Reads `myid` if there
/// is one.
[[nodiscard]] loaded without_file();

} // namespace conclave::configuration
