#include "client/shell/line_editor.hpp"

#include "client/shell/script_reader.hpp"
#include "client/shell/table.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <filesystem>
#include <histedit.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conclave::shell {

namespace {

constexpr int history_lines_max = 1000;
constexpr std::size_t shown_choices_max = 200;
constexpr char prompt_escape = '\1';

/// Lines that nobody wants to find in a file: secrets, and what was marked by a leading space.
bool is_private(std::string_view line) {
    return line.starts_with(' ') || line.starts_with("addauth");
}

std::size_t columns_of_terminal() {
    constexpr std::size_t usual_width = 80;
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : usual_width;
}

/// Without the escape sequences.
std::size_t visible_width(const std::string& prompt) {
    std::string visible;
    bool is_escaped = false;
    for (const char each : prompt) {
        if (each == prompt_escape) {
            is_escaped = !is_escaped;
        } else if (!is_escaped) {
            visible += each;
        }
    }
    return width_of(visible);
}

} // namespace

class line_editor::state {
public:
    state(event_loop& loop, screen& output, editor_callbacks callbacks, std::string history_file)
        : loop_(loop)
        , output_(output)
        , callbacks_(std::move(callbacks))
        , history_file_(std::move(history_file))
        , input_(loop)
        , editor_(el_init("conclave", stdin, stdout, stderr))
        , history_(history_init()) {
        set_up_history();
        set_up_editor();
        output_.set_line([this] { hide(); }, [this] { show(); });
        loop_.on_resize([this] { resize(); });
    }

    state(const state&) = delete;
    state& operator=(const state&) = delete;

    ~state() {
        output_.set_line({}, {});
        history_end(history_);
        el_end(editor_);
    }

    std::optional<std::string> next() {
        while (true) {
            loop_.forget_interrupt();
            loop_.run_ready();
            prompt_ = callbacks_.prompt();
            int count = 0;
            is_editing_ = true;
            const char* const line = el_gets(editor_, &count);
            is_editing_ = false;
            if (line != nullptr && count > 0) {
                return taken({line, static_cast<std::size_t>(count)});
            }
            std::fputs(loop_.is_interrupted() ? "^C\n" : "\n", stdout);
            std::fflush(stdout);
            if (!loop_.is_interrupted()) {
                return std::nullopt;
            }
        }
    }

private:
    static state& of(EditLine* editor) {
        void* data = nullptr;
        el_get(editor, EL_CLIENTDATA, &data);
        return *static_cast<state*>(data);
    }

    void set_up_history() {
        HistEvent ignored{};
        history(history_, &ignored, H_SETSIZE, history_lines_max);
        history(history_, &ignored, H_SETUNIQUE, 1);
        if (!history_file_.empty()) {
            history(history_, &ignored, H_LOAD, history_file_.c_str()); // there may be none yet
        }
    }

    void set_up_editor() {
        el_set(editor_, EL_CLIENTDATA, this);
        el_set(
            editor_,
            EL_PROMPT_ESC,
            +[](EditLine* editor) { return of(editor).prompt_.data(); },
            prompt_escape
        );
        el_set(editor_, EL_EDITOR, "emacs");
        el_set(editor_, EL_HIST, history, history_);
        el_set(
            editor_,
            EL_ADDFN,
            "conclave-complete",
            "Complete a command or the path of a znode",
            +[](EditLine* editor, int) { return of(editor).complete_line(); }
        );
        el_set(editor_, EL_BIND, "^I", "conclave-complete", nullptr);
        el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        el_set(
            editor_,
            EL_GETCFN,
            +[](EditLine* editor, wchar_t* letter) { return of(editor).read_letter(letter); }
        );
        el_source(editor_, nullptr); // ~/.editrc, if there is one
    }

    /// libedit's way to a letter: the event loop runs until one is there.
    int read_letter(wchar_t* letter) {
        std::mbstate_t partial{};
        while (true) {
            if (!input_.await()) {
                errno = EINTR;
                return -1;
            }
            char octet = 0;
            const ssize_t count = read(STDIN_FILENO, &octet, 1);
            if (count <= 0) {
                return static_cast<int>(count);
            }
            const std::size_t taken = std::mbrtowc(letter, &octet, 1, &partial);
            if (taken == static_cast<std::size_t>(-1)) {
                partial = {};
                *letter = L'?';
                return 1;
            }
            if (taken != static_cast<std::size_t>(-2)) {
                return 1;
            }
        }
    }

    std::string taken(std::string line) {
        while (line.ends_with('\n') || line.ends_with('\r')) {
            line.pop_back();
        }
        if (!line.empty() && !is_private(line)) {
            HistEvent ignored{};
            history(history_, &ignored, H_ENTER, line.c_str());
            save_history();
        }
        return line;
    }

    /// At each line, so that a closed terminal loses nothing. A history that cannot be written is
    /// no reason to stop.
    void save_history() {
        if (!history_file_.empty()) {
            HistEvent ignored{};
            constexpr mode_t only_mine = 077;
            const mode_t usual = umask(only_mine);
            history(history_, &ignored, H_SAVE, history_file_.c_str());
            umask(usual);
        }
    }

    unsigned char complete_line() {
        const LineInfo* const line = el_line(editor_);
        const std::string before{line->buffer, line->cursor};
        is_editing_ = false; // events that come while the server is asked go below the line
        const completion found = callbacks_.complete(before);
        is_editing_ = true;
        if (!found.inserted.empty()) {
            el_insertstr(editor_, found.inserted.c_str());
            return CC_REFRESH;
        }
        if (found.choices.empty()) {
            return CC_REFRESH_BEEP;
        }
        show_choices(found.choices);
        return CC_REDISPLAY;
    }

    void show_choices(std::vector<std::string> choices) {
        const std::size_t count = choices.size();
        choices.resize(std::min(count, shown_choices_max));
        std::string text = '\n' + in_columns(choices, columns_of_terminal(), style{});
        if (count > choices.size()) {
            text += fmt::format("... and {} more\n", count - choices.size());
        }
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    }

    /// Takes the line off the terminal: from the row on that the prompt is in.
    void hide() {
        if (!is_editing_) {
            return;
        }
        const LineInfo* const line = el_line(editor_);
        const std::string before{line->buffer, line->cursor};
        const std::size_t rows =
            (visible_width(prompt_) + width_of(before)) / columns_of_terminal();
        std::string sequence = "\r";
        if (rows > 0) {
            sequence += fmt::format("\033[{}A", rows);
        }
        std::fputs((sequence + "\033[J").c_str(), stdout);
    }

    void show() {
        if (is_editing_) {
            prompt_ = callbacks_.prompt();
            el_set(editor_, EL_REFRESH);
        }
    }

    void resize() {
        output_.on().width = columns_of_terminal();
        el_resize(editor_);
        hide();
        show();
    }

    event_loop& loop_;
    screen& output_;
    editor_callbacks callbacks_;
    std::string history_file_;
    input_wait input_;
    EditLine* editor_;
    History* history_;
    std::string prompt_;
    bool is_editing_ = false;
};

line_editor::line_editor(
    event_loop& loop, screen& output, editor_callbacks callbacks, std::string history_file
)
    : state_(std::make_unique<state>(loop, output, std::move(callbacks), std::move(history_file))) {
}

line_editor::~line_editor() = default;

std::optional<std::string> line_editor::next() {
    return state_->next();
}

std::string usual_history_file() {
    const char* const state_home = std::getenv("XDG_STATE_HOME");
    const char* const home = std::getenv("HOME");
    std::filesystem::path folder;
    if (state_home != nullptr && *state_home != '\0') {
        folder = state_home;
    } else if (home != nullptr && *home != '\0') {
        folder = std::filesystem::path{home} / ".local" / "state";
    } else {
        return {};
    }
    folder /= "conclave";
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    return failed ? std::string{} : (folder / "history").string();
}

} // namespace conclave::shell
