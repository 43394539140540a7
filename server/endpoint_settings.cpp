#include "server/endpoint_settings.hpp"

#include "server/log_output.hpp"
#include "server/tls_settings.hpp"

#include <conclave/log_line.hpp>

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace conclave {

namespace {

log_level current_log_level() {
    for (const log_level each : {log_level::debug, log_level::info, log_level::warning}) {
        if (log_enabled(each)) {
            return each;
        }
    }
    return log_level::error;
}

std::string read_token(const std::string& path) {
    constexpr std::size_t size_min = 16;
    std::ifstream file{path};
    std::string token;
    if (!std::getline(file, token)) {
        throw std::runtime_error{
            fmt::format("admin.tokenFile={} cannot be read, or is empty", path)};
    }
    token.erase(token.find_last_not_of(" \t\r") + 1);
    if (token.size() < size_min || token.find_first_of(" \t") != std::string::npos) {
        throw std::runtime_error{fmt::format(
            "the token in {} has to have {} characters at least, and no space", path, size_min
        )};
    }
    return token;
}

} // namespace

admin::endpoint_settings make_endpoint_settings(const configuration::settings& configured) {
    admin::endpoint_settings made;
    if (configured.admin_enabled) {
        made.door = admin::http_door{configured.admin_host, configured.admin_port};
        if (const std::optional<tls::settings> keys = endpoint_tls_settings(configured)) {
            made.door->security = {
                std::make_shared<const tls::context>(*keys), configured.admin_forces_https};
        }
    }
    if (configuration::has_metrics_port(configured)) {
        made.metrics_door = admin::http_door{configured.metrics_host, configured.metrics_port};
    }
    made.limits.connection_count_max = configured.admin_connection_count_max;
    made.limits.idle_timeout = configured.admin_idle_timeout;
    made.command_url = configured.admin_command_url;
    made.access = {configured.admin_writes_enabled, configured.admin_authorization_required};
    if (made.door && !configured.admin_token_file.empty()) {
        made.credentials.token = read_token(configured.admin_token_file);
    }
    if (!configured.super_digest.empty()) {
        made.credentials.super_digest = configured.super_digest;
    }
    made.credentials.digest_algorithm = configured.digest_algorithm;
    made.credentials.digest_enabled = configured.digest_scheme_enabled;
    made.credentials.skip_acl = configured.skip_acl;
    made.frame_size_max = configured.jute_buffer_size_bytes_max;
    made.effective_configuration = configuration::describe(configured);
    made.logging = {&current_log_level, &print_log_lines};
    return made;
}

} // namespace conclave
