#include "server/log_output.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "conclave/text.hpp"

namespace conclave {

namespace {

spdlog::level::level_enum to_spdlog(log_level level) {
    switch (level) {
    case log_level::debug:
        return spdlog::level::debug;
    case log_level::info:
        return spdlog::level::info;
    case log_level::warning:
        return spdlog::level::warn;
    case log_level::error:
        return spdlog::level::err;
    }
    return spdlog::level::err;
}

void print(log_level level, std::string_view line) {
    const std::string shown = text::without_controls(line);
    spdlog::log(to_spdlog(level), spdlog::string_view_t{shown.data(), shown.size()});
}

} // namespace

void print_log_lines(log_level lowest) {
    static const bool is_set_up = [] {
        auto logger = spdlog::stderr_color_mt("conclave");
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
        logger->flush_on(spdlog::level::debug);
        spdlog::set_default_logger(std::move(logger));
        return true;
    }();
    static_cast<void>(is_set_up);
    spdlog::set_level(to_spdlog(lowest));
    set_log_sink(&print, lowest);
}

} // namespace conclave
