#include "client/shell/completion.hpp"

#include "client/shell/command.hpp"
#include "client/shell/words.hpp"

#include <conclave/text.hpp>

#include <algorithm>

namespace conclave::shell {

namespace {

std::string_view common_prefix(std::string_view left, std::string_view right) {
    const auto [end, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    static_cast<void>(other);
    return left.substr(0, static_cast<std::size_t>(end - left.begin()));
}

/// Half a character helps nobody.
std::string_view whole_characters(std::string_view text) {
    constexpr unsigned lead_mask = 0xc0;
    constexpr unsigned lead = 0xc0;
    const auto octet = [&](std::size_t at) {
        return static_cast<unsigned char>(text[at]);
    };
    std::size_t begin = text.size();
    while (begin > 0 && (octet(begin - 1) & lead_mask) == 0x80U) {
        --begin;
    }
    if (begin == 0 || (octet(begin - 1) & lead_mask) != lead) {
        return text;
    }
    const unsigned first = octet(begin - 1);
    const std::size_t length = first >= 0xf0U ? 4 : first >= 0xe0U ? 3 : 2;
    return text.size() - begin + 1 == length ? text : text.substr(0, begin - 1);
}

} // namespace

completion_request completion_request_of(std::string_view line, bool only_zkcli) {
    using kind = completion_request::kind;
    const unfinished_word word = last_word(line);
    const std::string typed{word.text};
    if (word.index == 0) {
        return {kind::command, typed, {}};
    }
    const std::string name = split_words(line).front();
    const command* const of = find_command(name, only_zkcli);
    if (of == nullptr) {
        return {};
    }
    if (typed.starts_with('-')) {
        return {kind::option, typed, name};
    }
    if (name == "help") {
        return {kind::command, typed, name};
    }
    if (typed.starts_with('/') || (typed.empty() && of->path_count > 0)) {
        return {kind::path, typed, name};
    }
    return {};
}

completion complete(std::string_view typed, std::vector<std::string> candidates) {
    std::erase_if(candidates, [&](const std::string& each) { return !each.starts_with(typed); });
    if (candidates.empty()) {
        return {};
    }
    std::sort(candidates.begin(), candidates.end());
    // Of a sorted list, the first and the last have the least in common.
    const std::string_view common =
        whole_characters(common_prefix(candidates.front(), candidates.back()));
    completion found;
    found.inserted = common.substr(std::min(typed.size(), common.size()));
    found.is_complete = candidates.size() == 1;
    if (!found.is_complete) {
        found.choices = std::move(candidates);
    }
    return found;
}

std::vector<std::string> command_names(bool only_zkcli) {
    std::vector<std::string> names;
    for (const command& each : all_commands()) {
        if (each.is_in_zkcli || !only_zkcli) {
            names.emplace_back(each.name);
        }
    }
    return names;
}

std::vector<std::string> option_names(std::string_view of_command) {
    std::vector<std::string> names;
    const auto* const of = find_command(of_command, false);
    if (of == nullptr) {
        return names;
    }
    for (std::string_view rule : text::split(of->options, ' ')) {
        if (rule.ends_with(':')) {
            rule.remove_suffix(1);
        }
        if (!rule.empty()) {
            names.push_back('-' + std::string{rule});
        }
    }
    return names;
}

} // namespace conclave::shell
