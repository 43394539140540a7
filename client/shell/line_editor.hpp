/// Lines that a person edits at a terminal.
#pragma once

#include "client/shell/completion.hpp"
#include "client/shell/event_loop.hpp"
#include "client/shell/line_source.hpp"
#include "client/shell/screen.hpp"

#include <functional>
#include <memory>

namespace conclave::shell {

struct editor_callbacks {
    /// The prompt at this moment. Escape sequences stand between two \1.
    std::function<std::string()> prompt;
    /// What could complete the text before the cursor. May run the event loop.
    std::function<completion(std::string_view)> complete;
};

/// libedit on stdin and stdout, with a history that outlives the process. While the user types the
/// event loop runs: what is interjected on the screen stands above the line, Ctrl-C gives up the
/// line, a terminal may change its size. ~/.editrc is honoured.
class line_editor final : public line_source {
public:
    /// @param history_file  "": none
    line_editor(
        event_loop& loop, screen& output, editor_callbacks callbacks, std::string history_file
    );
    ~line_editor() override;

    /// Nothing at Ctrl-D on an empty line.
    std::optional<std::string> next() override;

private:
    class state;
    std::unique_ptr<state> state_;
};

/// $XDG_STATE_HOME/conclave/history, or in ~/.local/state; "" if neither is known or can be made.
[[nodiscard]] std::string usual_history_file();

} // namespace conclave::shell
