#include "test/bench/etcd_put.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/idle_sessions.hpp"
#include "test/bench/options.hpp"
#include "test/bench/report.hpp"
#include "test/bench/start_time.hpp"
#include "test/bench/throughput.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace {

namespace bench = conclave::bench;

bench::report run(const bench::options& asked) {
    switch (asked.operation) {
    case bench::operation::connect_idle:
        return bench::measure_idle_sessions(asked);
    case bench::operation::start:
        return bench::measure_start(asked);
    case bench::operation::etcd_put:
        return bench::measure_etcd_put(asked);
    case bench::operation::get:
    case bench::operation::set:
    case bench::operation::create:
    case bench::operation::exists:
    case bench::operation::mixed:
    case bench::operation::load:
        break;
    }
    return bench::measure_throughput(asked);
}

} // namespace

int main(int argc, char** argv) {
    const bench::options asked = bench::parse_options(argc, argv);
    try {
        const bench::report result = run(asked);
        fmt::print("{}", asked.json ? result.as_json() : result.as_text());
        return EXIT_SUCCESS;
    } catch (const bench::failure& error) {
        fmt::print(stderr, "conclave-bench: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
