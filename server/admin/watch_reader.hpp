/// One reader of a watch stream.
#pragma once

#include "server/admin/route_table.hpp"
#include "server/admin/watch_event.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace conclave::admin {

/// A plain value that the group of the reader and its catching up hand to each other. Admin thread
/// only.
struct watch_reader {
    routed_request asked;
    std::optional<event_id> after; ///< it comes back, and has seen everything up to that
    zxid told_up_to;               ///< events up to there are not for it any more
    bool is_gone = false;
    bool is_draining = false; ///< its connection has not taken yet what it was sent

    void send(const stream_part_pointer& part) const { asked.exchange->send(part); }
};

using watch_reader_pointer = std::shared_ptr<watch_reader>;
using watch_readers = std::vector<watch_reader_pointer>;

} // namespace conclave::admin
