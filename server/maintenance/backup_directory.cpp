#include "server/maintenance/backup_directory.hpp"

#include "server/maintenance/durable_file.hpp"
#include "server/maintenance/history_archive.hpp"
#include "server/maintenance/snapshot_file.hpp"
#include "server/maintenance/temporary_directory.hpp"

#include <conclave/identity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/file.h>
#include <unistd.h>

namespace conclave::maintenance {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "backup.json";
constexpr std::string_view lock_name = "lock";
constexpr std::string_view scratch_name = "verifying";

std::string cluster_text(const bytes& password_key) {
    secret key{};
    if (password_key.size() != key.size()) {
        return {};
    }
    std::copy(password_key.begin(), password_key.end(), key.begin());
    std::string text;
    for (const std::uint8_t octet : cluster_id_of(key)) {
        text += fmt::format("{:02x}", octet);
    }
    return text;
}

/// "snapshot-1764270903250", "log-1764270963250": other names are of somebody else.
bool is_name_of_file(const std::string& name) {
    for (const std::string_view prefix : {"snapshot-", "log-"}) {
        if (name.size() > prefix.size() && name.starts_with(prefix)) {
            return name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
        }
    }
    return false;
}

bool is_finished(const fs::path& each) {
    std::error_code ignored; // what cannot be looked at is none
    return is_name_of_file(each.filename().string()) && fs::is_regular_file(each, ignored);
}

bool is_part(const fs::path& each) {
    return each.extension() == ".part" &&
           (is_name_of_file(each.stem().string()) || each.stem() == manifest_name);
}

/// What a log holds, read and checked against the place behind which it has to begin.
result<backup_log, std::string> prove_log(const fs::path& file, const zab::position& behind) {
    auto source = open_source(file.string());
    if (!source) {
        return unexpected{source.error()};
    }
    backup_log found;
    found.file = file.filename().string();
    found.behind = behind.at;
    found.last = behind;
    zxid broken;
    const auto read = read_history_archive(**source, [&](const zab::entry& next) {
        const bool follows = next.previous == found.last.at &&
                             zab::chain_after(found.last.chain, next) == next.chain;
        broken = follows ? broken : next.at;
        found.last = next.where();
        found.time_ms = next.time_ms;
        ++found.transaction_count;
        return follows;
    });
    if (!read) {
        return unexpected{fmt::format("{}: {}", file.string(), read.error())};
    }
    if (broken != zxid{} || read->behind != behind.at || read->last != found.last.at) {
        return unexpected{fmt::format(
            "{}: it does not go on where the backup ends (zxid 0x{:x}): the server has another "
            "history. Use another directory for it",
            file.string(),
            behind.at.value
        )};
    }
    return found;
}

} // namespace

backup_directory::backup_directory(fs::path path, int lock) : path_(std::move(path)), lock_(lock) {}

backup_directory::backup_directory(backup_directory&& other) noexcept
    : path_(std::move(other.path_))
    , lock_(std::exchange(other.lock_, -1))
    , is_begun_(other.is_begun_)
    , manifest_(std::move(other.manifest_)) {}

backup_directory::~backup_directory() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

result<backup_directory, std::string> backup_directory::open(const fs::path& path, purpose of) {
    std::error_code failed;
    int lock = -1;
    if (of == purpose::writing) {
        fs::create_directories(path, failed);
        lock = ::open((path / lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (lock < 0) {
            return unexpected{
                fmt::format("cannot write to {}: {}", path.string(), std::strerror(errno))};
        }
        if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
            ::close(lock);
            return unexpected{fmt::format("another backup into {} is under way", path.string())};
        }
    }
    backup_directory opened{path, lock};
    if (auto read = opened.read_manifest(); !read) {
        return unexpected{read.error()};
    }
    if (of == purpose::reading && opened.manifest_.series.empty()) {
        return unexpected{fmt::format("there is no backup in {}", path.string())};
    }
    if (of == purpose::writing) {
        if (auto prepared = opened.prepare(); !prepared) {
            return unexpected{prepared.error()};
        }
    }
    return opened;
}

result<void, std::string> backup_directory::read_manifest() {
    const fs::path file = path_ / manifest_name;
    std::error_code failed;
    is_begun_ = fs::exists(file, failed);
    if (failed) {
        return unexpected{fmt::format("cannot read {}: {}", file.string(), failed.message())};
    }
    if (!is_begun_) {
        return {};
    }
    std::ifstream in{file, std::ios::binary};
    const bytes text{std::istreambuf_iterator<char>{in}, {}};
    auto parsed = parse_manifest(text);
    if (!parsed) {
        return unexpected{fmt::format("{}: {}", file.string(), parsed.error())};
    }
    manifest_ = std::move(*parsed);
    return {};
}

result<void, std::string> backup_directory::write_manifest() {
    const auto fill = [&](octet_sink sink) -> result<void, std::string> {
        static_cast<void>(sink(to_json(manifest_))); // a failure is told by the file itself
        return {};
    };
    const auto written = write_durably(path_ / manifest_name, fill);
    return written ? result<void, std::string>{}
                   : result<void, std::string>{unexpected{written.error()}};
}

/// There is a manifest from the first moment on, so that one that is missing was lost.
result<void, std::string> backup_directory::prepare() {
    std::error_code failed;
    std::vector<fs::path> found;
    for (fs::directory_iterator each{path_, failed}; !failed && each != fs::directory_iterator{};
         each.increment(failed)) {
        found.push_back(each->path());
    }
    if (failed) {
        return unexpected{fmt::format("cannot read {}: {}", path_.string(), failed.message())};
    }
    const auto finished = std::find_if(found.begin(), found.end(), is_finished);
    if (!is_begun_ && finished != found.end()) {
        return unexpected{fmt::format(
            "{} holds {}, and no {} that says what counts: bring that back, or use another "
            "directory",
            path_.string(),
            finished->filename().string(),
            manifest_name
        )};
    }
    remove_leftovers(found);
    return is_begun_ ? result<void, std::string>{} : write_manifest();
}

/// Only what this program may have made.
void backup_directory::remove_leftovers(const std::vector<fs::path>& found) const {
    std::set<std::string> known;
    for (const backup_series& each : manifest_.series) {
        known.insert(each.snapshot.file);
        for (const backup_log& log : each.logs) {
            known.insert(log.file);
        }
    }
    std::error_code ignored; // they are in nobody's way, and removed next time
    for (const fs::path& each : found) {
        if (each.filename() == scratch_name) {
            fs::remove_all(each, ignored);
        } else if (is_part(each) || (is_finished(each) && !known.contains(each.filename()))) {
            fs::remove(each, ignored);
        }
    }
}

result<std::int64_t, std::string> backup_directory::write_new(
    const std::string& file, function_ref<result<void, std::string>(octet_sink)> fetch
) {
    return write_durably(path_ / file, fetch);
}

result<backup_snapshot, std::string>
backup_directory::add_snapshot(const std::string& file, std::int64_t size) {
    const auto proved = prove_snapshot(path_ / file, path_ / scratch_name);
    if (!proved) {
        return unexpected{proved.error()};
    }
    const std::string cluster = cluster_text(proved->history.password_key);
    if (!manifest_.series.empty() && manifest_.cluster != cluster) {
        return unexpected{fmt::format(
            "{} holds backups of another ensemble: use another directory", path_.string()
        )};
    }
    manifest_.cluster = cluster;
    backup_series added;
    added.snapshot = {
        file,
        proved->history.applied.at,
        proved->history.time_ms,
        proved->digest,
        size,
        proved->node_count};
    manifest_.series.push_back(added);
    if (auto written = write_manifest(); !written) {
        return unexpected{written.error()};
    }
    return added.snapshot;
}

result<backup_log, std::string>
backup_directory::add_log(const std::string& file, std::int64_t size) {
    auto proved = prove_log(path_ / file, manifest_.series.back().end());
    if (!proved) {
        return proved;
    }
    if (proved->transaction_count == 0) {
        std::error_code ignored; // it is removed as a leftover next time
        fs::remove(path_ / file, ignored);
        return proved;
    }
    proved->size_bytes = size;
    manifest_.series.back().logs.push_back(*proved);
    if (auto written = write_manifest(); !written) {
        return unexpected{written.error()};
    }
    return proved;
}

std::vector<std::string> backup_directory::verify() const {
    std::vector<std::string> wrong;
    const auto scratch = temporary_directory::make();
    if (!scratch) {
        return {scratch.error()};
    }
    for (const backup_series& each : manifest_.series) {
        const auto proved =
            prove_snapshot(path_ / each.snapshot.file, scratch->path() / scratch_name);
        if (!proved) {
            wrong.push_back(proved.error());
        } else if (proved->digest != each.snapshot.digest || proved->history.applied.at != each.snapshot.at) {
            wrong.push_back(fmt::format("{}: it is not the one that was taken", each.snapshot.file)
            );
        }
        zab::position end = each.snapshot.at;
        for (const backup_log& log : each.logs) {
            const auto read = prove_log(path_ / log.file, end);
            if (!read) {
                wrong.push_back(read.error());
            } else if (read->last != log.last) {
                wrong.push_back(fmt::format("{}: it is not the one that was taken", log.file));
            }
            end = log.last;
        }
    }
    return wrong;
}

} // namespace conclave::maintenance
