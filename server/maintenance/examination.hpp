/// What a data directory holds and whether it is whole, found out without a server and without
/// writing anything (`conclaved doctor`).
#pragma once

#include "server/log/file_system.hpp"
#include "server/maintenance/checkpoint_examination.hpp"
#include "server/maintenance/data_place.hpp"
#include "server/maintenance/log_examination.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace conclave::maintenance {

enum class severity {
    note,    ///< worth knowing; nothing to do
    warning, ///< the server starts; somebody should look at it
    damage,  ///< the server does not start with it, or sets it aside
};

[[nodiscard]] std::string_view name(severity of);

struct finding {
    severity level{};
    std::string what;
    std::string advice; ///< may be empty
};

struct directory_report {
    std::string path; ///< of Conclave's own folder
    std::string log_path;
    bool is_in_use = false;
    std::string in_use_by; ///< pid, if it says so
    std::optional<std::uint32_t> format_version;
    std::string cluster; ///< hexadecimal, empty without identity
    std::string storage;
    std::optional<checkpoint_facts> checkpoint;
    std::string checkpoint_path; ///< the one that counts; empty without one
    std::optional<log_facts> log;
    std::vector<std::string> set_aside; ///< names with ".damaged-N"
    std::optional<std::string> rebuild_note;
    bool has_zookeeper_data = false;
    std::vector<finding> findings;

    void add(severity level, std::string what, std::string advice = {});

    /// No finding is damage.
    [[nodiscard]] bool is_usable() const;
};

/// Looks at everything. `scratch` is for a copy of a checkpoint that can only be judged in one.
/// @return nothing if there is no folder of Conclave's in the data directory.
[[nodiscard]] std::optional<directory_report>
examine(txnlog::file_system& files, const data_place& where, const std::string& scratch);

/// For people.
[[nodiscard]] std::string to_text(const directory_report& report);

/// For programs (docs/operations.md).
[[nodiscard]] std::string to_json(const directory_report& report);

} // namespace conclave::maintenance
