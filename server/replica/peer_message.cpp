#include "server/replica/peer_message.hpp"

#include <utility>

namespace conclave::replica {

namespace {

/// Types below belong to the replication core.
constexpr std::uint8_t first_type = 64;

template <class Message>
std::optional<peer_message> decoded_message(bytes_view payload) {
    jute::reader in{payload};
    Message read;
    in(read);
    if (!in.ok() || !in.rest().empty()) {
        return std::nullopt;
    }
    return peer_message{std::move(read)};
}

} // namespace

bytes encode(const peer_message& from) {
    bytes frame;
    if (const auto* core = std::get_if<zab::message>(&from)) {
        zab::encode(*core, frame);
        return frame;
    }
    jute::writer out{frame};
    out(static_cast<std::uint8_t>(first_type + from.index() - 1));
    std::visit(
        [&](const auto& each) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(each)>, zab::message>) {
                out(each);
            }
        },
        from
    );
    return frame;
}

std::optional<peer_message> decode_peer_message(bytes_view frame) {
    const std::uint8_t type = frame.empty() ? 0 : static_cast<std::uint8_t>(frame.front());
    if (type < first_type) {
        std::optional<zab::message> core = zab::decode_message(frame);
        return core ? std::optional<peer_message>{*std::move(core)} : std::nullopt;
    }
    const bytes_view payload = frame.substr(1);
    switch (type - first_type) {
    case 0:
        return decoded_message<forward_message>(payload);
    case 1:
        return decoded_message<touch_message>(payload);
    case 2:
        return decoded_message<revalidate_message>(payload);
    case 3:
        return decoded_message<revalidate_answer>(payload);
    case 4:
        return decoded_message<digests_message>(payload);
    case 5:
        return decoded_message<divergence_message>(payload);
    case 6:
        return decoded_message<disk_message>(payload);
    default:
        return std::nullopt;
    }
}

} // namespace conclave::replica
