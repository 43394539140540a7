/// A simulated client: draws requests, moves between servers, and judges everything that comes
/// back.
#pragma once

#include "test/simulation/ensemble/coverage.hpp"
#include "test/simulation/ensemble/fault_plan.hpp"
#include "test/simulation/ensemble/watch_book.hpp"
#include "test/support/history/history.hpp"
#include "test/support/wire_client.hpp"

#include <deque>
#include <string>

namespace conclave::ensemble {

/// A TCP connection, as its client sees it.
using connection_number = std::uint64_t;

/// What a client needs from its world.
class client_host {
public:
    virtual ~client_host() = default;

    /// Connects to some server. Frames may be sent at once; `client::on_closed` tells if nobody is
    /// there.
    virtual connection_number connect(std::uint32_t client, std::uint32_t server) = 0;

    virtual void send(connection_number on, bytes frame) = 0;

    /// The client's end is closed: nothing of it will be heard any more.
    virtual void close(connection_number which) = 0;
};

/// What all clients together know of the order of things in real time: each write, and each sync,
/// stands behind everything that was answered before it was asked (G1, G5).
struct real_time_order {
    zxid newest_completed; ///< of writes and syncs
};

struct asked_request {
    asked_request(std::int32_t number, opcode what, bytes at = {})
        : id(number), type(what), path(std::move(at)) {}

    std::int32_t id{};
    opcode type{};
    bytes path;
    bool is_watching = false;
    std::int32_t version = -1; ///< expected
    create_mode mode{};
    std::int64_t ttl_ms = 0; ///< of a node that does not live for ever
    std::uint64_t tag = 0;   ///< of the data, for writes
    zxid floor;              ///< `newest_completed` when it was asked
    zxid relative;           ///< setWatches
    nanoseconds asked_at{};
    std::size_t record = 0; ///< in the history that is kept for the search, plus one
};

/// One client with one session at a time, which it carries from server to server.
///
/// Checked here (zab 1.4): answers in the order of requests (I24); no time travel, whichever server
/// answers (I25); a reply equals the model at its zxid (I26); a write's reply tells what the entry
/// at its zxid did, and the outcome that the state before demands (I23); order in real time (I27);
/// events (I28); a refused session is one that was closed (G9).
class client {
public:
    client(
        std::uint32_t number,
        const fault_plan& plan,
        random_source random,
        client_host& host,
        const chronicle& history,
        real_time_order& order,
        coverage& reached
    );

    /// Does what is due: connects, asks, breaks, goes silent. @return when to call again.
    nanoseconds act(nanoseconds now);

    /// From now on it behaves: no moving, no silence, a session all the time. Then `stop_asking`.
    void behave() { is_behaving_ = true; }

    void stop_asking() { is_asking_ = false; }

    void on_octets(bytes_view data, nanoseconds now);
    void on_closed(nanoseconds now);

    /// True if it has a session and waits for nothing.
    [[nodiscard]] bool is_settled() const;

    [[nodiscard]] session_id session() const { return session_; }

    /// The newest zxid that it was told of.
    /// It has left a connection of this session with requests that were not answered.
    [[nodiscard]] bool has_left_requests() const { return has_left_requests_; }

    [[nodiscard]] zxid last_seen() const { return last_seen_; }

    [[nodiscard]] bool has_session() const { return session_ != session_id{}; }

    [[nodiscard]] std::optional<connection_number> connection() const { return connection_; }

    /// It asked to close its session on this connection.
    [[nodiscard]] bool is_closing() const { return is_closing_; }

    [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }

    /// What the search for linearisations needs; only if the plan is plain.
    [[nodiscard]] const std::vector<history::operation>& record() const { return record_; }

    [[nodiscard]] const watch_book::lists& watches() const { return watches_.wanted(); }

    [[nodiscard]] std::string describe() const;

private:
    // client.cpp
    void connect(nanoseconds now);
    void leave(nanoseconds now);
    void on_handshake(nanoseconds now);
    void on_refusal();
    void on_session(const test::connect_outcome& outcome);
    void forget_session();
    void send(asked_request request, bytes frame, nanoseconds now);

    // client_requests.cpp
    void ask_something(nanoseconds now);
    void ask_read(nanoseconds now);
    void ask_write(nanoseconds now);
    void ask_create(nanoseconds now);
    void ask_create_passing(nanoseconds now);
    void ask_reconfig(nanoseconds now);
    void ask_in_read_only_mode(nanoseconds now);
    void ask_multi(nanoseconds now);
    void ask_to_close(nanoseconds now);
    void ask_for_watches(nanoseconds now);
    void ask_ping(nanoseconds now);
    [[nodiscard]] bytes some_path();
    [[nodiscard]] bytes tagged_data(std::uint64_t& tag);

    // client_judgement.cpp
    void judge(const test::received_frame& frame, nanoseconds now);
    void judge_event(const test::received_frame& frame);
    void judge_reply(const test::received_frame& frame, const asked_request& request);
    void judge_read(const test::received_frame& frame, const asked_request& request);
    void judge_write(const test::received_frame& frame, const asked_request& request);
    void judge_place(const test::received_frame& frame, const asked_request& request);
    void judge_reconfig(const test::received_frame& frame, const asked_request& request);
    void judge_in_read_only_mode(const test::received_frame& frame, const asked_request& request);
    void judge_success(
        const test::received_frame& frame,
        const asked_request& request,
        const replica::transaction& made
    );
    [[nodiscard]] std::optional<errc>
    outcome_demanded(const asked_request& request, zxid before) const;
    void arm(const asked_request& request, errc outcome);

    // client_record.cpp
    std::size_t note_asked(const asked_request& request, const std::optional<bytes>& data);
    void
    note_answered(const asked_request& request, const test::received_frame& frame, nanoseconds now);

    [[nodiscard]] std::string name() const { return fmt::format("client {}", number_); }

    std::uint32_t number_;
    const fault_plan& plan_;
    random_source random_;
    client_host& host_;
    const chronicle& history_;
    real_time_order& order_;
    coverage& reached_;

    const bool accepts_read_only_;
    bool is_local_ = false; ///< its session is one server's alone: it may read
    bool is_behaving_ = false;
    bool is_asking_ = true;
    std::uint32_t server_ = 0;      ///< the one that it is connected to, or tries next
    std::uint32_t last_server_ = 0; ///< where its session was last
    std::optional<connection_number> connection_;
    test::frame_log log_;
    bool is_handshake_done_ = false;
    bool is_closing_ = false;
    bool has_left_requests_ = false;
    nanoseconds heard_at_{};
    nanoseconds asked_at_{};
    nanoseconds silent_until_{};

    session_id session_;
    bytes password_;
    std::uint32_t session_count_ = 0;
    zxid last_seen_;
    zxid last_write_; ///< of this session
    std::int32_t next_id_ = 1;
    std::uint64_t next_tag_ = 1;
    std::deque<asked_request> waiting_;
    watch_book watches_;
    std::deque<told_event> caught_up_; ///< events that came with the answer to setWatches
    std::vector<history::operation> record_;
};

} // namespace conclave::ensemble
