/// Makes a checkpoint, or changes one that no server works on.
#pragma once

#include "server/replica/history_row.hpp"
#include "server/store/checkpoint_store.hpp"
#include "server/tree/write_buffer.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace conclave::maintenance {

/// Rows over LMDB. What is changed is in memory until it is saved, and saved from time to time, so
/// that memory is bounded whatever is done.
class checkpoint_builder {
public:
    /// Opens the checkpoint in `directory`, or makes an empty one.
    /// @return a sentence if that cannot be
    [[nodiscard]] static result<std::unique_ptr<checkpoint_builder>, std::string>
    open(const std::filesystem::path& directory);

    checkpoint_builder(const checkpoint_builder&) = delete;
    checkpoint_builder& operator=(const checkpoint_builder&) = delete;
    ~checkpoint_builder();

    /// For the nodes: a tree, or what fills one.
    [[nodiscard]] tree::write_buffer& rows() { return rows_; }

    void put_session(session_id id, bytes_view row);
    void put_session(session_id id, std::int32_t timeout_ms);
    void remove_session(session_id id);

    /// How far it reaches, by its own words; nothing if nothing was applied to it.
    /// @throws tree::corrupt_state
    [[nodiscard]] std::optional<replica::history_row> history() const;

    /// Saves if much has changed: to be called between changes.
    [[nodiscard]] result<void, std::string> save_if_large();

    /// Saves everything, together with how far it reaches. The tree has saved its counters.
    [[nodiscard]] result<void, std::string> save(const replica::history_row& reached);

private:
    explicit checkpoint_builder(std::unique_ptr<store::checkpoint_store> opened);
    [[nodiscard]] result<void, std::string> write();

    std::unique_ptr<store::checkpoint_store> store_;
    tree::write_buffer rows_;
};

} // namespace conclave::maintenance
