/// The syntax of Java's .properties files, which is the syntax of zoo.cfg
/// (zookeeper-protocol 12.1).
///
/// `key=value`, `key:value` and `key value`; `#` and `!` begin a comment line; a line that ends in
/// an odd number of backslashes goes on in the next one, whose leading blanks are dropped; `\t \n
/// \f \r \uXXXX` are escapes and any other escaped character is itself. Values are trimmed, as
/// ZooKeeper does. Unlike Java, which reads ISO-8859-1, bytes above 0x7f are kept as they are, so a
/// UTF-8 path means what it says, and a UTF-8 byte order mark is skipped.
#pragma once

#include "server/configuration/diagnostic.hpp"

#include <conclave/types.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace conclave::configuration {

/// Larger files are refused: no real one comes near, and the cost of reading stays bounded.
inline constexpr std::size_t properties_size_bytes_max = std::size_t{256} * 1024;
inline constexpr std::size_t properties_count_max = 4096;

struct property {
    std::string key;
    std::string value;
    std::uint32_t line = 0; ///< where the entry begins, from 1
    std::uint32_t line_count = 1;

    friend bool operator==(const property&, const property&) = default;
};

/// The entries of `text` in their order; a key that is given twice appears twice, because only the
/// caller knows which spellings are the same key. Defined for any bytes: an entry that cannot be
/// read (a broken \u escape, a control character in the result) is left out and reported as an
/// error of `file`.
[[nodiscard]] std::vector<property>
read_properties(bytes_view text, const std::string& file, report& problems);

} // namespace conclave::configuration
