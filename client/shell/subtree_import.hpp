/// Writes the nodes of a file to servers.
#pragma once

#include "client/shell/connection.hpp"
#include "client/shell/subtree_file.hpp"

#include <string>
#include <vector>

namespace conclave::shell {

/// What becomes of nodes that are there already.
enum class import_mode {
    refuse,     ///< nothing is written if one of the file's nodes is there
    write_over, ///< they get the data and the list of the file
    replace,    ///< and what is below the root and not in the file is deleted
};

/// What is to be done. Ephemeral nodes are never touched: neither are those of the file written,
/// nor are those of living sessions deleted, nor what is above these.
struct import_plan {
    std::vector<filed_node> nodes;    ///< to be written; their paths are absolute
    std::vector<std::string> surplus; ///< to be deleted, children before their parents
    std::size_t ephemeral_count = 0;  ///< of the file
    std::size_t kept_count = 0;       ///< that are there, not in the file, and stay
};

/// Looks at what is there, and changes nothing. The failure says what is in the way.
[[nodiscard]] outcome<import_plan> plan_import(
    connection& at, std::vector<filed_node> nodes, const std::string& root, import_mode mode
);

/// Deletes first, then writes. Each node is a change of its own: what fails has written a part.
/// @param progress  called with the number of nodes written so far
/// @return  how many nodes were written
[[nodiscard]] outcome<std::size_t>
carry_out(connection& at, import_plan plan, import_mode mode, const progress_callback& progress);

} // namespace conclave::shell
