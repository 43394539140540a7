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
        opened.remove_leftovers();
    }
    return opened;
}

result<void, std::string> backup_directory::read_manifest() {
    const fs::path file = path_ / manifest_name;
    std::error_code failed;
    if (!fs::exists(file, failed)) {
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

/// Only what this program may have made.
void backup_directory::remove_leftovers() {
    std::set<std::string> known;
    for (const backup_series& each : manifest_.series) {
        known.insert(each.snapshot.file);
        for (const backup_log& log : each.logs) {
            known.insert(log.file);
        }
    }
    std::error_code ignored;
    for (const fs::directory_entry& each : fs::directory_iterator{path_, ignored}) {
        const std::string name = each.path().filename().string();
        const bool is_ours = name.starts_with("snapshot-") || name.starts_with("log-") ||
                             name.starts_with(scratch_name) || name.ends_with(".part");
        if (is_ours && !known.contains(name)) {
            fs::remove_all(each.path(), ignored);
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
