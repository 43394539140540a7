/// Streams the checkpoint to followers that the log cannot help, and stores what is streamed to
/// this server, off the core thread.
#pragma once

#include "server/replica/ports.hpp"
#include "server/store/checkpoint_store.hpp"
#include "server/store/snapshot_loader.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

namespace conclave {

/// How the service answers; on its own thread, but for `opened` and for `failed` to open.
struct snapshot_reports {
    std::function<void(const zab::snapshot_request&, zab::base_state)> opened;
    std::function<void(const zab::snapshot_read_request&, bytes content, bool is_last)> read;
    std::function<void(server_id, zab::attachment)> failed;
    std::function<void(zab::attachment, std::uint64_t offset)> stored;
    std::function<void(zab::attachment)> refused;
    /// The checkpoint turned out to be damaged; any thread. `failed` follows.
    std::function<void(const std::string& problem)> damaged;
};

/// One job after the other, on a thread of its own, whose priority is low: clients go first.
///
/// What waits is bounded: each follower has one read at most, and what comes in is within the
/// leader's window. A stream is a reading transaction of LMDB: while it lives, the file grows by
/// what is committed, so it ends with the attempt that it belongs to.
///
/// What comes in is built in `<incoming>.staging` and is `incoming` once it is whole, verified and
/// durable. Who opens it says that it counts (docs/formats/snapshot.md).
class snapshot_service final : public replica::snapshot_port {
public:
    /// `newest` must outlive this.
    snapshot_service(
        store::checkpoint_store& newest, std::filesystem::path incoming, snapshot_reports reports
    );
    ~snapshot_service() override;
    snapshot_service(const snapshot_service&) = delete;
    snapshot_service& operator=(const snapshot_service&) = delete;

    void open(const zab::snapshot_request& request) override;
    void read(const zab::snapshot_read_request& request) override;
    void close(server_id peer) override;
    void store(zab::snapshot_piece piece) override;

private:
    /// Half a block has been sent, perhaps: the rest waits in `buffer`.
    struct outgoing {
        server_id peer;
        zab::attachment number;
        std::unique_ptr<store::snapshot_stream> stream; ///< none once everything was taken from it
        bytes buffer;
        std::uint64_t offset = 0;
    };

    struct incoming_snapshot {
        zab::attachment number;
        std::unique_ptr<store::snapshot_loader> loader; ///< none after it was refused
    };

    struct end_of_stream {
        server_id peer;
    };

    using job =
        std::variant<outgoing, zab::snapshot_read_request, end_of_stream, zab::snapshot_piece>;

    void submit(job next);
    void fail(server_id peer, zab::attachment number, const store::store_error& problem) const;
    void run();
    void carry_out(outgoing& begun);
    void carry_out(const zab::snapshot_read_request& request);
    void carry_out(const end_of_stream& ended);
    void carry_out(const zab::snapshot_piece& piece);
    [[nodiscard]] static result<void, store::store_error> fill(outgoing& from);
    [[nodiscard]] result<void, store::store_error> begin(const zab::snapshot_piece& first);
    [[nodiscard]] result<void, store::store_error> take(const zab::snapshot_piece& piece);

    store::checkpoint_store& newest_;
    std::filesystem::path incoming_path_;
    snapshot_reports reports_;
    std::map<server_id, outgoing> outgoing_;    ///< the service's thread
    std::optional<incoming_snapshot> incoming_; ///< the service's thread

    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<job> jobs_;
    bool is_stopping_ = false;
    std::thread thread_;
};

} // namespace conclave
