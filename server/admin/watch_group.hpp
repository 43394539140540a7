/// Readers of watch streams that see the same: one session, one watch, and each event made once for
/// all of them.
#pragma once

#include "server/admin/background_worker.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/past_events.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/watch_reader.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace conclave::admin {

class watch_catch_up;

/// What readers have to have in common. The address counts because ACLs may name it.
struct subscription {
    watch_scope scope;
    bool has_values = false; ///< with data and stat as they are when an event is told
    bytes peer_ip;
    identities who;

    friend auto operator<=>(const subscription&, const subscription&) = default;
};

/// Outlives the groups.
struct watch_surroundings {
    const route_context& context;
    local_clients& clients;
    background_worker& worker;
    past_events_port past;
};

/// Each reader gets every event behind the zxid with which it began, in their order. One that comes
/// back gets first what it missed, out of the log, or is told to read anew.
///
/// Bounded: of the values that readers want a few are read at a time. If more events than can wait
/// come meanwhile, the streams end, and readers come back to the log.
///
/// Kept by whoever waits for something of it; it ends with its last reader, or with its session.
/// Admin thread only.
class watch_group : public std::enable_shared_from_this<watch_group> {
public:
    /// `over` is called once, when it takes no readers any more.
    watch_group(const watch_surroundings& around, subscription wanted, std::function<void()> over);
    ~watch_group();
    watch_group(const watch_group&) = delete;
    watch_group& operator=(const watch_group&) = delete;

    void begin();

    /// Answers the request, with a stream or with a refusal. Not once it is over.
    void join(const routed_request& asked, std::optional<event_id> after);

private:
    void refuse(const watch_readers& those, errc why) const;
    void ask_place(std::function<void(errc, zxid)> then);
    void greet();
    void catch_up();
    void begin_catch_up(const watch_readers& those, zxid at);
    void open(const watch_reader_pointer& reader);
    void on_event(const watch_event& told);
    void read_values();
    void fall_behind();
    void tell(event_id id, bytes message);
    void beat();
    void send_heartbeats(std::optional<zxid> at);
    void on_gone(watch_reader& reader);
    void on_session_over();
    void finish();

    const watch_surroundings& around_;
    subscription wanted_;
    std::function<void()> over_; ///< none once it was called
    local_clients::number client_ = 0;
    watch_readers fresh_;     ///< wait for the place where they begin
    watch_readers returning_; ///< wait for the catching up of those before them
    watch_readers live_;      ///< with some that are gone
    std::shared_ptr<watch_catch_up> catching_up_;
    std::size_t reader_count_ = 0;
    std::size_t pending_value_count_ = 0;                    ///< events whose data was asked for
    std::deque<std::pair<event_id, watch_event>> valueless_; ///< whose data was not asked for yet
    std::size_t valueless_size_ = 0;                         ///< octets of those
    event_id last_told_;
    bool is_greeting_ = false;
    bool is_catching_up_ = false;
};

} // namespace conclave::admin
