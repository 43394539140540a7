#include "test/support/source_tree.hpp"

namespace conclave::test {

std::filesystem::path source_file(const std::string& name) {
    return std::filesystem::path{CONCLAVE_SOURCE_DIR} / name;
}

} // namespace conclave::test
