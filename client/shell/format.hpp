/// The three looks of an answer.
#pragma once

#include "client/shell/answer.hpp"
#include "client/shell/failure.hpp"
#include "client/shell/style.hpp"

namespace conclave::shell {

enum class look : std::uint8_t {
    text,  ///< for people
    json,  ///< for programs: each answer is one line of JSON
    zkcli, ///< byte for byte what zkCli.sh prints
};

/// What there is to write, each text whole lines or (`answer::data_form::raw`) plain bytes.
struct written {
    std::string output; ///< to stdout
    std::string errors; ///< to stderr; only zkCli.sh puts answers there
};

/// How wide and colourful the output may be.
struct page {
    style colours = style{false};
    std::size_t width = 0; ///< columns of the terminal; 0: no terminal, one name per line
};

[[nodiscard]] std::string render_as_text(const any_answer& told, const page& on);
[[nodiscard]] std::string render_as_json(const any_answer& told);
[[nodiscard]] written render_as_zkcli(const any_answer& told);

/// The sentence for a person, without the end of the line.
[[nodiscard]] std::string describe(const failure& what);
/// What zkCli.sh would say.
[[nodiscard]] std::string describe_as_zkcli(const failure& what);
/// One line of JSON: {"error": {...}}.
[[nodiscard]] std::string describe_as_json(const failure& what);

/// What a server or the library said, for a person: "there is no such node".
[[nodiscard]] std::string describe_error(const std::error_code& error);

} // namespace conclave::shell
