/// One connection that keeps a number of requests under way.
#pragma once

#include <cstdint>
#include <string>

namespace conclave::bench {

struct load {
    std::string server;
    std::uint64_t operation_count = 0;
    std::uint64_t window = 0; ///< requests under way at any time
    bool is_writing = false;  ///< set instead of get, of one node with 100 octets
};

inline constexpr const char* node_path = "/bench-client";
inline constexpr std::size_t node_size = 100;

/// Each creates the node, runs the load and returns how long the load took.
/// @throws std::runtime_error
double run_conclave(const load& what);
double run_c_client(const load& what);

} // namespace conclave::bench
