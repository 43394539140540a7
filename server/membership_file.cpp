#include "server/membership_file.hpp"

#include "server/configuration/dynamic_file.hpp"

#include <exception>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

void write_members(
    const std::string& static_path, const std::string& dynamic_path, const bytes& text
) try {
    const std::string written = configuration::write_dynamic_file(static_path, dynamic_path, text);
    if (!written.empty()) {
        log(log_level::info, "dynamic configuration file written path={}", written);
    }

} catch (const std::exception& problem) {

    log(log_level::error,
        "the dynamic configuration file was not written: {}. The server goes on; its log says who "
        "the members are",
        problem.what());
}

} // namespace

membership_file::membership_file(std::string static_path, std::string dynamic_path)
    : static_path_(std::move(static_path)), dynamic_path_(std::move(dynamic_path)) {}

void membership_file::keep(const bytes& text) {
    if (static_path_.empty() || dynamic_path_.empty()) {
        return;
    }
    // Assigning waits for the file before, which was begun long ago.
    writing_ = std::async(std::launch::async, write_members, static_path_, dynamic_path_, text);
}

} // namespace conclave
