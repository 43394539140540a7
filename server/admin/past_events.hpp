/// What the admin endpoint needs in order to tell readers of watch streams what they missed; the
/// server behind it implements it.
#pragma once

#include "server/admin/watch_event.hpp"

#include <conclave/result.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace conclave::admin {

/// Events of past transactions, read out of the log. Used by one thread at a time, any but the
/// core's, and gone before the server closes its disk.
class past_events {
public:
    virtual ~past_events() = default;

    enum class progress {
        more,
        not_yet, ///< what is applied already is not durable here: ask again soon
        end,
    };

    /// Appends the events of some of the next transactions: of a mebibyte of log, or of one if it
    /// is larger. Waits for the disk.
    /// @return a sentence if what is stored cannot be read
    [[nodiscard]] virtual result<progress, bytes>
    next(const watch_scope& within, std::vector<watch_event>& out) = 0;
};

struct past_events_port {
    /// Of the transactions behind `behind`, up to `last`; a sentence if the log does not reach back
    /// so far. Waits for the disk; any thread but the core's.
    std::function<result<std::shared_ptr<past_events>, bytes>(zxid behind, zxid last)> open;
};

} // namespace conclave::admin
