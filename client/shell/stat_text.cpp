#include "client/shell/stat_text.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace conclave::shell {

namespace {

std::string formatted(client::server_time at, const char* pattern) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    if (localtime_r(&seconds, &parts) == nullptr) {
        return fmt::format("{} ms", at.time_since_epoch().count());
    }
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), pattern, &parts)};
}

} // namespace

std::string hex_text(std::int64_t number) {
    return fmt::format("{:#x}", static_cast<std::uint64_t>(number));
}

std::string java_time_text(client::server_time at) {
    return formatted(at, "%a %b %d %H:%M:%S %Z %Y");
}

std::string time_text(client::server_time at) {
    return formatted(at, "%Y-%m-%d %H:%M:%S %Z");
}

std::string zkcli_stat_text(const client::node_stat& stat) {
    return fmt::format(
        "cZxid = {}\nctime = {}\nmZxid = {}\nmtime = {}\npZxid = {}\ncversion = {}\n"
        "dataVersion = {}\naclVersion = {}\nephemeralOwner = {}\ndataLength = {}\nnumChildren = "
        "{}\n",
        hex_text(stat.czxid.value),
        java_time_text(stat.ctime),
        hex_text(stat.mzxid.value),
        java_time_text(stat.mtime),
        hex_text(stat.pzxid.value),
        stat.cversion.value,
        stat.version.value,
        stat.aversion.value,
        hex_text(stat.ephemeral_owner.value),
        stat.data_length,
        stat.num_children
    );
}

} // namespace conclave::shell
