#include "client/shell/quota_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace conclave::shell {

quota_figures parse_quota(std::string_view text) {
    quota_figures figures;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find_first_of(",;"));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const std::size_t sign = part.find('=');
        if (sign == std::string_view::npos) {
            continue;
        }
        const std::string_view name = part.substr(0, sign);
        std::int64_t value = -1;
        std::from_chars(part.data() + sign + 1, part.data() + part.size(), value);
        if (name == "count") {
            figures.count = value;
        } else if (name == "bytes") {
            figures.bytes = value;
        } else if (name == "countHardLimit") {
            figures.count_hard_limit = value;
        } else if (name == "byteHardLimit") {
            figures.byte_hard_limit = value;
        }
    }
    return figures;
}

std::string limits_text(const quota_figures& figures) {
    return fmt::format(
        "count={},bytes={}=;byteHardLimit={};countHardLimit={}",
        figures.count,
        figures.bytes,
        figures.byte_hard_limit,
        figures.count_hard_limit
    );
}

std::string use_text(const quota_figures& figures) {
    return fmt::format("count={},bytes={}", figures.count, figures.bytes);
}

std::string quota_path(std::string_view path) {
    return "/zookeeper/quota" + std::string{path == "/" ? "" : path};
}

} // namespace conclave::shell
