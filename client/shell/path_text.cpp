#include "client/shell/path_text.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

namespace conclave::shell {

namespace {

std::string problem_at(std::string_view path, std::string_view reason, std::size_t index) {
    return fmt::format("Invalid path string \"{}\" caused by {} @{}", path, reason, index);
}

} // namespace

std::optional<std::string> path_problem(std::string_view path) {
    if (path.empty()) {
        return "Path length must be > 0";
    }
    if (path.front() != '/') {
        return "Path must start with / character";
    }
    if (path == "/") {
        return std::nullopt;
    }
    if (path.back() == '/') {
        return "Path must not end with / character";
    }
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part.empty()) {
            return problem_at(path, "empty node name specified", begin);
        }
        if (part == "." || part == "..") {
            return problem_at(path, "relative paths not allowed", end - 1);
        }
        begin = end + 1;
    }
    if (!path::is_valid(path)) {
        return fmt::format("Invalid path string \"{}\" caused by invalid character", path);
    }
    return std::nullopt;
}

} // namespace conclave::shell
