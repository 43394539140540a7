#include "test/bench/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <map>

namespace conclave::bench {

namespace {

const std::map<std::string, operation> operations_by_name{
    {"get", operation::get},
    {"set", operation::set},
    {"create", operation::create},
    {"exists", operation::exists},
    {"mixed", operation::mixed},
    {"load", operation::load},
    {"connect-idle", operation::connect_idle},
    {"etcd-put", operation::etcd_put},
    {"start", operation::start},
};

void declare_connections(CLI::App& app, options& to) {
    app.add_option(
           "--servers", to.servers, "host:port[,host:port...]; connections are spread over them"
    )
        ->capture_default_str();
    app.add_option("--connections", to.connections, "sessions, one connection each")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--pipeline", to.pipeline, "requests in flight on each connection")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--session-timeout-ms", to.session_timeout_ms, "asked of the server")
        ->capture_default_str();
}

void declare_workload(CLI::App& app, options& to) {
    app.add_option(
           "--operation",
           to.operation,
           "get set create exists mixed load connect-idle etcd-put start; default get"
    )
        ->transform(CLI::CheckedTransformer(operations_by_name).description(""));
    app.add_option("--payload", to.payload_bytes, "octets of data per znode")
        ->capture_default_str();
    app.add_option("--mix", to.read_percent, "share of reads in the mixed operation, in percent")
        ->capture_default_str()
        ->check(CLI::Range(0U, 100U));
    app.add_option("--root", to.root, "znode below which the run takes place")
        ->capture_default_str();
    app.add_option("--nodes", to.nodes, "znodes that are created first and then worked on")
        ->capture_default_str()
        ->check(CLI::Range(1U, 999'999'999U));
    app.add_option("--children-per-directory", to.children_per_directory, "how they are spread")
        ->capture_default_str()
        ->check(CLI::Range(1U, 999'999'999U));
    app.add_flag("--skip-load", to.skip_load, "the znodes are there already");
}

void declare_measurement(CLI::App& app, options& to) {
    app.add_option("--warm-up", to.warm_up_seconds, "seconds of load before measuring")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app.add_option("--seconds", to.seconds, "how long to measure, or to hold idle sessions")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app.add_option("--operations", to.operations, "end after so many replies, if that is earlier");
    app.add_option("--pid", to.pids, "processes of the servers, for their CPU time and memory")
        ->delimiter(',');
    app.add_flag("--json", to.json, "print one JSON object");
}

void declare_start(CLI::App& app, options& to) {
    app.add_option("--kill-pid", to.kill_pid, "start: kill -9 this process first");
    app.add_option("--read-path", to.read_path, "start: znode whose data is the first answer")
        ->capture_default_str();
    app.add_option("--server-log", to.server_log, "start: file for the output of the server")
        ->capture_default_str();
    app.add_flag("--keep", to.keep, "start: leave the server running");
    app.add_option("command", to.command, "start: the server and its arguments, after --");
}

} // namespace

std::string name(operation what) {
    for (const auto& [text, each] : operations_by_name) {
        if (each == what) {
            return text;
        }
    }
    std::abort();
}

options parse_options(int argc, const char* const* argv) {
    options parsed;
    CLI::App app{"Measures servers that speak the ZooKeeper protocol: throughput, latency, CPU "
                 "time and memory."};
    declare_connections(app, parsed);
    declare_workload(app, parsed);
    declare_measurement(app, parsed);
    declare_start(app, parsed);
    try {
        app.parse(argc, argv);
        if (parsed.operation == operation::start && parsed.command.empty()) {
            throw CLI::RequiredError("start needs the command of the server after --");
        }
        if (parsed.operation != operation::start && !parsed.command.empty()) {
            throw CLI::ExtrasError(parsed.command);
        }
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    return parsed;
}

} // namespace conclave::bench
