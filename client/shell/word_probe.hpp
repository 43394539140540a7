/// Four-letter words: what servers tell operators, without a session.
#pragma once

#include "client/shell/event_loop.hpp"

#include <conclave/client/settings.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace conclave::shell {

/// What one server has said.
struct word_answer {
    std::error_code failed; ///< why there is no answer
    std::string text;       ///< 64 MiB at most
};

/// Sends `word` to all servers at once, and waits for `limit` at most. The answers are in the order
/// of the servers. Ctrl-C ends the wait: what is missing then is `std::errc::interrupted`.
[[nodiscard]] std::vector<word_answer> ask_servers(
    event_loop& loop,
    const std::vector<client::server_address>& servers,
    std::string_view word,
    std::chrono::milliseconds limit
);

/// A line "Name: value" of an answer; "" if there is none.
[[nodiscard]] std::string line_value(std::string_view text, std::string_view name);

} // namespace conclave::shell
