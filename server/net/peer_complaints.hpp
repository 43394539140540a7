/// Log lines about peers, which a peer can cause as often as it tries.
#pragma once

#include <conclave/log_line.hpp>

#include <chrono>
#include <map>
#include <string>

namespace conclave::net {

/// Logs the same complaint about the same peer once per interval, and another one at once. Time is
/// given, never read. One thread.
class peer_complaints {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// As many are remembered; when all of them are recent, new ones go unheard.
    static constexpr std::size_t count_max = 256;

    explicit peer_complaints(std::chrono::milliseconds interval) : interval_(interval) {}

    /// `line` is the complaint, and names the peer. @return  true if it was logged.
    bool log(log_level level, const std::string& line, time_point now);

private:
    bool admits(const std::string& line, time_point now);

    std::chrono::milliseconds interval_;
    std::map<std::string, time_point> last_; ///< when each was logged
};

} // namespace conclave::net
