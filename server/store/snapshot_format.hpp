/// The octets of a snapshot stream (docs/formats/checkpoint.md): a magic word, then blocks that are
/// chained by checksums.
#pragma once

#include "server/store/store_error.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <optional>

namespace conclave::store {

inline constexpr bytes_view snapshot_magic = "CONCSNAP";
inline constexpr std::int32_t snapshot_stream_version = 1;

/// Rows are gathered until a block has this size; one row more may come on top.
inline constexpr std::size_t snapshot_block_size = std::size_t{1} << 20;

/// The length of a cluster id in octets.
inline constexpr std::size_t cluster_id_size_max = 64;

/// What a stream carried.
struct snapshot_totals {
    std::int64_t row_count{};
    std::int64_t size{}; ///< keys and values, octets
    std::int64_t block_count{};

    static void fields(auto& archive, auto& record) {
        archive(record.row_count, record.size, record.block_count);
    }

    friend bool operator==(const snapshot_totals&, const snapshot_totals&) = default;
};

/// The first block.
struct snapshot_header {
    std::int32_t stream_version{};
    std::int32_t format_version{}; ///< of keys and records
    bytes cluster_id;

    static void fields(auto& archive, auto& record) {
        archive(record.stream_version, record.format_version, record.cluster_id);
    }

    friend bool operator==(const snapshot_header&, const snapshot_header&) = default;
};

enum class block_kind : char { header = 'H', rows = 'R', trailer = 'E' };

/// Appends blocks to a stream. Each checksum continues that of the octets before it, so a block
/// that is missing, repeated or moved is as visible as a flipped bit.
class block_writer {
public:
    /// Appends the magic word.
    explicit block_writer(bytes& out);

    void append(bytes& out, block_kind kind, bytes_view payload);

private:
    std::uint32_t checksum_;
};

/// Cuts blocks out of a stream. Memory follows the octets that arrived and were checked, never a
/// length that is only claimed.
class block_reader {
public:
    struct block {
        block_kind kind{};
        bytes_view payload;     ///< valid until the next `append`
        std::uint64_t offset{}; ///< of the block in the stream
    };

    void append(bytes_view octets);

    /// The next whole block, nothing if more octets are needed.
    /// @return  damaged, with the offset, on octets that are no stream; final.
    [[nodiscard]] result<std::optional<block>, store_error> next();

    /// True if every octet was taken.
    [[nodiscard]] bool is_drained() const { return taken_ == buffer_.size(); }

    /// Octets taken so far.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }

private:
    [[nodiscard]] bytes_view waiting() const { return bytes_view{buffer_}.substr(taken_); }

    void take(std::size_t size);

    bytes buffer_;
    std::size_t taken_ = 0;
    std::uint64_t offset_ = 0;
    std::uint32_t checksum_ = 0;
    bool has_magic_ = false;
};

/// A stream that is not what was written, and where.
[[nodiscard]] store_error damaged_stream(std::uint64_t offset, const char* what);

} // namespace conclave::store
