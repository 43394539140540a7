#include "server/log/data_directory.hpp"

#include "server/log/identity_file.hpp"
#include "server/log/quarantine.hpp"
#include "server/log/small_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::txnlog {

namespace {

const std::string log_folder = "log";
const std::string lock_name = "lock";
const std::string log_begun_name = "log-begun";
const std::string fresh_identity_name = "identity.new";
const std::string zookeeper_folder = "version-2";

bool is_zookeeper_data(const std::string& name) {
    return name.starts_with("log.") || name.starts_with("snapshot.");
}

bool holds_zookeeper_data(file_system& files, const std::string& directory) {
    const io_result<std::vector<std::string>> names =
        files.list(join_path(directory, zookeeper_folder));
    // What cannot be listed is not ours and is not needed.
    return names && std::any_of(names->begin(), names->end(), is_zookeeper_data);
}

/// Data without an identity is not a new directory: somebody has deleted or lost a file. Giving it
/// a new name would make the log foreign, or worse, start empty beside it.
void must_be_new(file_system& files, const std::string& folder) {
    for (const std::string& entry : must(files.list(folder), folder)) {
        if (entry != lock_name && entry != fresh_identity_name) {
            throw data_directory_error{fmt::format(
                "{} has data ({}) but its file \"{}\" is missing; restore that file from a copy, "
                "or move the folder "
                "away to start with an empty one",
                folder,
                entry,
                identity_name
            )};
        }
    }
}

/// The identity in `folder`; none if there is no such file.
std::optional<data_identity> read_identity(file_system& files, const std::string& folder) {
    const std::string path = join_path(folder, identity_name);
    const std::optional<bytes> octets = read_small_file(files, path);
    if (!octets) {
        return std::nullopt;
    }
    const std::optional<decoded_identity> decoded = decode_identity(*octets);
    if (!decoded) {
        throw data_directory_error{fmt::format(
            "{} is damaged; restore it from a copy, or move the folder away and let this server "
            "fetch its data from "
            "its peers",
            path
        )};
    }
    if (decoded->version > data_format_version) {
        throw data_directory_error{fmt::format(
            "{} was written by a newer version of this program (data format {}, this one knows "
            "{}); nothing was "
            "changed; start the newer version",
            path,
            decoded->version,
            data_format_version
        )};
    }
    return decoded->identity;
}

/// In lower-case hexadecimal digits, and a line end.
bytes to_text(const unique_id& id) {
    return fmt::format("{:02x}\n", fmt::join(id, ""));
}

/// Makes `directory`/`name` durably, if needed.
std::string make_folder(file_system& files, const std::string& directory, const std::string& name) {
    std::string path = join_path(directory, name);
    must(files.make_directory(path), path);
    must(files.sync_directory(directory), directory);
    return path;
}

} // namespace

directory_lock
directory_lock::take(file_system& files, const std::string& directory, std::int64_t pid) {
    const std::string path = join_path(directory, lock_name);
    std::unique_ptr<file> held = must(files.open(path, open_mode::create), path);
    const std::error_code error = held->try_lock();
    if (error == std::errc::resource_unavailable_try_again) {
        bytes holder = read_small_file(files, path).value_or(bytes{});
        holder.resize(std::min(holder.find('\n'), holder.size()));
        throw data_directory_error{fmt::format(
            "{} is in use by process {}; stop that one first, or configure another dataDir",
            directory,
            holder.empty() ? "unknown" : holder
        )};
    }
    must(error, path);
    // Padded, so that it covers a longer number of an earlier process. A note for people: nothing
    // depends on it.
    must(held->write_at(0, fmt::format("{}\n{:16}\n", pid, "")), path);
    return directory_lock{std::move(held)};
}

bool was_log_begun(file_system& files, const std::string& folder, const unique_id& storage) {
    // Of another storage: what had that log was set aside with it.
    return read_small_file(files, join_path(folder, log_begun_name)) == to_text(storage);
}

void data_directory::note_log_begun(file_system& files) {
    if (!std::exchange(has_begun_log_, true)) {
        write_small_file(files, path_, log_begun_name, to_text(identity_.storage));
    }
}

void data_directory::end_quarantine(file_system& files) {
    if (std::exchange(has_lost_history_, false)) {
        txnlog::end_quarantine(files, path_);
    }
}

data_directory data_directory::open(file_system& files, const data_directory_options& options) {
    const std::string folder = make_folder(files, options.data_directory, data_folder);
    data_directory opened{directory_lock::take(files, folder, options.pid)};
    opened.path_ = folder;

    const bool has_log_directory =
        !options.log_data_directory.empty() && options.log_data_directory != options.data_directory;
    const std::string& log_data =
        has_log_directory ? options.log_data_directory : options.data_directory;
    std::string log_root = folder;
    if (has_log_directory) {
        log_root = make_folder(files, log_data, data_folder);
        opened.log_lock_ =
            std::make_unique<directory_lock>(directory_lock::take(files, log_root, options.pid));
    }

    opened.has_lost_history_ = carry_out_quarantine(files, folder, log_root, options.fresh);
    if (const std::optional<data_identity> identity = read_identity(files, folder)) {
        opened.identity_ = *identity;
    } else {
        must_be_new(files, folder);
        write_small_file(files, folder, identity_name, encode(options.fresh));
        opened.identity_ = options.fresh;
        opened.is_new_ = true;
    }
    opened.is_new_ = opened.is_new_ || opened.has_lost_history_;
    opened.has_begun_log_ = was_log_begun(files, folder, opened.identity_.storage);
    opened.log_path_ = make_folder(files, log_root, log_folder);
    opened.has_zookeeper_data_ =
        holds_zookeeper_data(files, options.data_directory) ||
        (has_log_directory && holds_zookeeper_data(files, options.log_data_directory));
    return opened;
}

} // namespace conclave::txnlog
