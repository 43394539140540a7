#include "client/shell/program.hpp"

#include "client/shell/client_configuration.hpp"
#include "client/shell/interactive.hpp"
#include "client/shell/invocation.hpp"
#include "client/shell/script_reader.hpp"
#include "client/shell/shell.hpp"

#include <conclave/client/tls.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <sys/ioctl.h>
#include <unistd.h>

namespace conclave::shell {

namespace {

constexpr std::chrono::milliseconds usual_connect_timeout{5000};

bool wants_colour(colour_choice chosen, int descriptor) {
    if (chosen != colour_choice::automatic) {
        return chosen == colour_choice::always;
    }
    const char* const refused = std::getenv("NO_COLOR");
    return isatty(descriptor) == 1 && (refused == nullptr || *refused == '\0');
}

std::size_t terminal_width() {
    constexpr std::size_t usual_width = 80;
    winsize size{};
    if (isatty(STDOUT_FILENO) != 1) {
        return 0;
    }
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : usual_width;
}

bool is_interactive() {
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

outcome<client::settings> session_settings(const invocation& called) {
    client::settings settings;
    settings.servers = called.servers;
    settings.session_timeout = called.timeout;
    settings.connect_timeout = std::chrono::milliseconds{0}; // the shell counts by itself
    settings.is_read_only_allowed = called.is_read_only;
    settings.verifies_host_name = called.verifies_host_name;
    for (const std::string& identity : called.identities) {
        const std::size_t colon = identity.find(':');
        if (colon == std::string::npos) {
            return misused("an identity has the form scheme:credentials, such as digest:bob:secret"
            );
        }
        settings.auth.push_back({identity.substr(0, colon), identity.substr(colon + 1)});
    }
    if (called.uses_tls) {
        try {
            settings.tls = client::make_tls_context(called.tls);
        } catch (const std::runtime_error& wrong) {
            return misused(wrong.what());
        }
    }
    return settings;
}

/// A shell with all that it needs, for as long as the program runs.
struct session_of_program {
    explicit session_of_program(const invocation& called)
        : output(
              called.output,
              page{style{wants_colour(called.colour, STDOUT_FILENO)}, terminal_width()},
              style{wants_colour(called.colour, STDERR_FILENO)}
          ) {}

    event_loop loop;
    screen output;
    std::unique_ptr<shell> commands;
};

outcome<> prepare(invocation& called, session_of_program& program) {
    if (!called.configuration_file.empty()) {
        if (auto read = read_client_configuration(called.configuration_file, called); !read) {
            return read;
        }
    }
    auto settings = session_settings(called);
    if (!settings) {
        return unexpected{settings.error()};
    }
    shell_settings chosen;
    chosen.session = *std::move(settings);
    chosen.operation_limit = called.timeout;
    chosen.open_limit = called.connect_timeout.value_or(
        called.waits_for_connection ? called.timeout : usual_connect_timeout
    );
    chosen.is_interactive = called.words.empty() && is_interactive();
    program.commands = std::make_unique<shell>(program.loop, program.output, std::move(chosen));
    return {};
}

outcome<> run_one_command(const invocation& called, shell& commands) {
    if (called.waits_for_connection) {
        if (auto connected = commands.await_connected(commands.chosen().open_limit); !connected) {
            return connected;
        }
    }
    return commands.run(called.words);
}

/// zkCli.sh leaves the session of a single command to expire, and scripts count on the ephemeral
/// nodes that stay for a while. Otherwise nothing is left behind.
void end_session(shell& commands, bool leaves_session) {
    if (!leaves_session) {
        commands.close();
    }
}

exit_code run_lines(shell& commands, line_source& lines) {
    while (!commands.has_quit()) {
        const auto line = lines.next();
        if (!line) {
            break;
        }
        commands.run_line(*line);
        if (commands.loop().is_interrupted() && !commands.chosen().is_interactive) {
            break;
        }
    }
    exit_code code = commands.code();
    if (const auto complaint = lines.complaint()) {
        commands.output().complain(*complaint);
        code = code == exit_code::done ? complaint->code : code;
    }
    end_session(commands, commands.is_zkcli() && !commands.has_quit());
    return code;
}

std::unique_ptr<line_source> make_source(const invocation& called, session_of_program& program) {
    if (!is_interactive()) {
        return std::make_unique<script_reader>(program.loop);
    }
    shell& commands = *program.commands;
    const style prompt_style = program.output.on().colours;
    return std::make_unique<line_editor>(
        program.loop,
        program.output,
        editor_callbacks{
            [&commands, prompt_style] { return prompt_of(commands, prompt_style); },
            [&commands](std::string_view line) {
                return complete_line(commands, line);
            }},
        called.keeps_history ? usual_history_file() : std::string{}
    );
}

exit_code run(const invocation& called, session_of_program& program) {
    shell& commands = *program.commands;
    if (commands.is_zkcli()) {
        std::printf("Connecting to %s\n", called.servers.c_str());
    }
    if (auto opened = commands.connect(called.servers); !opened) {
        program.output.complain(opened.error());
        return opened.error().code;
    }
    if (!called.words.empty()) {
        const auto ran = run_one_command(called, commands);
        if (!ran) {
            program.output.complain(ran.error());
        }
        program.output.flush(); // whoever waits for the answer need not wait for the session's end
        end_session(commands, commands.is_zkcli());
        return ran ? exit_code::done : ran.error().code;
    }
    if (commands.is_zkcli()) {
        std::printf(
            "Welcome to ZooKeeper!\nJLine support is %s\n",
            is_interactive() ? "enabled" : "disabled"
        );
        program.output.flush();
    }
    const auto lines = make_source(called, program);
    return run_lines(commands, *lines);
}

} // namespace

int run_program(const std::vector<std::string>& arguments) {
    auto called = parse_invocation(arguments);
    if (!called) {
        const early_end& end = called.error();
        std::fputs(end.text.c_str(), end.code == exit_code::done ? stdout : stderr);
        return static_cast<int>(end.code);
    }
    session_of_program program{*called};
    if (auto prepared = prepare(*called, program); !prepared) {
        program.output.complain(prepared.error());
        return static_cast<int>(prepared.error().code);
    }
    const exit_code code = run(*called, program);
    program.output.flush();
    if (!program.output.is_sound()) {
        std::fputs("conclave: the output could not be written\n", stderr);
        return static_cast<int>(exit_code::failed);
    }
    return called->output == look::zkcli ? zkcli_exit_code(code) : static_cast<int>(code);
}

} // namespace conclave::shell
