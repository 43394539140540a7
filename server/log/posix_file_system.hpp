/// The file system of the machine.
#pragma once

#include "server/log/file_system.hpp"

namespace conclave::txnlog {

/// Stateless: any number of threads may share one. New files get mode 0640, new directories 0750
/// (less the umask).
class posix_file_system final : public file_system {
public:
    io_result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override;
    std::error_code rename(const std::string& from, const std::string& to) override;
    std::error_code remove(const std::string& path) override;
    io_result<std::vector<std::string>> list(const std::string& directory) override;
    std::error_code make_directory(const std::string& path) override;
    std::error_code sync_directory(const std::string& path) override;
};

} // namespace conclave::txnlog
