#include "server/audit_log.hpp"

#include "server/wall_clock.hpp"

#include <conclave/log_line.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <pthread.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace conclave {

namespace {

bytes name_of_process_user() {
    std::array<char, 4096> memory{};
    passwd entry{};
    passwd* found = nullptr;
    const int failed = ::getpwuid_r(::geteuid(), &entry, memory.data(), memory.size(), &found);
    return failed == 0 && found != nullptr ? bytes{found->pw_name} : std::to_string(::geteuid());
}

/// Who a client is by one of its identities: the address, the name in front of the digest.
bytes_view user_of(const identity& each) {
    const bytes_view id = each.id;
    return each.scheme == "digest" ? id.substr(0, id.find(':')) : id;
}

bytes users_of(const identities& who) {
    bytes users;
    for (const identity& each : who) {
        const bytes_view user = user_of(each);
        if (!user.empty()) {
            users.append(users.empty() ? "" : ",").append(user);
        }
    }
    return users;
}

bytes_view address_of(const identities& who) {
    for (const identity& each : who) {
        if (each.scheme == "ip") {
            return each.id;
        }
    }
    return {};
}

/// What would break the line or make up a field is written as an escape.
void append_field(bytes& line, bytes_view key, bytes_view value) {
    if (value.empty()) {
        return;
    }
    line.append(line.empty() ? "" : "\t").append(key).append("=");
    for (const char each : value) {
        const auto octet = static_cast<unsigned char>(each);
        constexpr unsigned char space = 0x20;
        constexpr unsigned char last_control = 0x7f;
        if (octet < space || octet == last_control) {
            line += fmt::format("\\u{:04x}", octet);
        } else {
            line += each;
        }
    }
}

replica::audit_event server_event(bytes_view operation) {
    replica::audit_event made;
    made.operation = operation;
    return made;
}

} // namespace

bytes audit_line(const replica::audit_event& event, bytes_view server_user) {
    const bool is_invoked = event.operation == "serverStop";
    bytes line;
    if (event.session != session_id{}) {
        append_field(
            line, "session", fmt::format("0x{:x}", static_cast<std::uint64_t>(event.session.value))
        );
    }
    append_field(line, "user", event.who.empty() ? bytes{server_user} : users_of(event.who));
    append_field(line, "ip", address_of(event.who));
    append_field(line, "operation", event.operation);
    append_field(line, "znode", event.path);
    append_field(line, "znode_type", event.node_type);
    append_field(line, "acl", event.acl);
    append_field(line, "target", event.target);
    append_field(line, "result", is_invoked ? "invoked" : event.succeeded ? "success" : "failure");
    return line;
}

audit_log::audit_log(std::string file)
    : path_(std::move(file)), server_user_(name_of_process_user()), file_(nullptr, &std::fclose) {
    if (!path_.empty()) {
        open();
        if (file_ == nullptr) {
            throw std::runtime_error{
                fmt::format("audit.logFile={} cannot be written: {}", path_, std::strerror(errno))};
        }
    }
    append({server_event("serverStart")});
    thread_ = std::thread{[this] {
        ::pthread_setname_np(::pthread_self(), "audit");
        run();
    }};
}

audit_log::~audit_log() {
    append({server_event("serverStop")});
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void audit_log::append(std::vector<replica::audit_event> events) {
    const std::int64_t now = wall_clock_ms();
    {
        const std::lock_guard lock{mutex_};
        for (replica::audit_event& each : events) {
            if (queue_.size() < queue_count_max) {
                queue_.push_back({now, std::move(each)});
            } else {
                ++lost_count_;
            }
        }
    }
    wake_.notify_one();
}

void audit_log::run() {
    while (true) {
        std::vector<timed_event> taken;
        std::uint64_t lost = 0;
        bool is_last = false;
        {
            std::unique_lock lock{mutex_};
            wake_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
            taken.swap(queue_);
            lost = std::exchange(lost_count_, 0);
            is_last = is_stopping_;
        }
        write(taken, lost);
        if (is_last) {
            return;
        }
    }
}

void audit_log::write(const std::vector<timed_event>& events, std::uint64_t lost) {
    follow_file();
    if (lost != 0) {
        log(log_level::error, "the audit log lacks {} events: its file is too slow", lost);
    }
    const std::uint64_t missing = unwritten_count_ + lost;
    if (missing != 0) {
        write_line(wall_clock_ms(), false, fmt::format("operation=eventsLost\tcount={}", missing));
    }
    for (const timed_event& each : events) {
        write_line(each.wall_ms, each.what.succeeded, audit_line(each.what, server_user_));
    }
    const bool is_written = path_.empty() || (file_ != nullptr && std::fflush(file_.get()) == 0 &&
                                              std::ferror(file_.get()) == 0);
    unwritten_count_ = is_written ? 0 : missing + events.size();
    if (!is_written && !std::exchange(has_complained_, true)) {
        log(log_level::error,
            "the audit log {} cannot be written, and lacks what happens meanwhile: {}",
            path_,
            std::strerror(errno));
    }
    has_complained_ = has_complained_ && !is_written;
    if (!is_written) {
        file_.reset(); // opened anew for what comes next
    }
}

void audit_log::write_line(std::int64_t wall_ms, bool succeeded, const bytes& line) {
    if (path_.empty()) {
        return log(succeeded ? log_level::info : log_level::warning, "audit {}", line);
    }
    if (file_ == nullptr) {
        return;
    }
    constexpr std::int64_t second_ms = 1000;
    std::tm fields{};
    const std::time_t seconds = wall_ms / second_ms;
    ::localtime_r(&seconds, &fields);
    const bytes text = fmt::format(
        "{:%Y-%m-%d %H:%M:%S},{:03} {} audit: {}\n",
        fields,
        wall_ms % second_ms,
        succeeded ? "INFO" : "ERROR",
        line
    );
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), file_.get())); // told by the end
}

/// Who rotates logs moves the file away and expects a new one.
void audit_log::follow_file() {
    if (!path_.empty() && (file_ == nullptr || is_moved())) {
        open();
    }
}

bool audit_log::is_moved() const {
    struct ::stat of_path {};

    struct ::stat of_file {};

    return ::stat(path_.c_str(), &of_path) != 0 || ::fstat(::fileno(file_.get()), &of_file) != 0 ||
           of_path.st_ino != of_file.st_ino || of_path.st_dev != of_file.st_dev;
}

void audit_log::open() {
    file_.reset(std::fopen(path_.c_str(), "ae"));
}

} // namespace conclave
