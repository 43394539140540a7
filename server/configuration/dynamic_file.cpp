#include "server/configuration/dynamic_file.hpp"

#include "server/configuration/known_keys.hpp"
#include "server/configuration/properties.hpp"
#include "server/configuration/replace_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace conclave::configuration {

namespace {

constexpr std::string_view version_key = "version=";
constexpr std::string_view file_key = "dynamicConfigFile";
constexpr std::string_view server_key = "server.";
constexpr std::string_view any_address = "0.0.0.0";

std::string read(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file.good()) {
        throw std::system_error{errno, std::generic_category(), path};
    }
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// Calls `visit` with each line, its end included.
template <class Visitor>
void for_each_line(std::string_view text, std::string_view ends, Visitor visit) {
    while (!text.empty()) {
        std::size_t size = std::min(text.find_first_of(ends), text.size() - 1) + 1;
        if (text.substr(size - 1).starts_with("\r\n") &&
            ends.find('\r') != std::string_view::npos) {
            ++size;
        }
        visit(text.substr(0, size));
        text.remove_prefix(size);
    }
}

/// A server of a `server.N` line; none if it is another line.
struct member_line {
    server_id id;
    ensemble_server server;
};

std::optional<member_line> parse_member(std::string_view line) {
    line = line.substr(0, line.find('\n'));
    const std::size_t sign = line.find('=');
    if (!line.starts_with(server_key) || sign == std::string_view::npos) {
        return std::nullopt;
    }
    const auto id = parse_server_id(line.substr(server_key.size(), sign - server_key.size()));
    auto server = parse_server(line.substr(sign + 1));
    return id && server ? std::optional{member_line{*id, std::move(*server)}} : std::nullopt;
}

/// Of the server's line in `lines`, which is written by this program.
std::optional<ensemble_server> find_member(std::string_view lines, server_id wanted) {
    std::optional<ensemble_server> found;
    for_each_line(lines, "\n", [&](std::string_view line) {
        if (auto member = parse_member(line); member && member->id == wanted) {
            found = std::move(member->server);
        }
    });
    return found;
}

bool was_opened_to_all(const ensemble& configured, server_id id) {
    const auto at = configured.servers.find(id);
    return at != configured.servers.end() && at->second.client_host_is_given &&
           at->second.client->host == any_address;
}

std::string escaped(std::string text) {
    for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 2)) {
        text.insert(at, 1, '\\');
    }
    return text;
}

} // namespace

std::string write_dynamic_file(const configuration_files& files, std::string_view text) {
    const std::size_t version = text.rfind(version_key);
    const std::string next = fmt::format(
        "{}.{}", without_version(files.dynamic_path), text.substr(version + version_key.size())
    );
    // The version stands in the name.
    const std::string lines = lines_for_file(text.substr(0, version), files.members);
    const std::optional<ensemble_server> own = find_member(lines, files.own);
    if (!own) {
        return {};
    }
    const std::string known = read(files.static_path);
    const std::string wanted = naming_dynamic_file(known, next, superseded_keys(*own));
    const bool is_there = std::filesystem::exists(next) && read(next) == lines;
    if (is_there && known == wanted) {
        return {};
    }
    if (!is_there) {
        replace_file(next, lines);
    }
    replace_file(files.static_path, wanted);
    return next;
}

std::string lines_for_file(std::string_view text, const ensemble& configured) {
    std::string lines;
    for_each_line(text, "\n", [&](std::string_view line) {
        auto member = parse_member(line);
        const bool is_left_open = member && member->server.client &&
                                  member->server.client->host == any_address &&
                                  !was_opened_to_all(configured, member->id);
        if (!is_left_open) {
            lines += line;
            return;
        }
        const std::uint16_t port = member->server.client->port;
        member->server.client.reset();
        lines += fmt::format(
            "{}{}={};{}\n", server_key, member->id.value, to_string(member->server), port
        );
    });
    return lines;
}

std::vector<std::string_view> superseded_keys(const ensemble_server& own) {
    if (!own.client) {
        return {};
    }
    return own.client_host_is_given
               ? std::vector<std::string_view>{"clientPort", "clientPortAddress"}
               : std::vector<std::string_view>{"clientPort"};
}

std::string without_version(const std::string& path) {
    const std::size_t dot = path.rfind('.');
    const bool is_versioned =
        dot != std::string::npos && dot + 1 < path.size() && path.find("dynamic") < dot &&
        path.find_first_not_of("0123456789abcdef", dot + 1) == std::string::npos;
    return is_versioned ? path.substr(0, dot) : path;
}

std::string naming_dynamic_file(
    std::string_view content, const std::string& path, std::span<const std::string_view> dropped
) {
    report ignored; // the server runs with this file
    const std::vector<property> entries = read_properties(content, {}, ignored);
    auto entry = entries.begin();
    std::uint32_t number = 0;
    std::string changed;
    for_each_line(content, "\r\n", [&](std::string_view line) {
        ++number;
        while (entry != entries.end() && entry->line + entry->line_count <= number) {
            ++entry;
        }
        const bool is_of_entry = entry != entries.end() && entry->line <= number;
        const std::string_view key = is_of_entry ? canonical_key(entry->key) : std::string_view{};
        const bool is_last_line = is_of_entry && entry->line + entry->line_count - 1 == number;
        if (is_of_entry && key == file_key) {
            const std::string_view end =
                line.substr(std::min(line.find_first_of("\r\n"), line.size()));
            changed += is_last_line ? fmt::format("{}={}{}", file_key, escaped(path), end) : "";
        } else if (!is_of_entry || std::ranges::find(dropped, key) == dropped.end()) {
            changed += line;
        }
    });
    return changed;
}

} // namespace conclave::configuration
