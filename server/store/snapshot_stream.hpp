/// A snapshot of the whole checkpoint as a stream of octets: for a lagging server and for backups.
#pragma once

#include "server/store/snapshot_format.hpp"
#include "server/store/store_error.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <memory>
#include <optional>

namespace conclave::store {

class environment;

/// All tables as they were when the stream began; commits go on meanwhile and do not show. The zxid
/// is the one in the rows of table `meta`, which come first. A part is about `snapshot_block_size`,
/// and no more is held in memory.
///
/// Pull: whoever sends decides when the next part is wanted. Made by
/// `checkpoint_store::open_snapshot`; used by one thread at a time, any thread.
class snapshot_stream {
public:
    [[nodiscard]] static result<std::unique_ptr<snapshot_stream>, store_error>
    begin(environment& in, bytes_view cluster_id, std::size_t resident_size_max);

    snapshot_stream(const snapshot_stream&) = delete;
    snapshot_stream& operator=(const snapshot_stream&) = delete;
    ~snapshot_stream();

    /// Appends the next part.
    /// @return  false if there is none: everything was given. Damage in the store is an error here,
    /// and fatal.
    [[nodiscard]] result<bool, store_error> next(bytes& out);

    /// The row of table `meta`, as of the zxid of the stream; nothing if there is none.
    [[nodiscard]] result<std::optional<bytes>, store_error> meta_row(bytes_view name) const;

    /// What was given so far.
    [[nodiscard]] const snapshot_totals& totals() const;

private:
    class position;

    explicit snapshot_stream(std::unique_ptr<position> at);

    std::unique_ptr<position> at_;
};

/// Gives the whole stream to `sink`, until it returns false.
/// @return  what was given; `stopped` if the sink declined, or the error of `next`.
[[nodiscard]] result<snapshot_totals, store_error>
write_snapshot(snapshot_stream& stream, function_ref<bool(bytes_view octets)> sink);

} // namespace conclave::store
