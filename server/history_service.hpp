/// Reads past entries out of the log for followers that lag, off the core thread.
#pragma once

#include "server/log/history_reader.hpp"
#include "server/replica/ports.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace conclave {

/// One request after the other, on a thread of its own. What waits is bounded by the number of
/// followers: each has one request at most.
class history_service final : public replica::history_port {
public:
    /// Entries that were read; nothing if the log does not hold them any more. On the service's
    /// thread.
    using answer = std::function<
        void(const zab::history_request&, std::optional<std::vector<zab::shared_entry>>)>;

    /// `durable_sequence` says how far the log is durable; any thread. `files` must outlive this.
    history_service(
        txnlog::file_system& files,
        std::string directory,
        std::function<std::uint64_t()> durable_sequence,
        answer report
    );
    ~history_service() override;

    void read(const zab::history_request& request) override;

private:
    void run();
    [[nodiscard]] std::optional<std::vector<zab::shared_entry>> look_up(zxid behind);
    [[nodiscard]] bool prepare_reader(zxid behind);

    txnlog::file_system& files_;
    std::string directory_;
    std::function<std::uint64_t()> durable_sequence_;
    answer report_;
    std::optional<txnlog::history_reader> reader_;

    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<zab::history_request> requests_;
    bool is_stopping_ = false;
    std::thread thread_;
};

} // namespace conclave
