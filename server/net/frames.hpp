/// Frames that stand one behind the other, lengths included.
#pragma once

#include <conclave/jute.hpp>
#include <conclave/types.hpp>

namespace conclave::net {

/// Takes the first frame off. Precondition: it is whole.
[[nodiscard]] inline bytes_view take_frame(bytes_view& frames) {
    std::int32_t length = 0;
    jute::reader in{frames};
    in(length);
    const bytes_view payload = in.rest().substr(0, static_cast<std::size_t>(length));
    frames.remove_prefix(sizeof length + payload.size());
    return payload;
}

} // namespace conclave::net
