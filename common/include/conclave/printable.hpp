/// Text of strangers in lines that people and programs read.
#pragma once

#include <string>
#include <string_view>

namespace conclave {

/// The same text with its control characters written out (`\x0a`), so that it stays one line and
/// does nothing to a terminal. Tabs stay: the fields of audit events have them between.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace conclave
