/// The four-letter words there are, and which may be answered when (zookeeper-protocol 11.1).
#pragma once

#include <conclave/types.hpp>

#include <optional>

namespace conclave::admin {

/// Named as they are typed; `telnet_break` is what a telnet sends on its break key.
enum class word {
    conf,
    cons,
    crst,
    dirs,
    dump,
    envi,
    gtmk,
    hash,
    isro,
    mntr,
    ruok,
    srst,
    srvr,
    stat,
    stmk,
    wchc,
    wchp,
    wchs,
    telnet_break,
};

/// Nothing if these four octets are no word. Any thread.
[[nodiscard]] std::optional<word> find_word(bytes_view first_four);

/// The octets that belong to the word, behind it; nothing if these four octets are no word. Any
/// thread.
[[nodiscard]] std::optional<std::size_t> word_argument_size(bytes_view first_four);

/// True for the words that are answered while the server does not serve.
[[nodiscard]] bool is_answered_always(word which);

/// "<word> is not executed because it is not in the whitelist."
[[nodiscard]] bytes refusal_of(bytes_view text);

/// "This ZooKeeper instance is not currently serving requests"
[[nodiscard]] bytes_view not_serving_text();

} // namespace conclave::admin
