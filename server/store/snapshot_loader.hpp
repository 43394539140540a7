/// Turns a snapshot stream back into a checkpoint directory.
#pragma once

#include "server/store/durable_directory.hpp"
#include "server/store/snapshot_format.hpp"
#include "server/store/store_error.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

namespace conclave::store {

struct snapshot_target {
    std::filesystem::path directory; ///< of the checkpoint; a store in it must be closed
    std::size_t map_size = std::size_t{64} << 30;
    replacing existing = replacing::forbidden;
    std::optional<bytes> cluster_id; ///< the stream must be of this cluster
    bytes remembered_row = {};       ///< name of a row of table `meta`, for `remembered`
};

/// Loads rows into a store that is built beside the target and takes its place, durably and in one
/// step, only after the last octet was checked: an interrupted or refused restore leaves what was
/// there. Memory is bounded by a block and the pages of one intermediate commit.
///
/// Push: octets are given as they arrive, in any portions. Any one thread; does file input and
/// output.
class snapshot_loader {
public:
    [[nodiscard]] static result<std::unique_ptr<snapshot_loader>, store_error>
    begin(const snapshot_target& target);

    snapshot_loader(const snapshot_loader&) = delete;
    snapshot_loader& operator=(const snapshot_loader&) = delete;

    /// Gives up the restore if it was not finished.
    ~snapshot_loader();

    /// Takes the next octets of the stream. After an error only destruction is useful.
    [[nodiscard]] result<void, store_error> append(bytes_view octets);

    /// The row that the target names, once it came by.
    [[nodiscard]] const std::optional<bytes>& remembered() const;

    /// All octets were given: makes the store durable and puts it in its place.
    [[nodiscard]] result<snapshot_totals, store_error> finish();

private:
    class construction;

    explicit snapshot_loader(std::unique_ptr<construction> site);

    std::unique_ptr<construction> site_;
};

/// Fills the span and says how many octets it gave; 0 at the end.
using snapshot_source = function_ref<result<std::size_t, std::error_code>(std::span<char>)>;

/// Restores a whole stream.
[[nodiscard]] result<snapshot_totals, store_error>
read_snapshot(snapshot_source source, const snapshot_target& target);

} // namespace conclave::store
