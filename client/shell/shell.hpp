/// The shell: one user, one session, the commands that are given to it.
#pragma once

#include "client/shell/connection.hpp"
#include "client/shell/screen.hpp"
#include "client/shell/watch_board.hpp"

#include <conclave/client/settings.hpp>

#include <memory>
#include <string>
#include <vector>

namespace conclave::shell {

struct command;

/// How a shell behaves.
struct shell_settings {
    client::settings session;
    /// How long an operation may take, the wait for a server included.
    std::chrono::milliseconds operation_limit{30000};
    /// How long the first command waits for a session.
    std::chrono::milliseconds open_limit{5000};
    /// Somebody sits before it: changes of the session's state are told.
    bool is_interactive = false;

    /// The servers, as the user knows them.
    [[nodiscard]] const std::string& servers() const { return session.servers; }
};

/// Runs commands, one after the other, on the thread of its event loop.
class shell {
public:
    shell(event_loop& loop, screen& output, shell_settings chosen);
    ~shell();

    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;

    // -- for the program --------------------------------------------------------------------

    /// Begins to look for a server; commands wait for it. The failure is that of a setting.
    outcome<> connect(std::string servers);

    /// Waits for the session as the first command would.
    outcome<> await_connected(std::chrono::milliseconds limit);

    /// One command, its name first. Nothing is printed about a failure.
    outcome<> run(const std::vector<std::string>& words);

    /// A line that somebody has typed or written in a script: notes it in the history, runs it, and
    /// prints what went wrong.
    void run_line(const std::string& line);

    /// Of the last line before `quit` with --zkcli; else of the first line that failed.
    [[nodiscard]] exit_code code() const { return code_; }

    [[nodiscard]] bool has_quit() const { return has_quit_; }

    /// Ends the session at the server.
    void close();

    // -- for commands -----------------------------------------------------------------------

    [[nodiscard]] connection& server() { return *connection_; }

    [[nodiscard]] bool is_connected_to_servers() const { return connection_ != nullptr; }

    [[nodiscard]] screen& output() { return output_; }

    [[nodiscard]] watch_board& watches() { return watches_; }

    [[nodiscard]] event_loop& loop() { return loop_; }

    [[nodiscard]] const shell_settings& chosen() const { return chosen_; }

    [[nodiscard]] bool is_zkcli() const { return output_.chosen_look() == look::zkcli; }

    [[nodiscard]] const std::vector<std::string>& history() const { return history_; }

    void print(const any_answer& told) { output_.print(told); }

    void quit() { has_quit_ = true; }

    /// The session has proved one more identity: a session that has to follow it will, too.
    void remember_identity(client::credentials proved) { identities_.push_back(std::move(proved)); }

    /// Runs a line of the history again. @pre number < history().size()
    outcome<> redo(std::size_t number);

    [[nodiscard]] bool prints_watches() const { return prints_watches_; }

    void set_prints_watches(bool wanted) { prints_watches_ = wanted; }

    /// Tells an event that no server has sent: a watch was removed by the user.
    void tell_removed(watch_target target, std::string_view path);

private:
    outcome<> run_command(const command& chosen, const std::vector<std::string>& words);
    outcome<> must_be_connected();
    outcome<> begin_session();
    void on_event(const client::watch_event& event);
    void on_state(client::session_state state);
    void tell_state_as_zkcli(std::string_view word);
    void note_failure(exit_code code);

    event_loop& loop_;
    screen& output_;
    shell_settings chosen_;
    watch_board watches_;
    std::unique_ptr<connection> connection_;
    std::vector<client::credentials> identities_; ///< of addauth, with these servers
    std::vector<std::string> history_;
    exit_code code_ = exit_code::done;
    bool has_quit_ = false;
    bool prints_watches_ = true;
    bool was_open_ = false;
};

} // namespace conclave::shell
