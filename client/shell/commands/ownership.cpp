/// Running a program while something is owned.
#include "client/shell/child_process.hpp"
#include "client/shell/commands/commands.hpp"
#include "client/shell/stat_text.hpp"

#include <conclave/recipes/leader_election.hpp>
#include <conclave/recipes/lock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <unistd.h>

namespace conclave::shell::commands {

namespace asio = boost::asio;

namespace {

/// What an acquisition has come to; shared with its handler, which may come after Ctrl-C.
struct acquisition {
    asio::cancellation_signal cancel;
    std::optional<boost::system::error_code> ended;
    recipes::ownership gained;
    int stopped_by = 0; ///< SIGTERM or SIGHUP, which came meanwhile
};

/// The program ends as shells say it of one that a signal has ended.
unexpected<failure> ended_by(int signal) {
    constexpr int signal_base = 128;
    return unexpected{failure{static_cast<exit_code>(signal_base + signal), {}, {}, {}}};
}

/// Starts with a handler, and waits until it has been called.
template <class Start>
outcome<recipes::ownership> acquire(shell& in, const std::string& path, const Start& start) {
    const auto asked = std::make_shared<acquisition>();
    start(asio::bind_cancellation_slot(
        asked->cancel.slot(),
        [asked](boost::system::error_code failed, recipes::ownership gained) {
            asked->gained = std::move(gained);
            asked->ended = failed;
        }
    ));
    // Whoever waits takes its node out of the queue before it goes.
    asio::signal_set endings{in.loop().context(), SIGTERM, SIGHUP};
    endings.async_wait([asked](boost::system::error_code cancelled, int signal) {
        asked->stopped_by = cancelled ? 0 : signal;
    });
    const auto is_over = [&] {
        return asked->ended.has_value() || asked->stopped_by != 0;
    };
    const wait_end end = in.loop().run_until(is_over);
    if (end == wait_end::interrupted || asked->stopped_by != 0) {
        asked->cancel.emit(asio::cancellation_type::all);
    }
    if (asked->stopped_by != 0) {
        in.quit();
        return ended_by(asked->stopped_by);
    }
    if (end == wait_end::interrupted) {
        return failed_with(std::make_error_code(std::errc::interrupted), path);
    }
    const std::error_code failed = *asked->ended;
    if (failed == recipes::error::not_acquired) {
        return unexpected{failure{
            exit_code::conflict, fmt::format("{}: somebody else holds it", path), failed, path}};
    }
    return failed ? outcome<recipes::ownership>{failed_with(failed, path)}
                  : outcome<recipes::ownership>{std::move(asked->gained)};
}

/// Gives it back, for two seconds at most: the session ends soon anyway.
void release(shell& in, recipes::ownership& held) {
    const auto is_released = std::make_shared<bool>(false);
    held.async_release([is_released](boost::system::error_code) { *is_released = true; });
    in.loop().forget_interrupt();
    static_cast<void>(in.loop().run_for(std::chrono::seconds{2}, [&] { return *is_released; }));
}

/// Runs the words behind the path. The program finds the fencing token in its environment, and gets
/// SIGTERM if the ownership is lost before it has ended.
outcome<> run_while_owned(shell& in, const arguments& given, recipes::ownership held) {
    const auto is_lost = std::make_shared<bool>(false);
    held.async_lost([is_lost](boost::system::error_code why) {
        *is_lost = why != asio::error::operation_aborted;
    });
    const std::size_t first = given.word(1) == "--" ? 2 : 1;
    const std::vector<std::string> words{
        given.words().begin() + static_cast<std::ptrdiff_t>(first), given.words().end()};
    setenv("CONCLAVE_FENCING_TOKEN", hex_text(held.fencing_token().value).c_str(), 1);
    in.output().flush();
    in.output().hold();
    const auto ended = run_in_foreground(in.loop(), words, [&] { return *is_lost; });
    in.output().release();
    const bool was_lost = *is_lost;
    release(in, held);
    if (!ended) {
        return unexpected{ended.error()};
    }
    if (ended->must_quit) {
        in.quit();
    }
    if (was_lost) {
        return failed_because(fmt::format(
            "{} was lost while {} was running, which was told to end", given.word(0), words.front()
        ));
    }
    return ended->code == 0
               ? outcome<>{}
               : outcome<>{unexpected{failure{static_cast<exit_code>(ended->code), {}, {}, {}}}};
}

outcome<> check_program(const arguments& given) {
    const bool has_program = given.count() > 1 && (given.word(1) != "--" || given.count() > 2);
    return has_program ? outcome<>{} : misused("a command must follow the path, behind --");
}

std::string identifier_of(const arguments& given) {
    if (const auto chosen = given.value("id")) {
        return *chosen;
    }
    std::array<char, 256> host{};
    const bool is_known = gethostname(host.data(), host.size() - 1) == 0;
    return fmt::format("{}:{}", is_known ? host.data() : "unknown", getpid());
}

recipes::layout layout_of(const arguments& given) {
    return given.has("kazoo") ? recipes::layout::kazoo : recipes::layout::curator;
}

} // namespace

outcome<> lock(shell& in, const arguments& given) {
    if (auto checked = check_program(given); !checked) {
        return checked;
    }
    const auto limit_ms = given.number(
        "t", 0, std::numeric_limits<std::int32_t>::max(), "-t takes a time in ms: 0 does not wait"
    );
    if (!limit_ms) {
        return unexpected{limit_ms.error()};
    }
    recipes::contest_options options;
    options.names = layout_of(given);
    options.identifier = identifier_of(given);
    const recipes::lock wanted{in.server().session(), given.word(0), options};
    auto held = acquire(in, given.word(0), [&](auto handler) {
        if (!*limit_ms) {
            wanted.async_acquire(std::move(handler));
        } else if (**limit_ms == 0) {
            wanted.async_try_acquire(std::move(handler));
        } else {
            wanted.async_acquire_within(std::chrono::milliseconds{**limit_ms}, std::move(handler));
        }
    });
    return held ? run_while_owned(in, given, *std::move(held))
                : outcome<>{unexpected{held.error()}};
}

outcome<> elect(shell& in, const arguments& given) {
    if (auto checked = check_program(given); !checked) {
        return checked;
    }
    const recipes::leader_election election{
        in.server().session(), given.word(0), identifier_of(given), layout_of(given)};
    auto held =
        acquire(in, given.word(0), [&](auto handler) { election.async_lead(std::move(handler)); });
    return held ? run_while_owned(in, given, *std::move(held))
                : outcome<>{unexpected{held.error()}};
}

} // namespace conclave::shell::commands
