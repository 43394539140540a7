/// Answers four-letter words from the state of the replica.
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/metrics.hpp"
#include "server/admin/process_info.hpp"
#include "server/admin/watch_text.hpp"
#include "server/admin/words.hpp"
#include "server/replica/replica.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace conclave::admin {

/// What the words tell beyond what the replica knows. The functions are called on the core thread
/// and must not wait; an empty one stands for "nothing to tell".
struct word_settings {
    std::string version; ///< as in `server_facts`
    configuration_facts configured;
    std::chrono::milliseconds handshake_timeout{10'000};
    std::function<bool(bytes_view text)> is_allowed; ///< the whitelist; empty: `srvr` alone
    std::function<directory_sizes()> sizes;
    std::function<network_facts()> network;
    std::function<std::vector<summary>()> summaries;
};

/// Owner: the main program; core thread only. The replica must outlive it.
class four_letter_words {
public:
    four_letter_words(replica::replica& server, word_settings configured);

    /// @return  nothing if the connection is to be closed without a byte. `text` must be a word
    /// (`find_word`).
    [[nodiscard]] std::optional<bytes>
    answer(bytes_view text, bytes_view argument, replica::instant now);

private:
    [[nodiscard]] bool is_allowed(bytes_view text) const;
    [[nodiscard]] bytes text_of(word which, bytes_view argument, replica::instant now);

    [[nodiscard]] server_facts server_now(replica::instant now) const;
    [[nodiscard]] bytes connection_lines(bool is_long) const;
    [[nodiscard]] bytes dump(replica::instant now) const;
    [[nodiscard]] bytes hash() const;
    [[nodiscard]] bytes mntr(replica::instant now) const;
    [[nodiscard]] std::vector<watched_path> data_watches() const;
    [[nodiscard]] std::vector<quota_facts> quotas() const;
    [[nodiscard]] directory_sizes sizes() const;
    [[nodiscard]] network_facts network_now() const;
    bytes reset_connections();
    bytes reset_server();
    bytes set_trace_mask(bytes_view argument);

    replica::replica& replica_;
    word_settings settings_;
    network_facts network_at_reset_;
    std::int64_t trace_mask_ =
        0b1'0011'0010; ///< ZooKeeper's default, 306. Kept for those who ask; traces nothing
};

} // namespace conclave::admin
