/// bench-client conclave|c get|set SERVER [OPERATIONS] [WINDOW]
///
/// Prints operations per second, without connecting, and the CPU time of this process for each.
#include "test/bench/client/load.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string_view>
#include <sys/resource.h>

namespace {

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int usage() {
    fmt::print(stderr, "usage: bench-client conclave|c get|set SERVER [OPERATIONS] [WINDOW]\n");
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    using namespace conclave::bench;
    if (argc < 4) {
        return usage();
    }
    const std::string_view library = argv[1];
    load what;
    what.is_writing = std::string_view{argv[2]} == "set";
    what.server = argv[3];
    what.operation_count = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 500000;
    what.window = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 1000;
    try {
        const double cpu_before = cpu_seconds();
        const double took = library == "c" ? run_c_client(what) : run_conclave(what);
        const double cpu = cpu_seconds() - cpu_before;
        const auto count = static_cast<double>(what.operation_count);
        fmt::print(
            "library={} kind={} window={} operations_per_s={:.0f} "
            "client_cpu_us_per_operation={:.2f}\n",
            library,
            argv[2],
            what.window,
            count / took,
            cpu / count * 1e6
        );
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench-client: {}\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
