#include "client/shell/words.hpp"

namespace conclave::shell {

namespace {

constexpr std::string_view white_space = " \t\n\v\f\r";

bool is_quotation_mark(char letter) {
    return letter == '"' || letter == '\'';
}

/// Where the next word begins, at or behind `from`.
std::size_t skip_white_space(std::string_view line, std::size_t from) {
    const std::size_t found = line.find_first_not_of(white_space, from);
    return found == std::string_view::npos ? line.size() : found;
}

std::size_t end_of_plain_word(std::string_view line, std::size_t from) {
    const std::size_t found = line.find_first_of(white_space, from);
    return found == std::string_view::npos ? line.size() : found;
}

} // namespace

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    for (std::size_t at = skip_white_space(line, 0); at < line.size();
         at = skip_white_space(line, at)) {
        if (!is_quotation_mark(line[at])) {
            const std::size_t end = end_of_plain_word(line, at);
            words.emplace_back(line.substr(at, end - at));
            at = end;
            continue;
        }
        const std::size_t end = line.find(line[at], at + 1);
        if (end != std::string_view::npos) {
            words.emplace_back(line.substr(at + 1, end - at - 1));
            at = end;
        }
        ++at;
    }
    return words;
}

unfinished_word last_word(std::string_view line) {
    unfinished_word last;
    std::size_t at = skip_white_space(line, 0);
    while (at < line.size()) {
        const bool is_quoted = is_quotation_mark(line[at]);
        const std::size_t begin = is_quoted ? at + 1 : at;
        const std::size_t end =
            is_quoted ? line.find(line[at], begin) : end_of_plain_word(line, begin);
        if (end == std::string_view::npos || end == line.size()) {
            last.text = line.substr(begin);
            return last;
        }
        ++last.index;
        at = skip_white_space(line, is_quoted ? end + 1 : end);
    }
    return last;
}

} // namespace conclave::shell
