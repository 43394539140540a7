/// A session with an ensemble, without sockets and clocks: what happened goes in, what to do comes
/// out.
#pragma once

#include "client/protocol/request_pipeline.hpp"
#include "client/protocol/server_rotation.hpp"
#include "client/protocol/time.hpp"
#include "client/protocol/watch_registry.hpp"

#include <conclave/client/session_state.hpp>
#include <conclave/client/settings.hpp>
#include <conclave/client/watch_event.hpp>
#include <conclave/frame_reader.hpp>

#include <variant>

namespace conclave::client {

/// Open a connection to this server of the connect string, then say `on_opened` or
/// `on_unreachable`.
struct dial {
    std::size_t server{};

    friend bool operator==(const dial&, const dial&) = default;
};

/// Close the connection or give up the dialling. The machine expects to hear no more of it.
struct hang_up {
    friend bool operator==(const hang_up&, const hang_up&) = default;
};

/// Ask this server, on a connection of its own, whether it has a quorum; say `on_probed`.
struct probe {
    std::size_t server{};

    friend bool operator==(const probe&, const probe&) = default;
};

/// An operation is over. Each that was submitted ends exactly once.
struct completion {
    operation_id id;
    std::error_code error;
    zxid at;         ///< of the reply
    bytes_view body; ///< of the reply; valid until `release_input`

    friend bool operator==(const completion&, const completion&) = default;
};

struct watch_notice {
    watch_id id;
    watch_event event;    ///< with the path as the server knows it
    bool is_last = false; ///< a one-shot watch has fired

    friend bool operator==(const watch_notice&, const watch_notice&) = default;
};

struct watch_ended {
    watch_id id;
    std::error_code reason;

    friend bool operator==(const watch_ended&, const watch_ended&) = default;
};

struct state_change {
    session_state state{};
    std::error_code reason; ///< why not connected

    friend bool operator==(const state_change&, const state_change&) = default;
};

using output =
    std::variant<dial, hang_up, probe, completion, watch_notice, watch_ended, state_change>;

/// The one place where a session is decided about: which server to dial, when it counts as silent,
/// when the session can have expired, which reply belongs to which request, what becomes of
/// requests and watches when a connection breaks.
///
/// Outputs are in the order in which they must be carried out and delivered: an event stands before
/// the replies that the server sent after it. The owner carries them out, and writes what
/// `outgoing` holds after `flush`. All times given must not decrease. Nothing here calls back, so
/// the owner may call any input while it carries out outputs.
///
/// Invariant: after `lost` there are no operations, no watches and no further outputs, except that
/// operations which are submitted then end at once.
class session_machine {
public:
    session_machine(const settings& chosen, std::size_t server_count, std::uint64_t seed);

    session_machine(const session_machine&) = delete;
    session_machine& operator=(const session_machine&) = delete;

    void start(time_point now);
    /// The connection that `dial` asked for is open.
    void on_opened(time_point now);
    void on_unreachable(std::error_code why, time_point now);
    void on_bytes(bytes_view data, time_point now);
    void on_closed(std::error_code why, time_point now);
    void on_probed(bool has_quorum, time_point now);
    void on_timer(time_point now);
    /// Ends the session if a server can have ended it.
    void expire_if_due(time_point now);
    /// A reply could not be decoded by the owner, so the connection is not to be trusted.
    void distrust(time_point now);

    void submit(operation_id id, request issued);
    void authenticate(operation_id id, credentials proof);
    /// Ends an operation as cancelled; nothing happens if it is over already.
    void cancel(operation_id id);
    void forget_watch(watch_id id);
    /// Asks the server to end the session behind everything that was submitted before; without a
    /// connection the session ends here and expires there.
    void close(operation_id id, time_point now);
    /// Ends everything here and now; the server will see the session expire.
    void abandon();

    /// Turns queued requests into octets, as far as there is a connection and room.
    void flush(time_point now);

    /// Octets to be written; take them out by swapping.
    [[nodiscard]] bytes& outgoing() { return outgoing_; }

    [[nodiscard]] std::vector<output> take_outputs();
    /// All outputs are delivered: views into the input are no longer needed.
    void release_input();

    /// When `on_timer` is due, unless something else happens before.
    [[nodiscard]] std::optional<time_point> next_deadline() const;

    [[nodiscard]] session_state state() const { return state_; }

    [[nodiscard]] std::error_code lost_reason() const { return lost_reason_; }

    /// Why the last attempt or connection failed.
    [[nodiscard]] std::error_code last_failure() const { return last_failure_; }

    [[nodiscard]] const session_key& key() const { return key_; }

    [[nodiscard]] duration timeout() const { return timeout_; }

    [[nodiscard]] zxid last_zxid() const { return last_zxid_; }

    /// Before this no server can have ended the session by itself. Nothing when it is lost.
    [[nodiscard]] std::optional<time_point> valid_until() const;

    [[nodiscard]] bool has_queued() const { return pipeline_.has_queued(); }

private:
    enum class phase : std::uint8_t { idle, waiting, dialing, greeting, established, lost };

    struct kept_credentials {
        credentials proof;
        operation_id waiting; ///< 0: nobody waits
    };

    void enter_state(session_state next, std::error_code reason = {});
    void dial_next(time_point now);
    void dial_now(std::size_t server, time_point now);
    void greet(time_point now);
    void on_greeting(bytes_view payload, time_point now);
    void on_established(bool is_read_only, time_point now);
    void on_established_timer(time_point now);
    void send_credentials(std::size_t index);
    void on_frame(bytes_view payload, time_point now);
    void on_notification(const reply_header& header, bytes_view body, time_point now);
    void on_auth_reply(errc outcome);
    void on_watches_restored(errc outcome);
    void on_reply(const reply_header& header, bytes_view body, time_point now);
    void settle_watch(const answered_request& answered, errc outcome);
    /// What the server says makes no sense. Whoever waits for its next answer learns it, and is not
    /// asked again: a reply that is too large would come again, and cost every connection.
    void drop_senseless(time_point now);
    /// The connection is of no use any more: hangs up, and looks for another server.
    void drop_connection(std::error_code why, time_point now);
    void after_disconnect(std::error_code why, time_point now);
    void become_lost(std::error_code reason);
    void end_operations(const std::vector<failed_operation>& ended);
    void end_watches(std::error_code reason);
    void confirm(time_point sent_at);
    void prove();
    void judge_connection(time_point now);
    void send_ping(time_point now);

    [[nodiscard]] bool has_session() const { return key_.id.value != 0; }

    [[nodiscard]] bool can_have_expired(time_point now) const;
    [[nodiscard]] std::optional<time_point> phase_deadline() const;
    [[nodiscard]] duration dial_timeout() const;

    [[nodiscard]] duration silence_max() const { return timeout_ * 2 / 3; }

    [[nodiscard]] duration ping_interval() const;

    settings settings_;
    std::size_t server_count_;
    server_rotation rotation_;
    watch_registry watches_;
    request_pipeline pipeline_;
    frame_reader reader_;
    bytes outgoing_;
    std::vector<output> outputs_;

    phase phase_ = phase::idle;
    session_state state_ = session_state::connecting;
    std::error_code lost_reason_;
    std::error_code last_failure_;
    session_key key_;
    duration timeout_;
    zxid last_zxid_;

    std::size_t next_server_ = 0;            ///< while waiting
    time_point dial_at_;                     ///< while waiting
    time_point give_up_at_;                  ///< while dialling and greeting
    time_point greeted_at_;                  ///< when the handshake was sent
    std::optional<time_point> confirmed_at_; ///< when the last answered request had been sent
    time_point last_sent_at_;                ///< of this connection
    time_point last_received_at_;            ///< of this connection
    std::optional<time_point> ping_sent_at_;
    std::optional<time_point> probe_at_; ///< while connected read-only
    std::optional<time_point> close_by_; ///< when waiting for the reply of close ends
    std::size_t probed_server_ = 0;
    std::optional<std::size_t> preferred_server_; ///< known to have a quorum
    bool is_probing_ = false;
    bool is_closing_ = false;
    bool has_proved_itself_ = false; ///< this connection has brought a reply that made sense
    std::size_t brief_count_ = 0;    ///< connections in a row that broke soon
    std::vector<kept_credentials> credentials_;
    std::deque<std::size_t> auth_in_flight_;
    std::size_t set_watches_in_flight_ = 0;
};

} // namespace conclave::client
