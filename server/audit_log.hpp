/// The audit log: who changed what, from where, with which outcome.
#pragma once

#include "server/replica/audit.hpp"

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace conclave {

/// One line for each event: the fields of ZooKeeper's audit log, `key=value`, between tabs. With a
/// file of its own, the line has the time in front of it, and the file is opened anew when it was
/// moved away; without one, lines go to the server's log.
///
/// Lines are made and written on a thread of its own. `append` does not wait: if more than the
/// queue holds is not written yet, or the file cannot be written, events are lost, and the next
/// line says how many.
class audit_log {
public:
    static constexpr std::size_t queue_count_max = 200'000;

    /// Empty `file`: the server's log.
    /// @throws std::runtime_error with a sentence for the operator
    explicit audit_log(std::string file);

    /// Writes what was appended, and that the server stops.
    ~audit_log();
    audit_log(const audit_log&) = delete;
    audit_log& operator=(const audit_log&) = delete;

    /// Any thread.
    void append(std::vector<replica::audit_event> events);

private:
    struct timed_event {
        std::int64_t wall_ms = 0;
        replica::audit_event what;
    };

    void run();
    void write(const std::vector<timed_event>& events, std::uint64_t lost);
    void write_line(std::int64_t wall_ms, bool succeeded, const bytes& line);
    void follow_file();
    [[nodiscard]] bool is_moved() const;
    void open();

    const std::string path_;
    const bytes server_user_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    bool has_complained_ = false;
    std::uint64_t unwritten_count_ = 0; ///< events, since the file could be written last

    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<timed_event> queue_;
    std::uint64_t lost_count_ = 0;
    bool is_stopping_ = false;
    std::thread thread_;
};

/// The fields between tabs, as ZooKeeper orders them. `server_user` stands for the server itself.
[[nodiscard]] bytes audit_line(const replica::audit_event& event, bytes_view server_user);

} // namespace conclave
