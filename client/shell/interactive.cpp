#include "client/shell/interactive.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

namespace conclave::shell {

namespace {

constexpr std::chrono::milliseconds completion_limit{1000};

std::string_view zkcli_word(client::session_state state) {
    switch (state) {
    case client::session_state::connected:
        return "CONNECTED";
    case client::session_state::connected_read_only:
        return "CONNECTEDREADONLY";
    case client::session_state::lost:
        return "CLOSED";
    case client::session_state::connecting:
    case client::session_state::suspended:
        break;
    }
    return "CONNECTING";
}

std::string_view state_word(shell& of) {
    if (!of.is_connected_to_servers()) {
        return "closed";
    }
    switch (of.server().state()) {
    case client::session_state::connected:
        return {};
    case client::session_state::connected_read_only:
        return "read-only";
    case client::session_state::lost:
        return "lost";
    case client::session_state::suspended:
        return "connection lost";
    case client::session_state::connecting:
        break;
    }
    return "connecting";
}

/// As libedit wants it: what takes no room stands between two \1.
std::string escaped(const style& with, std::string_view text, emphasis how) {
    const std::string painted = with.paint(text, how);
    const std::size_t begin = painted.find(text);
    if (painted.size() == text.size() || begin == std::string::npos) {
        return std::string{text};
    }
    return fmt::format(
        "\1{}\1{}\1{}\1", painted.substr(0, begin), text, painted.substr(begin + text.size())
    );
}

bool can_ask(shell& of) {
    if (!of.is_connected_to_servers()) {
        return false;
    }
    const client::session_state state = of.server().state();
    return state == client::session_state::connected ||
           state == client::session_state::connected_read_only;
}

/// Behind a whole path: a slash if there is more below it, else the end of the word.
std::string ending_of(shell& of, const std::string& path) {
    const auto stat = of.server().ask(client::operation::exists{path}, completion_limit);
    return stat && *stat && (*stat)->num_children > 0 ? "/" : " ";
}

completion complete_path(shell& of, const std::string& typed) {
    if (typed.empty()) {
        return {"/", {}, false};
    }
    if (!can_ask(of)) {
        return {};
    }
    const std::size_t slash = typed.rfind('/');
    const std::string parent = slash == 0 ? "/" : typed.substr(0, slash);
    auto children = of.server().ask(client::operation::get_children{parent}, completion_limit);
    if (!children) {
        return {};
    }
    completion found = complete(typed.substr(slash + 1), std::move(children->names));
    if (found.is_complete) {
        found.inserted += ending_of(of, typed + found.inserted);
    }
    return found;
}

completion with_space(completion found) {
    if (found.is_complete) {
        found.inserted += ' ';
    }
    return found;
}

} // namespace

std::string prompt_of(shell& of, const style& with) {
    if (of.is_zkcli()) {
        const auto state =
            of.is_connected_to_servers() ? of.server().state() : client::session_state::lost;
        return fmt::format(
            "[zk: {}({}) {}] ", of.chosen().servers(), zkcli_word(state), of.history().size()
        );
    }
    const std::string_view state = state_word(of);
    std::string prompt = escaped(with, of.chosen().servers(), emphasis::strong);
    if (!state.empty()) {
        prompt += ' ' + escaped(with, fmt::format("({})", state), emphasis::bad);
    }
    return prompt + "> ";
}

completion complete_line(shell& of, std::string_view line) {
    const completion_request request = completion_request_of(line, of.is_zkcli());
    switch (request.what) {
    case completion_request::kind::command:
        return with_space(complete(request.typed, command_names(of.is_zkcli())));
    case completion_request::kind::option:
        return with_space(complete(request.typed, option_names(request.command)));
    case completion_request::kind::path:
        return complete_path(of, request.typed);
    case completion_request::kind::nothing:
        break;
    }
    return {};
}

} // namespace conclave::shell
