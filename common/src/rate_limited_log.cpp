#include "conclave/rate_limited_log.hpp"

namespace conclave {

bool rate_limited_log::admits(time_point now) {
    summarize(now);
    if (now - interval_start_ >= interval_) {
        interval_start_ = now;
        admitted_ = 0;
    }
    if (admitted_ < burst_) {
        ++admitted_;
        return true;
    }
    ++suppressed_;
    return false;
}

void rate_limited_log::summarize(time_point now) {
    if (suppressed_ != 0 && now - interval_start_ >= interval_) {
        log(log_level::warning, "{} more suppressed", suppressed_);
        suppressed_ = 0;
    }
}

} // namespace conclave
