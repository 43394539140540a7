/// The sentences with which recovery tells an operator what it found and what to do. Private to
/// this folder.
#pragma once

#include "server/log/recovery.hpp"

namespace conclave::txnlog {

[[nodiscard]] std::string explain_newer_format(const std::string& path);
[[nodiscard]] std::string explain_foreign(const std::string& path);
[[nodiscard]] std::string explain_unreadable(const std::string& path, std::error_code error);
[[nodiscard]] std::string explain_bad_head(const std::string& directory, const log_damage& damage);
[[nodiscard]] std::string explain_missing(const std::string& directory, const log_damage& damage);
[[nodiscard]] std::string explain_missing_end(
    const std::string& directory, const log_damage& damage, const std::string& file_before
);
[[nodiscard]] std::string
explain_corruption(const std::string& directory, const log_damage& damage, std::error_code error);
[[nodiscard]] std::string explain_ambiguous(const std::string& directory, const log_damage& damage);
[[nodiscard]] std::string
explain_torn_tail(const std::string& directory, const tail_cut& cut, zxid last);

} // namespace conclave::txnlog
