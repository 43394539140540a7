#pragma once

#include <string>

namespace conclave::maintenance {

/// Where a server keeps its data.
struct data_place {
    std::string data_directory; ///< key dataDir: holds the folder "conclave"
    std::string log_directory;  ///< key dataLogDir; empty: the same
};

} // namespace conclave::maintenance
