/// `conclaved backup`: from a running server's admin endpoint to a directory.
#pragma once

#include "server/admin_download.hpp"

#include <conclave/result.hpp>

#include <filesystem>
#include <string>

namespace conclave {

struct backup_order {
    admin_address from;
    std::filesystem::path into;
    bool is_whole = false; ///< a snapshot, also where transactions would do
};

/// Takes a snapshot, or, if there is one, what was written since. What it writes is verified and
/// durable before the manifest names it.
/// @return what was done, for people; else what is wrong and what to do
[[nodiscard]] result<std::string, std::string> take_backup(const backup_order& order);

} // namespace conclave
