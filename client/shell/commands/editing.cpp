/// The data of a node in an editor.
#include "client/shell/child_process.hpp"
#include "client/shell/commands/commands.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

/// $VISUAL or $EDITOR, which may have arguments of its own.
std::vector<std::string> editor_words() {
    for (const char* const variable : {"VISUAL", "EDITOR"}) {
        const char* const value = std::getenv(variable);
        if (value != nullptr && *value != '\0') {
            std::vector<std::string> words;
            for (const std::string_view word : text::split(value, ' ')) {
                if (!word.empty()) {
                    words.emplace_back(word);
                }
            }
            return words;
        }
    }
    return {"vi"};
}

/// A new file that nobody else can read.
outcome<std::string> write_new_file(bytes_view data) {
    std::string name = (std::filesystem::temp_directory_path() / "conclave-edit-XXXXXX").string();
    const int descriptor = mkstemp(name.data());
    if (descriptor < 0) {
        return failed_because(fmt::format("{} cannot be created", name));
    }
    ::close(descriptor);
    std::ofstream file{name, std::ios::binary};
    file << data;
    file.close();
    return file ? outcome<std::string>{name}
                : outcome<std::string>{failed_because(fmt::format("{} cannot be written", name))};
}

outcome<bytes> read_file(const std::string& name) {
    std::ifstream file{name, std::ios::binary};
    if (!file) {
        return failed_because(fmt::format("{} cannot be read", name));
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Runs the editor; what the file holds afterwards.
outcome<bytes> edited(shell& in, const std::string& name) {
    std::vector<std::string> words = editor_words();
    words.push_back(name);
    in.output().flush();
    in.output().hold();
    const auto ended = run_in_foreground(in.loop(), words);
    in.output().release();
    if (!ended) {
        return unexpected{ended.error()};
    }
    if (ended->must_quit) {
        in.quit();
    }
    if (ended->code != 0) {
        return failed_because(
            fmt::format("{} has failed with {}; nothing was written", words.front(), ended->code)
        );
    }
    return read_file(name);
}

void remove_file(const std::string& name) {
    std::error_code ignored; // it is in the folder for temporary files
    std::filesystem::remove(name, ignored);
}

/// What an editor has saved before it failed is not thrown away.
failure with_text_kept(failure why, const std::string& name, bytes_view original) {
    const auto left = read_file(name);
    if (left && *left == original) {
        remove_file(name);
    } else {
        why.text += fmt::format(". Your text is kept in {}", name);
    }
    return why;
}

} // namespace

outcome<> edit(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    const auto node = in.server().ask(operation::get{path});
    if (!node) {
        return failed_with(node.error(), path);
    }
    const auto name = write_new_file(node->data);
    if (!name) {
        return unexpected{name.error()};
    }
    auto data = edited(in, *name);
    if (!data) {
        return unexpected{with_text_kept(data.error(), *name, node->data)};
    }
    // Editors end a text with a line break; a value that had none gets none.
    if (!node->data.ends_with('\n') && data->ends_with('\n')) {
        data->pop_back();
    }
    if (*data == node->data) {
        remove_file(*name);
        in.print(answer::done{"nothing was changed"});
        return {};
    }
    const auto written = in.server().ask(operation::set{path, *data, node->stat.version});
    if (!written) {
        return unexpected{failure{
            exit_code_of(written.error()),
            fmt::format(
                "{}: {}. Your text is kept in {}", path, describe_error(written.error()), *name
            ),
            written.error(),
            path}};
    }
    remove_file(*name);
    in.print(answer::done{fmt::format("wrote version {}", written->version.value)});
    return {};
}

} // namespace conclave::shell::commands
