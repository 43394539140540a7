#include "server/net/settings.hpp"

#include <algorithm>

namespace conclave::net {

std::size_t io_thread_count(int configured, unsigned core_count) {
    constexpr unsigned core_count_without_threads = 4;
    constexpr unsigned thread_count_max = 8;
    if (configured >= 0) {
        return static_cast<std::size_t>(configured);
    }
    return core_count <= core_count_without_threads ? 0
                                                    : std::min(core_count / 4, thread_count_max);
}

} // namespace conclave::net
