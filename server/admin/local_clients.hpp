/// Clients of this server inside its own process: what the HTTP endpoint changes, and what it
/// watches, it does as any ZooKeeper client would, with a session and by the same requests.
#pragma once

#include "server/admin/core_gate.hpp"
#include "server/admin/watch_event.hpp"

#include <conclave/protocol.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

namespace conclave::admin {

/// How such a client reaches the replica. Core thread only; the main program joins it to the event
/// loop.
struct local_client_port {
    /// Called with frames, lengths included, and with `is_over` when nothing more comes. False: it
    /// takes no more, and the client is to be closed.
    using receiver = std::function<bool(bytes frames, bool is_over)>;

    std::function<
        replica::connection_id(replica::peer_address peer, const identities& granted, receiver to)>
        open;
    std::function<void(replica::connection_id from, bytes_view frames)> send;
    std::function<void(replica::connection_id gone)> close;
};

/// What the core has sent and the admin thread has not taken yet is bounded: a client with more of
/// that ends, as a client whose socket is full.
///
/// Admin thread only.
class local_clients {
public:
    using number = std::uint64_t;

    /// Octets on their way to the admin thread: of one client, and of all of them, beyond which
    /// those with more than a fair share of it end.
    static constexpr std::size_t undelivered_size_max = std::size_t{8} << 20U;
    static constexpr std::size_t undelivered_sum_max = std::size_t{64} << 20U;

    struct reply {
        errc error = errc::connection_loss;
        zxid at;
        bytes body; ///< the response record
    };

    struct callbacks {
        std::function<void(const watch_event&)> on_event; ///< may be empty
        std::function<void()> on_over; ///< the session ended without `close`; may be empty
    };

    /// The gate must outlive this, and no receiver may be called once this is destroyed.
    /// `to_admin` runs a function on the admin thread, `call_after` does so later.
    local_clients(
        core_gate& core,
        local_client_port port,
        std::size_t frame_size_max,
        std::function<void(std::function<void()>)> to_admin,
        std::function<void(std::chrono::milliseconds, std::function<void()>)> call_after
    );
    local_clients(const local_clients&) = delete;
    local_clients& operator=(const local_clients&) = delete;

    /// Opens a session; requests may follow at once. The session is kept alive until `close`.
    number open(bytes peer_ip, const identities& who, callbacks told);

    /// Calls `then` once, with connection_loss if the session ends before. Replies come in the
    /// order of requests, events before the replies that show their effect.
    void
    request(number from, opcode type, bytes_view record, std::function<void(const reply&)> then);

    /// One request in a session that lasts as long as this takes.
    void request_once(
        bytes peer_ip,
        const identities& who,
        opcode type,
        bytes_view record,
        std::function<void(const reply&)> then
    );

    /// True if a request with that record is no larger than those of other clients may be.
    [[nodiscard]] bool fits(bytes_view record) const {
        constexpr std::size_t header_size = 8;
        return record.size() + header_size <= frame_size_max_;
    }

    /// Closes the session; nothing is called any more.
    void close(number which);

    /// Closes the session as if it had ended by itself: who waits is told so.
    void drop(number which);

    /// Forgets all of them, without a word to the core.
    void clear() { clients_.clear(); }

private:
    struct client {
        callbacks told;
        std::optional<replica::connection_id> id; ///< once the core has told it
        bytes unsent;                             ///< frames that wait for the id
        std::deque<std::function<void(const reply&)>> waiting;
        bool has_session = false;
        std::int32_t next_xid = 1;
    };

    [[nodiscard]] local_client_port::receiver receiver_of(number which);
    void send(client& from, bytes frames);
    void on_opened(number which, replica::connection_id id);
    void on_frames(number which, const bytes& frames, bool is_over);
    bool take(number which, bytes_view frame);
    void end(number which);
    void keep_alive(number which);

    core_gate& core_;
    local_client_port port_;
    std::size_t frame_size_max_;
    std::function<void(std::function<void()>)> to_admin_;
    std::function<void(std::chrono::milliseconds, std::function<void()>)> call_after_;
    std::unordered_map<number, client> clients_;
    number next_ = 1;
    /// Both threads count there.
    std::shared_ptr<std::atomic<std::size_t>> undelivered_ =
        std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace conclave::admin
