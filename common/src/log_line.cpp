#include "conclave/log_line.hpp"

#include <atomic>

namespace conclave {

namespace {

std::atomic<log_sink> current_sink{nullptr};
std::atomic<log_level> lowest_level{log_level::info};

} // namespace

void set_log_sink(log_sink sink, log_level lowest) noexcept {
    lowest_level.store(lowest, std::memory_order_relaxed);
    current_sink.store(sink, std::memory_order_release);
}

bool log_enabled(log_level level) noexcept {
    return current_sink.load(std::memory_order_relaxed) != nullptr &&
           level >= lowest_level.load(std::memory_order_relaxed);
}

void log_line(log_level level, std::string_view line) {
    if (const log_sink sink = current_sink.load(std::memory_order_acquire); sink != nullptr) {
        sink(level, line);
    }
}

} // namespace conclave
