#include "server/maintenance/temporary_directory.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace conclave::maintenance {

result<temporary_directory, std::string> temporary_directory::make() {
    std::string path = (std::filesystem::temp_directory_path() / "conclave-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
        return unexpected{fmt::format("no temporary directory: {}", std::strerror(errno))};
    }
    return temporary_directory{path};
}

temporary_directory::~temporary_directory() {
    std::error_code ignored; // it lies where temporary files lie
    if (!path_.empty()) {
        std::filesystem::remove_all(path_, ignored);
    }
}

} // namespace conclave::maintenance
