/// The session, the shell itself.
#include "client/shell/command.hpp"
#include "client/shell/commands/commands.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

namespace conclave::shell::commands {

outcome<> close(shell& in, const arguments&) {
    in.close();
    return {};
}

outcome<> connect(shell& in, const arguments& given) {
    const std::string servers = given.count() > 0 ? given.word(0) : in.chosen().servers();
    in.close();
    return in.connect(servers);
}

outcome<> history(shell& in, const arguments&) {
    constexpr std::size_t shown = 11;
    const std::vector<std::string>& lines = in.history();
    std::string text;
    for (std::size_t at = lines.size() - std::min(lines.size(), shown); at < lines.size(); ++at) {
        text += fmt::format("{} - {}\n", at, lines[at]);
    }
    text.erase(text.find_last_not_of('\n') + 1);
    in.print(answer::done{text});
    return {};
}

outcome<> redo(shell& in, const arguments& given) {
    constexpr std::int64_t number_max = 1'000'000;
    const auto number = text::parse_integer(given.word(0), 0, number_max);
    if (!number || static_cast<std::size_t>(*number) + 1 >= in.history().size()) {
        return misused("Command index out of range");
    }
    return in.redo(static_cast<std::size_t>(*number));
}

outcome<> quit(shell& in, const arguments&) {
    in.quit();
    return {};
}

outcome<> version(shell& in, const arguments&) {
    const std::string text = in.is_zkcli()
                                 ? "ZooKeeper CLI version: 3.9.0-conclave-" CONCLAVE_VERSION
                                 : "conclave " CONCLAVE_VERSION;
    in.print(answer::named_text{"version", text, std::nullopt});
    return {};
}

outcome<> help(shell& in, const arguments& given) {
    if (given.count() > 0) {
        const command* const of = find_command(given.word(0), false);
        if (of == nullptr) {
            return misused(fmt::format("there is no command {}", given.word(0)));
        }
        in.print(answer::done{fmt::format("{}\n    {}", usage_line(*of), of->summary)});
        return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const command& each : all_commands()) {
        rows.push_back({std::string{each.name}, std::string{each.summary}});
    }
    in.print(answer::table{{"command", "what it does"}, std::move(rows)});
    return {};
}

} // namespace conclave::shell::commands
