/// Drives a session machine by hand: says what happens, and tells what came out as words.
#pragma once

#include "client/protocol/session_machine.hpp"

#include <conclave/frame_reader.hpp>

#include <string>
#include <vector>

namespace conclave::client::test {

using namespace std::chrono_literals;

using words = std::vector<std::string>;

/// A request as it was sent.
struct sent_request {
    request_header header;
    bytes body;
};

/// Frames as a server would send them.
[[nodiscard]] bytes
welcome(std::int64_t session, std::chrono::milliseconds timeout, bool is_read_only = false);
[[nodiscard]] bytes refusal(bool is_read_only = false);
[[nodiscard]] bytes
reply(std::int32_t id, std::int64_t at, errc error = errc::ok, bytes_view body = {});
[[nodiscard]] bytes event(event_type type, bytes_view path);

[[nodiscard]] settings short_session();

class machine_driver {
public:
    explicit machine_driver(const settings& chosen = short_session(), std::size_t server_count = 1);

    session_machine machine;
    time_point now{std::chrono::hours{1}};

    /// From nothing to connected with session 7; forgets what was said on the way.
    void establish(bool is_read_only = false);
    /// The next connection of a session that has lost its own, up to the handshake.
    void reopen();

    void submit(std::uint64_t id, opcode type = opcode::set_data, bool is_repeatable = false);
    void watch(std::uint64_t id, std::uint64_t watch, watch_kind kind, bytes_view path);
    /// Requests written since the last call, the handshake not among them.
    std::vector<sent_request> sent();
    /// Such as "setData 1 ping": what `sent` would return, in words.
    std::string sent_words();
    /// The ConnectRequest, if one was written since the last call.
    std::optional<connect_request> greeting();

    void receive(bytes_view data);

    /// Lets time pass as a clock would: stops at each deadline on the way.
    void pass(duration time);

    /// What came out since the last call: "dial 0", "state connected", "done 3 ok", "event 1
    /// created /a" and so on.
    words said();

    static constexpr std::int64_t session = 7;

private:
    void collect();

    words said_;
    std::deque<bytes> received_; ///< as long as outputs look into it
    bytes written_;
    bool is_greeting_next_ = false;
    bytes greeting_;
};

} // namespace conclave::client::test
