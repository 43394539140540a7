#include "server/log/quarantine.hpp"

#include "server/log/identity_file.hpp"
#include "server/log/small_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace conclave::txnlog {

namespace {

const std::string note_name = "rebuild";
const std::string aside_mark = ".damaged-";

std::string aside(const std::string& name, std::uint32_t number) {
    return fmt::format("{}{}{}", name, aside_mark, number);
}

bool has(file_system& files, const std::string& directory, const std::string& name) {
    const std::vector<std::string> names = must(files.list(directory), directory);
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The numbers of the states that were set aside, by their identities.
std::uint32_t newest_number(file_system& files, const std::string& folder) {
    const std::string prefix = aside("identity", 0).substr(0, aside("identity", 0).size() - 1);
    std::uint32_t newest = 0;
    for (const std::string& each : must(files.list(folder), folder)) {
        std::uint32_t number = 0;
        if (each.starts_with(prefix)) {
            std::from_chars(each.data() + prefix.size(), each.data() + each.size(), number);
            newest = std::max(newest, number);
        }
    }
    return newest;
}

/// The number in the note; nothing if there is no note.
std::optional<std::uint32_t> noted_number(file_system& files, const std::string& folder) {
    const std::optional<bytes> note = read_small_file(files, join_path(folder, note_name));
    if (!note) {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    std::from_chars(note->data(), note->data() + note->size(), number);
    return std::max(number, std::uint32_t{1});
}

/// Leaves something under the name aside in any case: that it is there says that this is done, and
/// what has the plain name from then on belongs to the new state.
void set_aside(
    file_system& files, const std::string& directory, const std::string& name, std::uint32_t number
) {
    const std::string target = join_path(directory, aside(name, number));
    if (has(files, directory, aside(name, number))) {
        return;
    }
    if (has(files, directory, name)) {
        must(files.rename(join_path(directory, name), target), target);
    } else {
        must(files.make_directory(target), target);
    }
    must(files.sync_directory(directory), directory);
}

} // namespace

void request_quarantine(
    file_system& files, const data_directory_options& options, const std::string& reason
) {
    const std::string folder = join_path(options.data_directory, data_folder);
    const directory_lock lock = directory_lock::take(files, folder, options.pid);
    const std::uint32_t number = newest_number(files, folder) + 1;
    if (number > quarantine_count_max) {
        throw data_directory_error{fmt::format(
            "{} holds {} damaged states that were set aside already: the disk should be looked at. "
            "Remove the files and directories with \"{}\" in their names, then start again. Why "
            "this one is not used: {}",
            folder,
            quarantine_count_max,
            aside_mark,
            reason
        )};
    }
    write_small_file(files, folder, note_name, fmt::format("{}\n{}\n", number, reason));
}

bool carry_out_quarantine(
    file_system& files,
    const std::string& folder,
    const std::string& log_root,
    const data_identity& fresh
) {
    const std::optional<std::uint32_t> number = noted_number(files, folder);
    if (!number) {
        return false;
    }
    set_aside(files, log_root, "log", *number);
    set_aside(files, folder, "checkpoint", *number);
    set_aside(files, folder, "incoming", *number);
    set_aside(files, folder, identity_name, *number);
    if (!has(files, folder, identity_name)) {
        const std::optional<bytes> old =
            read_small_file(files, join_path(folder, aside(identity_name, *number)));
        const std::optional<decoded_identity> decoded = old ? decode_identity(*old) : std::nullopt;
        const bool is_known = decoded && decoded->version == data_format_version;
        const data_identity next{
            is_known ? decoded->identity.cluster : fresh.cluster, fresh.storage};
        write_small_file(files, folder, identity_name, encode(next));
    }
    return true;
}

void end_quarantine(file_system& files, const std::string& folder) {
    const std::string note = join_path(folder, note_name);
    must(files.remove(note), note);
    must(files.sync_directory(folder), folder);
}

} // namespace conclave::txnlog
