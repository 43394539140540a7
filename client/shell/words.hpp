/// A command line of the shell as words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave::shell {

/// Splits as zkCli.sh does: at white space, except within a word that begins with ' or " and ends
/// at the same mark, both of which are taken off. There are no escapes, a mark inside of a word
/// stands for itself, and one without a partner is left out.
[[nodiscard]] std::vector<std::string> split_words(std::string_view line);

/// The part of a line that is being typed, for completion: from the last white space outside of
/// quotes, or behind the mark that opens an unfinished quotation.
struct unfinished_word {
    std::size_t index = 0; ///< how many words stand before it
    std::string_view text;
};

[[nodiscard]] unfinished_word last_word(std::string_view line);

} // namespace conclave::shell
