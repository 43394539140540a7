/// Options that several commands share.
#pragma once

#include "client/shell/arguments.hpp"
#include "client/shell/shell.hpp"

namespace conclave::shell::commands {

/// -v, a version; -1 (any) without it.
[[nodiscard]] outcome<std::int32_t> version_option(const arguments& given);

[[nodiscard]] outcome<std::int32_t> version_of(std::string_view text);

/// -w; with --zkcli also a second word, which was the way before 3.5 and is told to be.
[[nodiscard]] bool wants_watch(shell& in, const arguments& given, std::string_view usage);

} // namespace conclave::shell::commands
