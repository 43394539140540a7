#include "server/maintenance/restore_record.hpp"

#include "server/maintenance/durable_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace conclave::maintenance {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr std::string_view file_name = "restores.json";
constexpr std::string_view lock_name = "restores.lock";

/// The highest epoch whose zxids are positive.
constexpr std::uint64_t epoch_max = 0x7fffffff;

/// More than any ensemble uses between a backup and its loss: an epoch passes with each election,
/// and with each start of a server alone.
constexpr std::uint32_t epochs_between = std::uint32_t{1} << 20U;

zxid zxid_of(const json& text) {
    const auto digits = text.get<std::string>();
    std::int64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const bool is_hex = digits.starts_with("0x");
    const auto [stopped, failed] =
        std::from_chars(digits.data() + (is_hex ? 2 : 0), end, number, 16);
    if (!is_hex || failed != std::errc{} || stopped != end) {
        throw std::invalid_argument{fmt::format("\"{}\" is no zxid", digits)};
    }
    return zxid{number};
}

/// @throws nlohmann::json::exception, std::invalid_argument
std::vector<restored_once> restores_of(const json& told) {
    if (told.at("format").get<int>() > format_version) {
        throw std::invalid_argument{"it was written by a later version of this program"};
    }
    std::vector<restored_once> all;
    for (const json& each : told.at("restores")) {
        all.push_back(
            {zxid_of(each.at("restored")),
             zxid_of(each.at("goes_on_behind")),
             each.at("into").get<std::vector<std::string>>()}
        );
    }
    return all;
}

bool holds(const restored_once& restore, const std::string& directory) {
    return std::find(restore.into.begin(), restore.into.end(), directory) != restore.into.end();
}

} // namespace

result<epoch, std::string> next_epoch(
    const std::vector<restored_once>& before,
    zxid restored,
    epoch newest,
    const std::string& into,
    std::optional<std::uint32_t> epochs
) {
    const bool is_as_last = !before.empty() && before.back().restored == restored;
    if (!epochs && is_as_last && !holds(before.back(), into)) {
        return before.back().goes_on_behind.in_epoch();
    }
    std::uint64_t highest = std::max(newest, restored.in_epoch()).value;
    for (const restored_once& each : before) {
        highest = std::max<std::uint64_t>(highest, each.goes_on_behind.in_epoch().value);
    }
    const std::uint64_t next =
        epochs ? std::uint64_t{restored.in_epoch().value} + *epochs : highest + epochs_between;
    if (epochs && is_as_last && next == before.back().goes_on_behind.in_epoch().value) {
        return before.back().goes_on_behind.in_epoch();
    }
    if (next <= highest) {
        return unexpected{fmt::format(
            "{} epochs behind the restored zxid 0x{:x} are not enough: clients have seen epoch {} "
            "after it. Say --epochs with more than {}, or leave it out",
            *epochs,
            restored.value,
            highest,
            highest - restored.in_epoch().value
        )};
    }
    if (next >= epoch_max) {
        return unexpected{
            fmt::format("there are not so many epochs left behind epoch {}", highest)};
    }
    return epoch{static_cast<std::uint32_t>(next)};
}

std::string data_directory_name(const fs::path& data_directory) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) {
        host.front() = '\0'; // the directory alone has to tell it apart
    }
    std::error_code failed;
    const fs::path from_root = fs::absolute(data_directory, failed);
    const fs::path whole = failed ? from_root : fs::weakly_canonical(from_root, failed);
    return fmt::format("{}:{}", host.data(), failed ? data_directory.string() : whole.string());
}

restore_record::restore_record(fs::path file, int lock) : file_(std::move(file)), lock_(lock) {}

restore_record::restore_record(restore_record&& other) noexcept
    : file_(std::move(other.file_))
    , lock_(std::exchange(other.lock_, -1))
    , all_(std::move(other.all_))
    , before_(std::move(other.before_)) {}

restore_record::~restore_record() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

result<restore_record, std::string> restore_record::open(const fs::path& backup) {
    const fs::path lock_file = backup / lock_name;
    const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || ::flock(lock, LOCK_EX) != 0) {
        const int why = errno;
        if (lock >= 0) {
            ::close(lock);
        }
        return unexpected{fmt::format("{}: {}", lock_file.string(), std::strerror(why))};
    }
    restore_record opened{backup / file_name, lock};
    if (auto read = opened.read(); !read) {
        return unexpected{read.error()};
    }
    return opened;
}

result<void, std::string> restore_record::read() {
    std::error_code failed;
    const bool is_there = fs::exists(file_, failed);
    if (failed) {
        return unexpected{fmt::format("{}: {}", file_.string(), failed.message())};
    }
    if (!is_there) {
        return {};
    }
    std::ifstream in{file_, std::ios::binary};
    const bytes text{std::istreambuf_iterator<char>{in}, {}};
    auto parsed = parse_restores(text);
    if (!parsed) {
        return unexpected{fmt::format("{}: {}", file_.string(), parsed.error())};
    }
    all_ = *std::move(parsed);
    return {};
}

result<void, std::string> restore_record::write() const {
    const auto fill = [&](function_ref<bool(bytes_view)> sink) -> result<void, std::string> {
        static_cast<void>(sink(to_json(all_))); // a failure is told by the file itself
        return {};
    };
    const auto written = write_durably(file_, fill);
    return written ? result<void, std::string>{}
                   : result<void, std::string>{unexpected{written.error()}};
}

result<void, std::string>
restore_record::add(zxid restored, zxid goes_on_behind, const std::string& into) {
    before_ = all_;
    const bool is_last = !all_.empty() && all_.back().restored == restored &&
                         all_.back().goes_on_behind == goes_on_behind;
    if (!is_last) {
        all_.push_back({restored, goes_on_behind, {}});
    }
    if (!holds(all_.back(), into)) {
        all_.back().into.push_back(into);
    }
    return write();
}

void restore_record::take_back() {
    all_ = before_;
    static_cast<void>(write()); // at worst the next restore goes on further behind
}

std::string to_json(const std::vector<restored_once>& all) {
    json told{{"format", format_version}, {"restores", json::array()}};
    for (const restored_once& each : all) {
        told["restores"].push_back(
            {{"restored", fmt::format("0x{:x}", each.restored.value)},
             {"goes_on_behind", fmt::format("0x{:x}", each.goes_on_behind.value)},
             {"into", each.into}}
        );
    }
    return told.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

result<std::vector<restored_once>, std::string> parse_restores(bytes_view text) {
    try {
        return restores_of(json::parse(text));
    } catch (const std::exception& problem) { // of the two libraries above
        return unexpected{std::string{problem.what()}};
    }
}

} // namespace conclave::maintenance
