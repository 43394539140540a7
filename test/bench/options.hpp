/// The command line of conclave-bench.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace conclave::bench {

enum class operation {
    get,          ///< getData of random znodes
    set,          ///< setData of random znodes
    create,       ///< create of sequential znodes
    exists,       ///< exists of random znodes
    mixed,        ///< getData and setData
    load,         ///< only create the znodes
    connect_idle, ///< open sessions and keep them alive with pings
    etcd_put,     ///< Put of random keys of an etcd, over gRPC
    start,        ///< start a server and wait for its first answer
};

[[nodiscard]] std::string name(operation what);

struct options {
    bench::operation operation = bench::operation::get;
    std::string servers = "127.0.0.1:2181";
    std::uint32_t connections = 16;
    std::uint32_t pipeline = 1;
    std::uint32_t session_timeout_ms = 30'000;

    std::uint32_t payload_bytes = 100;
    unsigned read_percent = 90;
    std::string root = "/bench";
    std::uint32_t nodes = 1000;
    std::uint32_t children_per_directory = 1000;
    bool skip_load = false;

    double warm_up_seconds = 0;
    double seconds = 10;
    std::uint64_t operations = 0; ///< 0: until `seconds` are over

    std::vector<pid_t> pids;
    bool json = false;

    std::vector<std::string> command; ///< of the server, for `start`
    std::string server_log = "/dev/null";
    std::string read_path = "/";
    pid_t kill_pid = 0; ///< 0: none
    bool keep = false;
};

/// Parses and checks the command line. Prints help or the mistake and ends the process when there
/// is nothing to run.
options parse_options(int argc, const char* const* argv);

} // namespace conclave::bench
