#include "conclave/client/settings.hpp"

#include <conclave/path.hpp>

#include <charconv>
#include <optional>

namespace conclave::client {

namespace {

constexpr std::uint16_t default_port = 2181;

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc{} || end != text.data() + text.size() || port == 0) {
        return std::nullopt;
    }
    return port;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

/// Where the port's colon is: behind the bracket of an IPv6 address, or the only one there is.
std::optional<server_address> parse_server(std::string_view text) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) {
            return std::nullopt;
        }
        host = text.substr(1, bracket - 1);
        rest = text.substr(bracket + 1);
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    if (host.empty() || (!rest.empty() && rest.front() != ':')) {
        return std::nullopt;
    }
    if (rest.empty()) {
        return server_address{std::string{host}, default_port};
    }
    const auto port = parse_port(rest.substr(1));
    if (!port) {
        return std::nullopt;
    }
    return server_address{std::string{host}, *port};
}

} // namespace

result<connect_string> parse_connect_string(std::string_view text) {
    connect_string parsed;
    const std::size_t slash = text.find('/');
    if (slash != std::string_view::npos) {
        const std::string_view chroot = trimmed(text.substr(slash));
        if (!path::is_valid(chroot)) {
            return unexpected{errc::bad_arguments};
        }
        if (chroot != "/") {
            parsed.chroot = chroot;
        }
        text = text.substr(0, slash);
    }
    while (true) {
        const std::size_t comma = text.find(',');
        const auto server = parse_server(trimmed(text.substr(0, comma)));
        if (!server) {
            return unexpected{errc::bad_arguments};
        }
        parsed.servers.push_back(*server);
        if (comma == std::string_view::npos) {
            return parsed;
        }
        text.remove_prefix(comma + 1);
    }
}

} // namespace conclave::client
