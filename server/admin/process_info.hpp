/// What the operating system knows about this process.
#pragma once

#include <conclave/types.hpp>

#include <string>

namespace conclave::admin {

/// Facts that `envi` and `mntr` show. What cannot be found out is empty or 0.
struct process_facts {
    std::string host_name;
    std::string os_name;
    std::string os_arch;
    std::string os_version;
    std::string user_name;
    std::string user_home;
    std::string working_directory;
    std::uint64_t memory_free = 0;     ///< octets that the machine could still give
    std::uint64_t memory_total = 0;    ///< octets of the machine
    std::uint64_t memory_resident = 0; ///< octets of this process
    double cpu_seconds = 0;            ///< that this process has used
    std::int64_t open_descriptor_count = 0;
    std::int64_t open_descriptor_count_max = 0;
};

/// Reads /proc and asks the system; takes a fraction of a millisecond.
[[nodiscard]] process_facts read_process_facts();

/// The answer to `envi`. What only a Java machine has is `<NA>`, as Java itself prints what it
/// lacks.
[[nodiscard]] bytes envi_text(const process_facts& process, bytes_view version);

} // namespace conclave::admin
