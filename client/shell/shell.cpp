#include "client/shell/shell.hpp"

#include "client/shell/command.hpp"
#include "client/shell/path_text.hpp"
#include "client/shell/words.hpp"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace conclave::shell {

namespace {

constexpr std::size_t history_max = 100'000;

outcome<> check_paths(const command& chosen, const arguments& given) {
    // A sequential node is named by its number alone below a path that ends with a slash.
    const std::string suffix = chosen.name == "create" && given.has("s") ? "1" : "";
    for (std::size_t at = 0; at < std::min(chosen.path_count, given.count()); ++at) {
        if (const auto problem = path_problem(given.word(at) + suffix)) {
            return misused(*problem);
        }
    }
    return {};
}

unexpected<failure> unknown_command(std::string_view name, bool is_zkcli) {
    const std::string text =
        is_zkcli ? fmt::format("{}Command not found: Command not found {}", zkcli_help(), name)
                 : fmt::format("there is no command {}; help lists those that there are", name);
    return unexpected{failure{exit_code::unknown_command, text, {}, {}}};
}

} // namespace

shell::shell(event_loop& loop, screen& output, shell_settings chosen)
    : loop_(loop)
    , output_(output)
    , chosen_(std::move(chosen))
    , watches_(
          loop.context(),
          [this](const client::watch_event& event) { on_event(event); },
          [this](std::string_view sentence) {
              output_.interject_text(std::string{sentence} + '\n');
          }
      ) {}

shell::~shell() = default;

outcome<> shell::connect(std::string servers) {
    chosen_.session.servers = std::move(servers);
    identities_.clear(); // they are not for other servers
    return begin_session();
}

outcome<> shell::begin_session() {
    watches_.clear();
    was_open_ = false;
    client::settings settings = chosen_.session;
    settings.auth.insert(settings.auth.end(), identities_.begin(), identities_.end());
    try {
        connection_ = std::make_unique<connection>(loop_, settings, chosen_.operation_limit);
    } catch (const std::invalid_argument& wrong) {
        return misused(wrong.what());
    }
    connection_->on_state([this](client::session_state state) { on_state(state); });
    connection_->open();
    return {};
}

outcome<> shell::await_connected(std::chrono::milliseconds limit) {
    const std::error_code failed = connection_->await_open(limit);
    if (!failed) {
        was_open_ = true;
        return {};
    }
    if (is_zkcli() || failed == std::errc::interrupted) {
        return failed_with(failed, {});
    }
    return unexpected{failure{
        exit_code_of(failed) == exit_code::not_permitted ? exit_code::not_permitted
                                                         : exit_code::not_connected,
        fmt::format("cannot reach {}: {}", chosen_.servers(), describe_error(failed)),
        failed,
        {}}};
}

outcome<> shell::must_be_connected() {
    if (!connection_) {
        return unexpected{failure{
            exit_code::not_connected, "not connected; connect HOST:PORT does that", {}, {}}};
    }
    const bool is_lost = connection_->state() == client::session_state::lost;
    if (was_open_ && is_lost && !is_zkcli()) {
        output_.remark(
            "the session is over, with its ephemeral nodes and watches; opening a new one"
        );
        if (auto opened = begin_session(); !opened) {
            return opened;
        }
    }
    return was_open_ ? outcome<>{} : await_connected(chosen_.open_limit);
}

outcome<> shell::run(const std::vector<std::string>& words) {
    if (words.empty()) {
        return misused("No command entered");
    }
    const command* const found = find_command(words.front(), is_zkcli());
    if (found == nullptr) {
        return unknown_command(words.front(), is_zkcli());
    }
    return run_command(*found, {words.begin() + 1, words.end()});
}

outcome<> shell::run_command(const command& chosen, const std::vector<std::string>& words) {
    const auto with_usage = [&](const std::string& text) {
        return misused(is_zkcli() ? text : fmt::format("{}\nusage: {}", text, usage_line(chosen)));
    };
    auto given = chosen.runs_others ? parse_leading_arguments(chosen.options, words)
                                    : parse_arguments(chosen.options, words);
    if (!given) {
        return with_usage(given.error().text);
    }
    if (given->count() < chosen.words_min) {
        return misused((is_zkcli() ? "" : "usage: ") + usage_line(chosen));
    }
    if (!is_zkcli() && given->count() > chosen.words_max) {
        return with_usage(fmt::format(
            "\"{}\" is one word too many; text with spaces stands in quotes",
            given->word(chosen.words_max)
        ));
    }
    if (auto checked = check_paths(chosen, *given); !checked) {
        return checked;
    }
    if (chosen.needs_server) {
        if (is_zkcli() && !connection_) { // which is no failure, there
            print(answer::done{"Not connected"});
            return {};
        }
        if (auto connected = must_be_connected(); !connected) {
            return connected;
        }
    }
    try {
        return chosen.run(*this, *given);
    } catch (const std::exception& broken) { // a defect, but not of the commands that follow
        return failed_because(fmt::format("{} has failed: {}", chosen.name, broken.what()));
    }
}

void shell::run_line(const std::string& line) {
    const std::vector<std::string> words = split_words(line);
    if (words.empty() || (!is_zkcli() && words.front().starts_with('#'))) {
        return;
    }
    if (history_.size() < history_max) {
        history_.push_back(line);
    }
    loop_.forget_interrupt();
    if (is_zkcli() && words.front() != "quit") { // which ends with what the command before it gave
        code_ = exit_code::done;
    }
    if (const auto ran = run(words); !ran) {
        output_.complain(ran.error());
        note_failure(ran.error().code);
    }
    if (loop_.is_interrupted() && chosen_.is_interactive) {
        output_.remark({}); // ends the line in which the terminal has shown ^C
    }
    output_.flush();
}

void shell::note_failure(exit_code code) {
    if (code_ == exit_code::done) {
        code_ = code;
    }
}

outcome<> shell::redo(std::size_t number) {
    const std::string line = history_[number];
    history_.back() = line;
    const std::vector<std::string> words = split_words(line);
    if (!words.empty() && words.front() == "redo") {
        return misused("No redoing redos");
    }
    return run(words);
}

void shell::close() {
    if (connection_) {
        watches_.clear();
        loop_.forget_interrupt(); // closing is what comes of it
        connection_->close();
        loop_.run_ready();
        connection_.reset();
        was_open_ = false;
    }
}

void shell::on_event(const client::watch_event& event) {
    if (prints_watches_) {
        output_.interject(answer::event{event});
    }
}

void shell::tell_removed(watch_target target, std::string_view path) {
    if (!prints_watches_ || !is_zkcli()) {
        return;
    }
    const std::string_view word = target == watch_target::children ? "ChildWatchRemoved"
                                  : target == watch_target::data   ? "DataWatchRemoved"
                                                                   : "PersistentWatchRemoved";
    output_.interject_text(fmt::format(
        "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:{} path:{} zxid: -1\n", word, path
    ));
}

void shell::tell_state_as_zkcli(std::string_view word) {
    if (prints_watches_ && is_zkcli()) {
        output_.interject_text(
            fmt::format("\nWATCHER::\n\nWatchedEvent state:{} type:None path:null zxid: -1\n", word)
        );
    }
}

void shell::on_state(client::session_state state) {
    const bool is_told = chosen_.is_interactive && output_.chosen_look() == look::text;
    switch (state) {
    case client::session_state::connected:
        tell_state_as_zkcli("SyncConnected");
        if (is_told && was_open_) {
            output_.interject_text("connected again\n");
        }
        break;
    case client::session_state::connected_read_only:
        tell_state_as_zkcli("ConnectedReadOnly");
        if (is_told) {
            output_.interject_text("connected to a server without a quorum: it answers reads only\n"
            );
        }
        break;
    case client::session_state::suspended:
        tell_state_as_zkcli("Disconnected");
        if (is_told) {
            output_.interject_text("the connection is gone; looking for a server\n");
        }
        break;
    case client::session_state::lost: {
        const bool is_closed = connection_->lost_reason() == client::error::session_closed;
        tell_state_as_zkcli(is_closed ? "Closed" : "Expired");
        if (is_told && !is_closed) {
            output_.interject_text("the session is over; the next command opens a new one\n");
        }
        break;
    }
    case client::session_state::connecting:
        break;
    }
    output_.refresh_line();
}

} // namespace conclave::shell
