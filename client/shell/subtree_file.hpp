/// Subtrees in files: JSON, one node per line, in the order in which they can be created.
#pragma once

#include "client/shell/stat_json.hpp"
#include "client/shell/subtree_contents.hpp"

#include <ostream>
#include <string>
#include <string_view>

namespace conclave::shell {

/// A node of a file, its path relative to the root of the subtree: "" for the root, "a/b" below.
struct filed_node {
    std::string path;
    node_contents contents;
};

/// Writes the file as the nodes come.
class subtree_file_writer {
public:
    /// @param root  where the nodes come from, for people
    subtree_file_writer(std::ostream& to, std::string_view root);

    /// The failure is that of `node_json`.
    [[nodiscard]] outcome<> add(const filed_node& node);
    void finish();

private:
    std::ostream& to_;
    bool is_first_ = true;
};

/// As it stands in a file. The failure names an entry of the access control list that no file can
/// hold: its id is not UTF-8.
[[nodiscard]] outcome<json> node_json(const filed_node& node);

/// The nodes of a file; the failure says which node is wrong and why.
[[nodiscard]] outcome<std::vector<filed_node>> parse_subtree_file(std::string_view text);

} // namespace conclave::shell
