#include "server/configuration/special_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace conclave::configuration::special {

namespace {

/// A word of the file for each value of an enumeration.
template <class Value, std::size_t Count>
using word_table = std::array<std::pair<std::string_view, Value>, Count>;

constexpr word_table<torn_tail, 2> torn_tail_words{
    {{"standard", torn_tail::standard}, {"strict", torn_tail::strict}}};

constexpr word_table<read_mode, 2> read_mode_words{
    {{"sequential", read_mode::sequential}, {"linearizable", read_mode::linearizable}}};

constexpr word_table<conclave::log_level, 4> log_level_words{
    {{"debug", conclave::log_level::debug},
     {"info", conclave::log_level::info},
     {"warning", conclave::log_level::warning},
     {"error", conclave::log_level::error}}};

constexpr word_table<client_auth, 3> client_auth_words{
    {{"none", client_auth::none}, {"want", client_auth::want}, {"need", client_auth::need}}};

template <class Value, std::size_t Count>
parsed<Value> value_of(const word_table<Value, Count>& table, std::string_view text) {
    std::string words;
    for (const auto& [word, value] : table) {
        if (word == lower_case(text)) {
            return value;
        }
        words += words.empty() ? "" : " ";
        words += word;
    }
    return unexpected{fmt::format("\"{}\" is none of: {}", printable(text), words)};
}

template <class Value, std::size_t Count>
std::string word_of(const word_table<Value, Count>& table, Value value) {
    const auto found = std::find_if(table.begin(), table.end(), [value](const auto& entry) {
        return entry.second == value;
    });
    return found == table.end() ? std::string{} : std::string(found->first);
}

/// A host, or "*" for all addresses of the older family.
outcome apply_listen_address(std::string& into, std::string_view value) {
    if (value.empty() || value == "*") {
        into = value.empty() ? "" : "0.0.0.0";
        return {};
    }
    return store(parse_host(value), into);
}

std::string show_port(const std::vector<endpoint>& listeners) {
    return listeners.empty() ? std::string{} : std::to_string(listeners.front().port);
}

std::string show_host(const std::vector<endpoint>& listeners) {
    return listeners.empty() ? std::string{} : listeners.front().host;
}

} // namespace

outcome apply_client_port(draft& into, std::string_view, std::string_view value) {
    return store(parse_port(value), into.client_port);
}

std::string show_client_port(const settings& values) {
    return show_port(values.listeners);
}

outcome apply_client_port_address(draft& into, std::string_view, std::string_view value) {
    return apply_listen_address(into.client_port_address, value);
}

std::string show_client_port_address(const settings& values) {
    return show_host(values.listeners);
}

outcome apply_secure_client_port(draft& into, std::string_view, std::string_view value) {
    if (value.empty()) {
        into.secure_client_port.reset();
        return {};
    }
    return store(parse_port(value), into.secure_client_port);
}

std::string show_secure_client_port(const settings& values) {
    return show_port(values.secure_listeners);
}

outcome apply_secure_client_port_address(draft& into, std::string_view, std::string_view value) {
    return apply_listen_address(into.secure_client_port_address, value);
}

std::string show_secure_client_port_address(const settings& values) {
    return show_host(values.secure_listeners);
}

outcome apply_election_algorithm(draft&, std::string_view, std::string_view value) {
    if (value != "3") {
        return unexpected{fmt::format("\"{}\" is not 3, the only one left", printable(value))};
    }
    return {};
}

outcome apply_peer_type(draft& into, std::string_view, std::string_view value) {
    return store(parse_choice(value, "observer", "participant"), into.observer_is_asked);
}

outcome apply_torn_tail(draft& into, std::string_view, std::string_view value) {
    return store(value_of(torn_tail_words, value), into.values.tail_policy);
}

std::string show_torn_tail(const settings& values) {
    return word_of(torn_tail_words, values.tail_policy);
}

outcome apply_read_mode(draft& into, std::string_view, std::string_view value) {
    return store(value_of(read_mode_words, value), into.values.reads);
}

std::string show_read_mode(const settings& values) {
    return word_of(read_mode_words, values.reads);
}

outcome apply_log_level(draft& into, std::string_view, std::string_view value) {
    return store(value_of(log_level_words, value), into.values.log_level_lowest);
}

std::string show_log_level(const settings& values) {
    return word_of(log_level_words, values.log_level_lowest);
}

outcome apply_client_auth(draft& into, std::string_view, std::string_view value) {
    return store(value_of(client_auth_words, value), into.values.client_tls.authentication);
}

std::string show_client_auth(const settings& values) {
    return word_of(client_auth_words, values.client_tls.authentication);
}

outcome apply_digest_algorithm(draft& into, std::string_view, std::string_view value) {
    // Java writes SHA-256, OpenSSL SHA256; SHA1 and SHA-1 are the same everywhere.
    std::string name = lower_case(value);
    std::erase(name, '-');
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names{
        {{"sha1", "SHA1"},
         {"sha224", "SHA224"},
         {"sha256", "SHA256"},
         {"sha384", "SHA384"},
         {"sha512", "SHA512"},
         {"md5", "MD5"}}};
    for (const auto& [lowered, canonical] : names) {
        if (lowered == name) {
            into.values.digest_algorithm = std::string(canonical);
            return {};
        }
    }
    return unexpected{fmt::format(
        "\"{}\" is none of: SHA1 SHA-224 SHA-256 SHA-384 SHA-512 MD5", printable(value)
    )};
}

outcome apply_command_url(draft& into, std::string_view, std::string_view value) {
    const bool is_plain = std::ranges::all_of(value, [](unsigned char each) {
        return std::isalnum(each) != 0 || each == '/' || each == '-' || each == '_' || each == '.';
    });
    const bool is_path = value.size() > 1 && value.starts_with('/') && !value.ends_with('/') &&
                         value.find("//") == std::string_view::npos &&
                         value.find("/.") == std::string_view::npos;
    if (!is_plain || !is_path) {
        return unexpected{fmt::format("\"{}\" is no path such as /commands", printable(value))};
    }
    for (const std::string_view taken : {"/v1", "/metrics", "/livez", "/readyz"}) {
        if (value == taken || value.starts_with("/v1/")) {
            return unexpected{fmt::format("\"{}\" is taken by the endpoint itself", value)};
        }
    }
    into.values.admin_command_url = value;
    return {};
}

outcome apply_member_line(draft& into, std::string_view key, std::string_view value) {
    return add_line(into.values.members, key, value);
}

} // namespace conclave::configuration::special
