/// Watching until the user has seen enough.
#include "client/shell/commands/commands.hpp"

#include <conclave/client/error.hpp>

#include <fmt/format.h>

#include <limits>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

struct next_event {
    boost::system::error_code failed;
    client::watch_event what;
};

/// Nothing on Ctrl-C.
std::optional<next_event> await_event(shell& in, client::watch& from) {
    const auto next = std::make_shared<std::optional<next_event>>();
    from.async_next([next](boost::system::error_code failed, const client::watch_event& event) {
        *next = next_event{failed, event};
    });
    return in.loop().run_until([&] { return next->has_value(); }) == wait_end::done ? *next
                                                                                    : std::nullopt;
}

} // namespace

outcome<> watch(shell& in, const arguments& given) {
    const auto count = given.number(
        "n", 1, std::numeric_limits<std::int64_t>::max(), "-n takes a number of events"
    );
    if (!count) {
        return unexpected{count.error()};
    }
    const std::string& path = given.word(0);
    const auto mode =
        given.has("r") ? client::watch_mode::recursive : client::watch_mode::persistent;
    auto added = in.server().ask(operation::add_watch{path, mode});
    if (!added) {
        return failed_with(added.error(), path);
    }
    client::watch watched = *std::move(added);
    if (in.output().is_terminal()) {
        in.output().remark(fmt::format("watching {}; Ctrl-C ends that", path));
    }
    std::int64_t left = count->value_or(std::numeric_limits<std::int64_t>::max());
    while (left > 0) {
        const auto next = await_event(in, watched);
        if (!next) {
            return {}; // the usual way to end it
        }
        if (next->failed == make_error_code(client::error::events_lost)) {
            in.output().remark("events came too fast, and some were lost");
            continue;
        }
        if (next->failed) {
            return failed_with(next->failed, path);
        }
        in.print(answer::event{next->what});
        in.output().flush();
        --left;
    }
    return {};
}

} // namespace conclave::shell::commands
