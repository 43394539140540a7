/// The text of quota nodes (zookeeper-protocol 7.3).
#pragma once

#include <conclave/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace conclave::shell {

/// What `zookeeper_limits` and `zookeeper_stats` say; -1 is no limit.
struct quota_figures {
    std::int64_t count = -1;
    std::int64_t bytes = -1;
    std::int64_t count_hard_limit = -1;
    std::int64_t byte_hard_limit = -1;

    friend bool operator==(const quota_figures&, const quota_figures&) = default;
};

/// Reads "count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1". What is absent or unreadable stays
/// -1, as servers take it.
[[nodiscard]] quota_figures parse_quota(std::string_view text);

/// The same, as ZooKeeper writes limits.
[[nodiscard]] std::string limits_text(const quota_figures& figures);

/// "count=2,bytes=3": how use is written.
[[nodiscard]] std::string use_text(const quota_figures& figures);

/// "/zookeeper/quota" + path.
[[nodiscard]] std::string quota_path(std::string_view path);

} // namespace conclave::shell
