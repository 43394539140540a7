/// The data of a znode as text, and text as data.
#pragma once

#include <conclave/types.hpp>

#include <optional>
#include <string>

namespace conclave::shell {

/// Rows of 16 bytes with their offset and what of them is printable, between lines: the dump that
/// zkCli.sh shows. Without the end of the last line; "" for no bytes.
[[nodiscard]] std::string hex_dump(bytes_view data);

/// The bytes of standard base64, padded or not; white space is skipped. Nothing if it is something
/// else.
[[nodiscard]] std::optional<bytes> parse_base64(std::string_view text);

/// False for data that would do something to a terminal: control characters, invalid UTF-8.
[[nodiscard]] bool is_presentable(bytes_view data);

/// The first `width` characters of presentable data on one line; else how many bytes it has.
[[nodiscard]] std::string summary_of(bytes_view data, std::size_t width);

} // namespace conclave::shell
