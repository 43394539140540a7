#include "server/membership_file.hpp"

#include <exception>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

void write_members(const configuration::configuration_files& files, const bytes& text) try {
    const std::string written = configuration::write_dynamic_file(files, text);
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

membership_file::membership_file(const configuration::settings& configured)
    : files_{
          configured.configuration_file,
          configured.dynamic_configuration_file,
          configured.server,
          configured.members} {}

void membership_file::keep(const bytes& text) {
    if (files_.static_path.empty() || files_.dynamic_path.empty()) {
        return;
    }
    // Assigning waits for the file before, which was begun long ago.
    writing_ = std::async(std::launch::async, write_members, files_, text);
}

} // namespace conclave
