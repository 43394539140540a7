#include "server/net/peer_complaints.hpp"

namespace conclave::net {

bool peer_complaints::log(log_level level, const std::string& line, time_point now) {
    if (!log_enabled(level) || !admits(line, now)) {
        return false;
    }
    log_line(level, line);
    return true;
}

bool peer_complaints::admits(const std::string& line, time_point now) {
    const auto known = last_.find(line);
    if (known != last_.end() && now - known->second < interval_) {
        return false;
    }
    if (known == last_.end() && last_.size() >= count_max) {
        std::erase_if(last_, [&](const auto& each) { return now - each.second >= interval_; });
        if (last_.size() >= count_max) {
            return false;
        }
    }
    last_[line] = now;
    return true;
}

} // namespace conclave::net
