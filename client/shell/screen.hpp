/// What the shell writes, and where.
#pragma once

#include "client/shell/format.hpp"

#include <functional>

namespace conclave::shell {

/// stdout and stderr in the chosen look. Events that come while a line is being edited are put
/// above it; while another program has the terminal, they wait (4 MiB of text at most, then the
/// oldest go).
///
/// Owner: the shell; on its one thread.
class screen {
public:
    screen(look chosen, page on, style error_style)
        : look_(chosen), page_(std::move(on)), error_style_(error_style) {}

    screen(const screen&) = delete;
    screen& operator=(const screen&) = delete;

    void print(const any_answer& told);
    void complain(const failure& what);
    /// A remark on stderr, such as progress or a warning. Not JSON, in any look.
    void remark(std::string_view sentence);
    /// Replaces the line of the last `show_progress`, on a terminal only; "" takes it away.
    void show_progress(std::string_view sentence);

    /// Something that happened by itself.
    void interject(const any_answer& told);
    /// The same for a text that is whole lines already.
    void interject_text(std::string_view text);

    /// Draws the line that is being edited again, with its prompt, if there is one.
    void refresh_line();

    /// How to take the line that is being edited off the terminal and put it back.
    void set_line(std::function<void()> hide, std::function<void()> show);

    /// Keeps interjections until `release`.
    void hold() { is_held_ = true; }

    void release();

    void flush();

    /// False once something could not be written.
    [[nodiscard]] bool is_sound() const;

    [[nodiscard]] look chosen_look() const { return look_; }

    [[nodiscard]] page& on() { return page_; }

    [[nodiscard]] bool is_terminal() const { return page_.width > 0; }

private:
    void write(const written& text);

    look look_;
    page page_;
    style error_style_;
    std::function<void()> hide_line_;
    std::function<void()> show_line_;
    std::string held_;
    bool is_held_ = false;
    bool shows_progress_ = false;
};

} // namespace conclave::shell
