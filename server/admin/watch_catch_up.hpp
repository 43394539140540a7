/// Tells readers of a watch stream that come back what they missed. Private to this folder.
#pragma once

#include "server/admin/watch_group.hpp"

#include <deque>

namespace conclave::admin {

/// Reads the log once for all of them, and no faster than the slowest of them takes it. ACLs are
/// those of now: an event is told to who may read the node, or, if that is gone, the next one above
/// that is there.
///
/// Bounded: a part of the log, and what happens meanwhile (`hold`); with more of that the streams
/// end, and their readers come back with less to catch up on.
class watch_catch_up : public std::enable_shared_from_this<watch_catch_up> {
public:
    /// The readers get what is behind the place of each, up to `last`, and what is held. Then
    /// `caught_up` takes them, one after the other, and `over` is called at the end.
    watch_catch_up(
        const watch_surroundings& around,
        subscription wanted,
        zxid last,
        std::function<void(const watch_reader_pointer&)> caught_up,
        std::function<void()> over
    );

    /// Their streams are open. All of them come back.
    void begin(watch_readers those);

    /// An event behind `last`, in order.
    void hold(event_id id, stream_part_pointer message);

    /// To all of them, now.
    void send(const stream_part_pointer& message) const;

    /// One of its readers, or of others.
    void on_gone(watch_reader& reader);

    /// Ends the streams with this; calls nothing any more.
    void abandon(const stream_part_pointer& end);

private:
    struct seen_node {
        bool may_be_told = false;
        std::optional<replica::node_copy> node; ///< as far as it is wanted
    };

    void open_log();
    void on_log_refused(event_id oldest);
    void read_on();
    void take(const result<past_events::progress, bytes>& read, std::vector<watch_event> found);
    void tell_on();
    void tell(const std::vector<seen_node>& seen);
    void await_readers();
    void on_drained(watch_reader& reader);
    void send_anew(watch_readers those);
    void release(const watch_reader_pointer& reader);
    void finish();
    void forget_gone();

    const watch_surroundings& around_;
    subscription wanted_;
    zxid last_;
    std::function<void(const watch_reader_pointer&)> caught_up_;
    std::function<void()> over_; ///< none once it is over
    watch_readers readers_;
    std::shared_ptr<past_events> log_;
    std::deque<watch_event> untold_;
    event_id last_told_;
    std::vector<stream_part_pointer> held_;
    std::size_t held_size_ = 0;
    std::size_t draining_count_ = 0;
    int waits_ = 0; ///< for the disk, in a row
};

} // namespace conclave::admin
