#include "server/maintenance/zookeeper_directory.hpp"

#include "server/maintenance/zookeeper_files.hpp"
#include "server/tree/reserved.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

namespace conclave::maintenance {

namespace {

namespace fs = std::filesystem;

/// A file whose name tells a zxid: "snapshot.1f", "log.20", "snapshot.1f.gz".
struct named_file {
    zxid at;
    std::string path;
};

std::optional<zxid> zxid_in(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(prefix.size());
    for (const std::string_view suffix : {".gz", ".snappy"}) {
        if (name.ends_with(suffix)) {
            name.remove_suffix(suffix.size());
        }
    }
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
    const bool is_whole = failed == std::errc{} && end == name.data() + name.size();
    return is_whole ? std::optional{zxid{static_cast<std::int64_t>(number)}} : std::nullopt;
}

/// Ascending.
std::vector<named_file> files_in(const fs::path& directory, std::string_view prefix) {
    std::vector<named_file> found;
    std::error_code failed; // a directory that cannot be listed has none, and that is told
    for (const fs::directory_entry& each : fs::directory_iterator{directory, failed}) {
        if (const auto at = zxid_in(each.path().filename().string(), prefix)) {
            found.push_back({*at, each.path().string()});
        }
    }
    std::sort(found.begin(), found.end(), [](const named_file& left, const named_file& right) {
        return left.at < right.at;
    });
    return found;
}

fs::path version_folder(const std::string& given) {
    std::error_code failed;
    const fs::path below = fs::path{given} / "version-2";
    return fs::is_directory(below, failed) ? below : fs::path{given};
}

/// A number in a file of its own: the epochs of an ensemble.
std::uint32_t number_in(const fs::path& file) {
    std::ifstream in{file};
    std::uint32_t number = 0;
    return in >> number ? number : 0;
}

class directory_reader {
public:
    directory_reader(const std::string& data_directory, const std::string& log_directory)
        : data_(version_folder(data_directory))
        , log_(version_folder(log_directory.empty() ? data_directory : log_directory)) {}

    result<zookeeper_import, std::string> read() {
        if (auto taken = take_snapshot(); !taken) {
            return unexpected{taken.error()};
        }
        if (auto replayed = replay(); !replayed) {
            return unexpected{replayed.error()};
        }
        found_.epoch = std::max(
            {number_in(data_ / "currentEpoch"),
             number_in(data_ / "acceptedEpoch"),
             found_.state->last().in_epoch().value}
        );
        compare_digest();
        found_.state->settle();
        return std::move(found_);
    }

private:
    result<void, std::string> take_snapshot() {
        std::vector<named_file> snapshots = files_in(data_, "snapshot.");
        std::reverse(snapshots.begin(), snapshots.end());
        for (const named_file& each : snapshots) {
            auto source = open_source(each.path);
            auto state = std::make_unique<zookeeper_state>();
            auto digest = source ? read_zookeeper_snapshot(**source, *state)
                                 : result<std::optional<zookeeper_digest_point>, std::string>{
                                       unexpected{source.error()}};
            if (digest && !state->nodes().contains(bytes{tree::root_path})) {
                digest = unexpected{std::string{"the root is missing"}};
            }
            if (!digest) {
                found_.notes.push_back(fmt::format("passed over {}: {}", each.path, digest.error())
                );
                continue;
            }
            state->set_last(each.at);
            found_.state = std::move(state);
            found_.snapshot = each.path;
            found_.snapshot_at = each.at;
            digest_ = *digest;
            return {};
        }
        return unexpected{fmt::format(
            "there is no {}snapshot of ZooKeeper in {}: {}",
            snapshots.empty() ? "" : "usable ",
            data_.string(),
            snapshots.empty() ? "name a dataDir, and the dataLogDir behind it"
                              : fmt::format("{}", fmt::join(found_.notes, "; "))
        )};
    }

    /// From the log that may hold the first transaction behind the snapshot.
    [[nodiscard]] std::vector<named_file> logs() const {
        std::vector<named_file> all = files_in(log_, "log.");
        const auto first_later = std::find_if(all.begin(), all.end(), [&](const named_file& each) {
            return each.at > found_.snapshot_at;
        });
        if (first_later != all.begin()) {
            all.erase(all.begin(), first_later - 1);
        }
        return all;
    }

    result<void, std::string> replay() {
        const std::vector<named_file> files = logs();
        for (const named_file& each : files) {
            auto source = open_source(each.path);
            if (!source) {
                return unexpected{source.error()};
            }
            std::string refused;
            const auto end = read_zookeeper_log(
                **source,
                [&](const zookeeper_transaction& next, std::optional<zookeeper_digest> digest) {
                    refused = take(next, digest);
                    return refused.empty();
                }
            );
            if (!end || !refused.empty()) {
                return unexpected{fmt::format(
                    "{}: {}. Import the directory of another server of that ensemble",
                    each.path,
                    end ? refused : end.error()
                )};
            }
            if (end->is_torn) {
                found_.notes.push_back(fmt::format(
                    "{} ends at offset {} in a transaction that was not written to its end",
                    each.path,
                    end->offset
                ));
            }
        }
        return {};
    }

    /// @return what is wrong; empty if nothing is
    std::string take(const zookeeper_transaction& next, std::optional<zookeeper_digest> digest) {
        const zxid last = found_.state->last();
        if (next.at <= last) {
            return {}; // the snapshot holds it
        }
        // Within an epoch the counter has no gaps, and each epoch begins with 1.
        const bool follows =
            next.at.in_epoch() == last.in_epoch() ? next.at == last.next() : next.at.counter() == 1;
        if (!follows) {
            return fmt::format(
                "transactions between zxid 0x{:x} and 0x{:x} are missing", last.value, next.at.value
            );
        }
        if (const auto applied = found_.state->apply(next); !applied) {
            return applied.error();
        }
        ++found_.replayed_count;
        if (digest) {
            digest_ = zookeeper_digest_point{next.at, *digest};
        }
        return {};
    }

    void compare_digest() {
        const bool is_known = digest_ && digest_->at == found_.state->last() &&
                              digest_->sum.version == known_digest_version;
        if (!is_known) {
            return;
        }
        found_.is_digest_proved = found_.state->zookeeper_digest() == digest_->sum.value;
        if (!found_.is_digest_proved) {
            found_.notes.push_back(fmt::format(
                "the tree does not have the digest that ZooKeeper wrote down for zxid 0x{:x}: its "
                "servers may have differed. Compare with the directory of another one",
                digest_->at.value
            ));
        }
    }

    fs::path data_;
    fs::path log_;
    zookeeper_import found_;
    std::optional<zookeeper_digest_point> digest_;
};

} // namespace

result<zookeeper_import, std::string>
read_zookeeper_directories(const std::string& data_directory, const std::string& log_directory) {
    return directory_reader{data_directory, log_directory}.read();
}

} // namespace conclave::maintenance
