/// The options and arguments of one command.
#pragma once

#include "client/shell/failure.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::shell {

/// What stood behind a command's name, taken apart.
class arguments {
public:
    arguments() = default;

    using option_values = std::map<std::string, std::vector<std::string>, std::less<>>;

    arguments(option_values options, std::vector<std::string> words)
        : options_(std::move(options)), words_(std::move(words)) {}

    [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }

    /// The value of an option that takes one, if it was given; the last one if it was repeated.
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const;

    /// The values of an option that may be repeated, with commas between; "" if it was not given.
    [[nodiscard]] std::string joined(std::string_view option) const;

    /// The value of an option as a whole number within [low, high]; nothing if it was not given;
    /// the failure says `complaint` if it is something else.
    [[nodiscard]] outcome<std::optional<std::int64_t>> number(
        std::string_view option, std::int64_t low, std::int64_t high, std::string_view complaint
    ) const;

    [[nodiscard]] std::size_t count() const { return words_.size(); }

    /// @pre index < count()
    [[nodiscard]] const std::string& word(std::size_t index) const { return words_.at(index); }

    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    option_values options_;
    std::vector<std::string> words_;
};

/// Takes words apart as zkCli.sh's parser does. `rules` names the options, separated by spaces,
/// without their dash and with a colon behind those that take a value: "s v: members:". Options may
/// stand anywhere before "--"; flags of one letter may be written together, and a value may follow
/// its letter at once, or any option behind "=".
[[nodiscard]] outcome<arguments>
parse_arguments(std::string_view rules, const std::vector<std::string>& words);

/// The same for commands that run another one: everything from the first word on that is no option
/// stays as it is.
[[nodiscard]] outcome<arguments>
parse_leading_arguments(std::string_view rules, const std::vector<std::string>& words);

} // namespace conclave::shell
