#include "client/shell/screen.hpp"

#include <cstdio>
#include <unistd.h>

namespace conclave::shell {

namespace {

constexpr std::size_t held_size_max = std::size_t{4} << 20U;

void put(std::string_view text, std::FILE* to) {
    std::fwrite(text.data(), 1, text.size(), to);
}

written rendered(const any_answer& told, look chosen, const page& on) {
    switch (chosen) {
    case look::zkcli:
        return render_as_zkcli(told);
    case look::json:
        return {render_as_json(told), {}};
    case look::text:
        break;
    }
    return {render_as_text(told, on), {}};
}

} // namespace

void screen::write(const written& text) {
    if (!text.errors.empty()) {
        std::fflush(stdout);
        put(text.errors, stderr);
    }
    put(text.output, stdout);
}

void screen::print(const any_answer& told) {
    show_progress({});
    write(rendered(told, look_, page_));
}

void screen::complain(const failure& what) {
    if (what.text.empty() && !what.error) {
        return; // a program that was run has said itself what went wrong
    }
    show_progress({});
    std::fflush(stdout);
    switch (look_) {
    case look::zkcli:
        put(describe_as_zkcli(what) + '\n', stderr);
        break;
    case look::json:
        put(describe_as_json(what), stderr);
        break;
    case look::text:
        put(error_style_.paint(describe(what), emphasis::bad) + '\n', stderr);
        break;
    }
}

void screen::remark(std::string_view sentence) {
    show_progress({});
    std::fflush(stdout);
    put(std::string{sentence} + '\n', stderr);
}

void screen::show_progress(std::string_view sentence) {
    if (sentence.empty() && !shows_progress_) {
        return;
    }
    if (look_ == look::text && isatty(STDERR_FILENO) == 1) {
        put("\r\033[K" + std::string{sentence}, stderr);
        shows_progress_ = !sentence.empty();
    }
}

void screen::interject(const any_answer& told) {
    const written text = rendered(told, look_, page_);
    interject_text(text.output);
}

void screen::interject_text(std::string_view text) {
    if (is_held_) {
        if (held_.size() + text.size() > held_size_max) {
            held_ = "(earlier events are left out)\n";
        }
        held_ += text;
        return;
    }
    show_progress({});
    if (hide_line_) {
        hide_line_();
    }
    put(text, stdout);
    std::fflush(stdout);
    if (show_line_) {
        show_line_();
    }
}

void screen::refresh_line() {
    if (hide_line_ && show_line_ && !is_held_) {
        hide_line_();
        show_line_();
    }
}

void screen::set_line(std::function<void()> hide, std::function<void()> show) {
    hide_line_ = std::move(hide);
    show_line_ = std::move(show);
}

void screen::release() {
    is_held_ = false;
    if (!held_.empty()) {
        interject_text(std::exchange(held_, {}));
    }
}

void screen::flush() {
    show_progress({});
    std::fflush(stdout);
}

bool screen::is_sound() const {
    return std::ferror(stdout) == 0;
}

} // namespace conclave::shell
