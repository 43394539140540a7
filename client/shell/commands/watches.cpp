/// Watches that stay, and those that go.
#include "client/shell/command.hpp"
#include "client/shell/commands/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

outcome<client::watch_mode> mode_option(const shell& in, const arguments& given) {
    std::string mode = given.value("m").value_or("PERSISTENT_RECURSIVE");
    std::transform(mode.begin(), mode.end(), mode.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    if (mode == "PERSISTENT_RECURSIVE") {
        return client::watch_mode::recursive;
    }
    if (mode == "PERSISTENT") {
        return client::watch_mode::persistent;
    }
    return misused(
        in.is_zkcli()
            ? usage_line(*find_command("addWatch", true))
            : fmt::format("{} is no mode: expected PERSISTENT or PERSISTENT_RECURSIVE", mode)
    );
}

client::watch_type type_option(const arguments& given) {
    return given.has("c")   ? client::watch_type::children
           : given.has("d") ? client::watch_type::data
           : given.has("p") ? client::watch_type::persistent
           : given.has("r") ? client::watch_type::recursive
                            : client::watch_type::any;
}

} // namespace

outcome<> add_watch(shell& in, const arguments& given) {
    const auto mode = mode_option(in, given);
    if (!mode) {
        return unexpected{mode.error()};
    }
    const std::string& path = given.word(0);
    auto added = in.server().ask(operation::add_watch{path, *mode});
    if (!added) {
        return failed_with(added.error(), path);
    }
    in.watches().add(
        path,
        *mode == client::watch_mode::recursive ? watch_target::recursive : watch_target::persistent,
        *std::move(added)
    );
    return {};
}

outcome<> remove_watches(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    const client::watch_type type = type_option(given);
    const auto removed = in.server().ask(operation::remove_watches{path, type});
    const bool is_unreached = !removed && exit_code_of(removed.error()) == exit_code::not_connected;
    if (!removed && !(is_unreached && given.has("l"))) {
        return failed_with(removed.error(), path);
    }
    for (const watch_target target : in.watches().remove(path, type)) {
        in.tell_removed(target, path);
    }
    return {};
}

outcome<> print_watches(shell& in, const arguments& given) {
    if (given.count() == 0) {
        in.print(answer::done{fmt::format("printwatches is {}", in.prints_watches() ? "on" : "off")}
        );
        return {};
    }
    in.set_prints_watches(given.word(0) == "on");
    return {};
}

} // namespace conclave::shell::commands
