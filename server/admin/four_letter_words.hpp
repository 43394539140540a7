/// Answers four-letter words from the state of the replica.
#pragma once

#include "server/admin/metrics.hpp"
#include "server/admin/process_info.hpp"
#include "server/admin/server_view.hpp"
#include "server/admin/watch_text.hpp"
#include "server/admin/words.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace conclave::admin {

/// Owner: the main program; core thread only. The view must outlive it.
class four_letter_words {
public:
    /// `is_allowed` is the whitelist; empty: `srvr` alone.
    four_letter_words(server_view& view, std::function<bool(bytes_view text)> is_allowed);

    /// @return  nothing if the connection is to be closed without a byte. `text` must be a word
    /// (`find_word`).
    [[nodiscard]] std::optional<bytes>
    answer(bytes_view text, bytes_view argument, replica::instant now);

private:
    [[nodiscard]] bool is_allowed(bytes_view text) const;
    [[nodiscard]] bytes text_of(word which, bytes_view argument, replica::instant now);

    [[nodiscard]] bytes connection_lines(bool is_long) const;
    [[nodiscard]] bytes dump(replica::instant now) const;
    [[nodiscard]] bytes hash() const;
    [[nodiscard]] bytes mntr(replica::instant now) const;
    [[nodiscard]] std::vector<watched_path> data_watches() const;
    bytes reset_connections();
    bytes reset_server();
    bytes set_trace_mask(bytes_view argument);

    server_view& view_;
    std::function<bool(bytes_view text)> is_allowed_;
};

} // namespace conclave::admin
