#include "server/admin/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace conclave::admin {

namespace {

using namespace std::string_view_literals;

constexpr std::array<std::pair<bytes_view, word>, 19> known_words{{
    {"conf", word::conf},
    {"cons", word::cons},
    {"crst", word::crst},
    {"dirs", word::dirs},
    {"dump", word::dump},
    {"envi", word::envi},
    {"gtmk", word::gtmk},
    {"hash", word::hash},
    {"isro", word::isro},
    {"mntr", word::mntr},
    {"ruok", word::ruok},
    {"srst", word::srst},
    {"srvr", word::srvr},
    {"stat", word::stat},
    {"stmk", word::stmk},
    {"wchc", word::wchc},
    {"wchp", word::wchp},
    {"wchs", word::wchs},
    {"\xff\xf4\xff\xfd"sv, word::telnet_break},
}};

} // namespace

std::optional<word> find_word(bytes_view first_four) {
    const auto* const at =
        std::find_if(known_words.begin(), known_words.end(), [first_four](const auto& each) {
            return each.first == first_four;
        });
    return at == known_words.end() ? std::nullopt : std::optional{at->second};
}

std::optional<std::size_t> word_argument_size(bytes_view first_four) {
    const std::optional<word> found = find_word(first_four);
    if (!found) {
        return std::nullopt;
    }
    return *found == word::stmk ? sizeof(std::int64_t) : 0;
}

bool is_answered_always(word which) {
    switch (which) {
    case word::ruok:
    case word::isro:
    case word::envi:
    case word::gtmk:
    case word::stmk:
    case word::telnet_break:
        return true;
    default:
        return false;
    }
}

bytes refusal_of(bytes_view text) {
    return fmt::format("{} is not executed because it is not in the whitelist.\n", text);
}

bytes_view not_serving_text() {
    return "This ZooKeeper instance is not currently serving requests\n";
}

} // namespace conclave::admin
