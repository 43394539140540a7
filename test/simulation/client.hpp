/// A simulated client: draws requests, and judges every frame that comes back against the model.
#pragma once

#include "server/replica/connection.hpp"
#include "test/simulation/model.hpp"
#include "test/support/wire_client.hpp"

#include <deque>
#include <map>
#include <random>

namespace conclave::simulation {

using generator = std::mt19937_64;

/// A whole number in [0, bound). Not std::uniform_int_distribution, whose results differ between
/// libraries.
[[nodiscard]] inline std::uint64_t below(generator& random, std::uint64_t bound) {
    return random() % bound;
}

/// Stops the run: an invariant does not hold. The message names it.
[[noreturn]] void violated(const std::string& what);

/// What a client asked and still waits for.
struct asked_request {
    std::int32_t id{};
    opcode type{};
    bytes path;
    bool watch = false;
};

/// One client with one session, which it carries over crashes and reconnects.
///
/// Checked here (zab 1.4): answers come in the order of requests (I24); zxids never step back
/// (I25); a read equals the model at its zxid (I26); a write's reply tells what the transaction at
/// its zxid did (I23); an event comes before any reply that shows its state, and every trigger
/// yields one (I28).
class client {
public:
    client(std::size_t number, std::uint64_t seed);

    /// A frame to send next. The first one of a connection is the ConnectRequest.
    [[nodiscard]] bytes next_frame();

    /// The server's octets arrived. Call `judge` for the frames in them, in the order of their
    /// zxids.
    void receive(bytes_view data) { log_.append(data); }

    /// The oldest frame that is not judged yet, or null.
    [[nodiscard]] const test::received_frame* oldest() const {
        return log_.frames.empty() ? nullptr : &log_.frames.front();
    }

    /// Judges and drops the oldest frame. `now` is the model at the frame's zxid; `made` the
    /// transaction there.
    void judge(const model& now, const replica::transaction* made);

    /// The TCP connection ended. `closed_by_server` after all frames were judged.
    void disconnected();

    /// The server accepted a new connection for this client.
    void connected(replica::connection_id connection);

    [[nodiscard]] std::optional<replica::connection_id> connection() const { return connection_; }

    /// True when a handshake is complete and the session lives, as far as the client knows.
    [[nodiscard]] bool is_established() const { return connection_ && log_.handshake.has_value(); }

    /// Looks at a handshake that has arrived since the last call; a refused session is forgotten.
    void check_handshake();

    [[nodiscard]] session_id session() const { return session_; }

    [[nodiscard]] zxid last_seen() const { return last_seen_; }

    [[nodiscard]] std::size_t judged_count() const { return judged_; }

private:
    struct armed_watch {
        zxid since; ///< the state at which it was set
    };

    bytes handshake_frame();
    bytes read_frame();
    bytes write_frame();
    bytes multi_frame();
    [[nodiscard]] bytes some_path();

    void judge_event(const test::received_frame& frame);
    void judge_reply(
        const test::received_frame& frame,
        const asked_request& request,
        const model& now,
        const replica::transaction* made
    );
    void
    judge_read(const test::received_frame& frame, const asked_request& request, const model& now);
    void judge_write(
        const test::received_frame& frame,
        const asked_request& request,
        const replica::transaction* made
    ) const;
    void check_missed_events(const model& now) const;

    std::string name_;
    generator random_;
    test::frame_log log_;
    std::optional<replica::connection_id> connection_;
    session_id session_;
    bytes password_;
    zxid last_seen_;
    zxid last_reply_; ///< on this connection
    std::int32_t next_id_ = 1;
    std::deque<asked_request> waiting_;
    std::map<bytes, armed_watch> data_watches_;
    std::map<bytes, armed_watch> child_watches_;
    bool handshake_sent_ = false;
    bool handshake_checked_ = false;
    std::size_t judged_ = 0;
};

} // namespace conclave::simulation
