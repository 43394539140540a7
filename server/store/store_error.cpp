#include "server/store/store_error.hpp"

namespace conclave::store {

std::string_view name(store_errc code) {
    switch (code) {
    case store_errc::disk_full:
        return "disk_full";
    case store_errc::map_full:
        return "map_full";
    case store_errc::in_use:
        return "in_use";
    case store_errc::stopped:
        return "stopped";
    case store_errc::exists:
        return "exists";
    case store_errc::damaged:
        return "damaged";
    case store_errc::cut_short:
        return "cut_short";
    case store_errc::newer_format:
        return "newer_format";
    case store_errc::io:
        return "io";
    }
    return "unknown";
}

} // namespace conclave::store
