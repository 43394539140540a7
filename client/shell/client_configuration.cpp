#include "client/shell/client_configuration.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace conclave::shell {

namespace {

std::string value_of(const properties& from, std::string_view key) {
    const auto found = from.find(key);
    return found == from.end() ? std::string{} : found->second;
}

outcome<> check_is_pem(const properties& from, std::string_view store) {
    const std::string prefix = fmt::format("zookeeper.ssl.{}.", store);
    const std::string location = value_of(from, prefix + "location");
    const std::string type = text::lower_case(value_of(from, prefix + "type"));
    const bool is_named_pem = text::lower_case(location).ends_with(".pem");
    if (location.empty() || type == "pem" || (type.empty() && is_named_pem)) {
        return {};
    }
    return misused(fmt::format(
        "{}location = {}: conclave reads PEM files only. For a PKCS12 file: openssl pkcs12 -in "
        "FILE -nodes -out FILE.pem; a JKS file becomes PKCS12 by: keytool -importkeystore "
        "-srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12",
        prefix,
        location
    ));
}

outcome<std::string> password_of(const properties& from, std::string_view store) {
    const std::string prefix = fmt::format("zookeeper.ssl.{}.", store);
    const std::string path = value_of(from, prefix + "passwordPath");
    if (path.empty()) {
        return value_of(from, prefix + "password");
    }
    std::ifstream file{path};
    std::string password;
    if (!file || !std::getline(file, password)) {
        return misused(fmt::format("{}passwordPath = {}: it cannot be read", prefix, path));
    }
    return password;
}

outcome<> apply_tls(const properties& from, invocation& to) {
    for (const std::string_view store : {"keyStore", "trustStore"}) {
        if (auto checked = check_is_pem(from, store); !checked) {
            return checked;
        }
    }
    const auto password = password_of(from, "keyStore");
    if (!password) {
        return unexpected{password.error()};
    }
    to.uses_tls = true;
    // One PEM file holds the key and its certificates, as Java wants it.
    const std::string key_store = value_of(from, "zookeeper.ssl.keyStore.location");
    if (!key_store.empty()) {
        to.tls.certificate = key_store;
        to.tls.private_key = key_store;
        to.tls.private_key_password = *password;
    }
    const std::string trust_store = value_of(from, "zookeeper.ssl.trustStore.location");
    if (!trust_store.empty()) {
        to.tls.trusted = trust_store;
    }
    if (text::lower_case(value_of(from, "zookeeper.ssl.hostnameVerification")) == "false") {
        to.verifies_host_name = false;
    }
    return {};
}

} // namespace

properties parse_properties(std::string_view text) {
    properties found;
    std::istringstream lines{std::string{text}};
    for (std::string line; std::getline(lines, line);) {
        while (line.ends_with('\\')) {
            line.pop_back();
            std::string next;
            if (!std::getline(lines, next)) {
                break;
            }
            line += text::trim(next);
        }
        const std::string_view trimmed = text::trim(line);
        const std::size_t sign = trimmed.find_first_of("=:");
        if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == '!' ||
            sign == std::string_view::npos) {
            continue;
        }
        found[std::string{text::trim(trimmed.substr(0, sign))}] =
            text::trim(trimmed.substr(sign + 1));
    }
    return found;
}

outcome<> apply_client_configuration(const properties& from, invocation& to) {
    if (text::lower_case(value_of(from, "zookeeper.client.secure")) == "true") {
        if (auto applied = apply_tls(from, to); !applied) {
            return applied;
        }
    }
    return {};
}

outcome<> read_client_configuration(const std::string& name, invocation& to) {
    std::ifstream file{name};
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        return misused(fmt::format("{}: the client configuration cannot be read", name));
    }
    return apply_client_configuration(parse_properties(text.str()), to);
}

} // namespace conclave::shell
