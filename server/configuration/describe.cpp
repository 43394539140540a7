#include "server/configuration/configuration.hpp"
#include "server/configuration/known_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::configuration {

namespace {

void describe_members(const ensemble& members, std::vector<std::string>& lines) {
    for (const auto& [id, server] : members.servers) {
        lines.push_back(fmt::format("server.{}={}", id.value, to_string(server)));
    }
    for (const auto& [group, ids] : members.groups) {
        std::string list;
        for (const server_id id : ids) {
            list += fmt::format("{}{}", list.empty() ? "" : ":", id.value);
        }
        lines.push_back(fmt::format("group.{}={}", group, list));
    }
    for (const auto& [id, weight] : members.weights) {
        lines.push_back(fmt::format("weight.{}={}", id.value, weight));
    }
}

} // namespace

bool is_ensemble(const settings& values) {
    const std::size_t count = values.members.servers.size();
    return count > 1 || (count == 1 && !values.standalone_enabled);
}

bool allows_four_letter_word(const settings& values, std::string_view word) {
    if (word == "srvr" || (word == "isro" && values.read_only_mode_enabled)) {
        return true;
    }
    const auto& words = values.four_letter_words;
    return std::any_of(words.begin(), words.end(), [word](const std::string& listed) {
        return listed == "*" || listed == word;
    });
}

bool shows_certificates(const settings& values) {
    const bool has_tls = !values.secure_listeners.empty() || values.client_ports_are_unified;
    return has_tls && values.client_tls.authentication != client_auth::none;
}

bool has_metrics_port(const settings& values) {
    return values.metrics_provider.ends_with(".PrometheusMetricsProvider");
}

std::vector<std::string> describe(const settings& values) {
    std::vector<std::string> lines;
    for (const key_rule& rule : known_keys()) {
        if (rule.show == nullptr) {
            continue;
        }
        const std::string value = rule.show(values);
        lines.push_back(
            fmt::format("{}={}", rule.name, rule.secret && !value.empty() ? "***" : value)
        );
    }
    describe_members(values.members, lines);
    std::sort(lines.begin(), lines.end());
    return lines;
}

} // namespace conclave::configuration
