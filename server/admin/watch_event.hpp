/// What watches hear of, and where a reader of a watch stream is in it.
#pragma once

#include "server/replica/transaction.hpp"

#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace conclave::admin {

struct watch_event {
    zxid at;
    event_type type{};
    bytes path;

    friend bool operator==(const watch_event&, const watch_event&) = default;
};

/// Appends the events that a transaction has brought about, in the order in which watches heard of
/// them.
void append_events(const replica::transaction& of, zxid at, std::vector<watch_event>& to);

/// A node, or everything from there down.
struct watch_scope {
    bytes path;
    bool is_recursive = false;

    /// By the rules of persistent watches: a recursive one is not told of children_changed.
    [[nodiscard]] bool covers(const watch_event& told) const;

    friend auto operator<=>(const watch_scope&, const watch_scope&) = default;
};

/// Names an event of one stream: the `number`th, from 1, of those that the transaction at `at` has
/// brought about in it. Also a place in the stream: behind that event.
struct event_id {
    zxid at;
    std::uint32_t number = 1;

    friend auto operator<=>(const event_id&, const event_id&) = default;
};

/// The id of the next event of a stream, given that of the one before.
[[nodiscard]] inline event_id next_event_id(event_id before, zxid at) {
    return {at, before.at == at ? before.number + 1 : 1};
}

/// "0x100000005"; from the second event of a transaction on "0x100000005.2".
[[nodiscard]] bytes text_of(event_id id);

/// The other way round; zxids may be decimal. Nothing if it is none.
[[nodiscard]] std::optional<event_id> parse_event_id(bytes_view text);

} // namespace conclave::admin
