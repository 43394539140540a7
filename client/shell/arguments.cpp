#include "client/shell/arguments.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace conclave::shell {

namespace {

class argument_parser {
public:
    explicit argument_parser(std::string_view rules) : rules_(text::split(rules, ' ')) {}

    outcome<arguments> parse(const std::vector<std::string>& words, bool stops_at_first_word) {
        for (auto word = words.begin(); word != words.end(); ++word) {
            if (word->size() > 1 && word->starts_with('-') && *word != "--") {
                if (auto taken = take_option(word, words.end()); !taken) {
                    return unexpected{taken.error()};
                }
                continue;
            }
            if (*word == "--" || stops_at_first_word) {
                words_.insert(words_.end(), *word == "--" ? word + 1 : word, words.end());
                break;
            }
            words_.push_back(*word);
        }
        return arguments{std::move(options_), std::move(words_)};
    }

private:
    using position = std::vector<std::string>::const_iterator;

    /// Moves on to the value if the option has one of its own.
    outcome<> take_option(position& word, position end) {
        const std::string_view name = std::string_view{*word}.substr(1);
        if (is_flag(name)) {
            options_[std::string{name}];
            return {};
        }
        if (takes_value(name)) {
            if (word + 1 == end) {
                return misused(fmt::format("Missing argument for option: {}", name));
            }
            options_[std::string{name}].push_back(*++word);
            return {};
        }
        const std::size_t sign = name.find('=');
        if (sign != std::string_view::npos && takes_value(name.substr(0, sign))) {
            options_[std::string{name.substr(0, sign)}].emplace_back(name.substr(sign + 1));
            return {};
        }
        return take_letters(*word);
    }

    /// Flags that are written together, the last of them perhaps with its value.
    outcome<> take_letters(const std::string& word) {
        for (std::size_t at = 1; at < word.size(); ++at) {
            const std::string letter(1, word[at]);
            if (takes_value(letter) && at + 1 < word.size()) {
                options_[letter].push_back(word.substr(at + 1));
                return {};
            }
            if (!is_flag(letter)) {
                return misused(fmt::format("Unrecognized option: {}", word));
            }
            options_[letter];
        }
        return {};
    }

    [[nodiscard]] bool is_flag(std::string_view name) const {
        return std::find(rules_.begin(), rules_.end(), name) != rules_.end();
    }

    [[nodiscard]] bool takes_value(std::string_view name) const {
        return is_flag(std::string{name} + ':');
    }

    std::vector<std::string_view> rules_;
    arguments::option_values options_;
    std::vector<std::string> words_;
};

} // namespace

std::optional<std::string> arguments::value(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() || found->second.empty() ? std::nullopt
                                                            : std::optional{found->second.back()};
}

std::string arguments::joined(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::string{}
                                   : fmt::format("{}", fmt::join(found->second, ","));
}

outcome<std::optional<std::int64_t>> arguments::number(
    std::string_view option, std::int64_t low, std::int64_t high, std::string_view complaint
) const {
    const auto written = value(option);
    if (!written) {
        return std::optional<std::int64_t>{};
    }
    std::int64_t number = 0;
    const char* const end = written->data() + written->size();
    const auto [stop, failed] = std::from_chars(written->data(), end, number);
    if (failed != std::errc{} || stop != end || number < low || number > high) {
        return misused(std::string{complaint});
    }
    return std::optional{number};
}

outcome<arguments> parse_arguments(std::string_view rules, const std::vector<std::string>& words) {
    return argument_parser{rules}.parse(words, false);
}

outcome<arguments>
parse_leading_arguments(std::string_view rules, const std::vector<std::string>& words) {
    return argument_parser{rules}.parse(words, true);
}

} // namespace conclave::shell
