/// What a watch tells.
#pragma once

#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <string>

namespace conclave::client {

/// One change, as a server has told it.
struct watch_event {
    /// Of what happened to the node.
    enum class kind : std::uint8_t {
        created,
        deleted,
        data_changed,
        children_changed,
        /// Only for persistent watches: the connection was lost and is back, and events may have
        /// been missed in between. What the watch guards must be read again.
        restored,
    };

    kind what{};
    std::string path; ///< of the node that changed; of the watch when `restored`
    zxid at; ///< of the transaction; 0 where the server does not tell (ZooKeeper before 3.9)

    friend bool operator==(const watch_event&, const watch_event&) = default;
};

/// Such as "data_changed".
[[nodiscard]] std::string_view name(watch_event::kind kind);

} // namespace conclave::client
