#include "conclave/client/session_state.hpp"

namespace conclave::client {

std::string_view name(session_state state) {
    switch (state) {
    case session_state::connecting:
        return "connecting";
    case session_state::connected:
        return "connected";
    case session_state::connected_read_only:
        return "connected_read_only";
    case session_state::suspended:
        return "suspended";
    case session_state::lost:
        return "lost";
    }
    return "unknown";
}

} // namespace conclave::client
