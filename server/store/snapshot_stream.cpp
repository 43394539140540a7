#include "server/store/snapshot_stream.hpp"

#include "server/store/environment.hpp"

#include <conclave/assert.hpp>
#include <conclave/jute.hpp>

#include <optional>
#include <utility>

namespace conclave::store {

/// How far a stream has come: the header, then table by table, then the trailer.
class snapshot_stream::position {
public:
    position(environment& in, transaction txn, bytes_view cluster_id, std::size_t resident_size_max)
        : environment_(in)
        , txn_(std::move(txn))
        , cluster_id_(cluster_id)
        , resident_size_max_(resident_size_max) {
        ++environment_.use().stream_count;
    }

    position(const position&) = delete;
    position& operator=(const position&) = delete;

    ~position() {
        rows_.reset();
        txn_.reset(); // before the count says that the environment may be reopened
        --environment_.use().stream_count;
    }

    result<bool, store_error> next(bytes& out) {
        if (!blocks_) {
            append_header(out);
            return true;
        }
        if (is_complete_) {
            return false;
        }
        payload_.clear();
        while (table_ < all_tables.size() && payload_.size() < snapshot_block_size) {
            if (const int code = append_row(); code != MDB_SUCCESS) {
                return unexpected{environment_.explain("stream", code)};
            }
        }
        if (!payload_.empty()) {
            append_rows(out);
        } else {
            append_trailer(out);
        }
        return true;
    }

    [[nodiscard]] result<std::optional<bytes>, store_error> meta_row(bytes_view name) const {
        MDB_val key = value_of(name);
        MDB_val value{};
        const int code = guarded([&] {
            return mdb_get(txn_.get(), environment_.database(tree::table::meta), &key, &value);
        });
        if (code == MDB_NOTFOUND) {
            return std::optional<bytes>{};
        }
        if (code != MDB_SUCCESS) {
            return unexpected{environment_.explain("read", code)};
        }
        return std::optional{bytes{view_of(value)}};
    }

    [[nodiscard]] const snapshot_totals& totals() const { return totals_; }

private:
    void append_header(bytes& out) {
        blocks_.emplace(out);
        bytes payload;
        jute::writer{payload}(snapshot_header{snapshot_stream_version, format_version, cluster_id_}
        );
        blocks_->append(out, block_kind::header, payload);
    }

    void append_rows(bytes& out) {
        blocks_->append(out, block_kind::rows, payload_);
        ++totals_.block_count;
        constexpr std::int64_t blocks_per_trim = 16;
        if (totals_.block_count % blocks_per_trim == 0 &&
            environment_.used_size() > resident_size_max_) {
            environment_.drop_resident();
        }
    }

    void append_trailer(bytes& out) {
        bytes payload;
        jute::writer{payload}(totals_);
        blocks_->append(out, block_kind::trailer, payload);
        is_complete_ = true;
    }

    /// Appends the next row of the current table to the payload, or moves on to the next table.
    int append_row() {
        const tree::table in = all_tables[table_];
        if (!rows_) {
            MDB_cursor* raw = nullptr;
            if (const int code = mdb_cursor_open(txn_.get(), environment_.database(in), &raw);
                code != MDB_SUCCESS) {
                return code;
            }
            rows_.reset(raw);
        }
        MDB_val key{};
        MDB_val value{};
        const int code =
            guarded([&] { return mdb_cursor_get(rows_.get(), &key, &value, MDB_NEXT); });
        if (code == MDB_NOTFOUND) {
            rows_.reset();
            ++table_;
            return MDB_SUCCESS;
        }
        // The header tells the format; the row would be the receiver's own.
        const bool is_format = in == tree::table::meta && view_of(key) == format_version_key;
        if (code == MDB_SUCCESS && !is_format) {
            jute::writer to{payload_};
            to(static_cast<std::uint8_t>(in),
               static_cast<std::uint16_t>(key.mv_size),
               static_cast<std::uint32_t>(value.mv_size));
            payload_ += view_of(key);
            payload_ += view_of(value);
            ++totals_.row_count;
            totals_.size += static_cast<std::int64_t>(key.mv_size + value.mv_size);
        }
        return code;
    }

    environment& environment_;
    transaction txn_;
    bytes cluster_id_;
    std::size_t resident_size_max_;
    std::optional<block_writer> blocks_; ///< once the header was given
    cursor rows_;
    std::size_t table_ = 0;
    bytes payload_;
    snapshot_totals totals_;
    bool is_complete_ = false;
};

snapshot_stream::snapshot_stream(std::unique_ptr<position> at) : at_(std::move(at)) {}

snapshot_stream::~snapshot_stream() = default;

result<std::unique_ptr<snapshot_stream>, store_error>
snapshot_stream::begin(environment& in, bytes_view cluster_id, std::size_t resident_size_max) {
    CONCLAVE_ASSERT(cluster_id.size() <= cluster_id_size_max);
    auto begun = in.begin_read();
    if (!begun) {
        return unexpected{begun.error()};
    }
    return std::unique_ptr<snapshot_stream>{new snapshot_stream{
        std::make_unique<position>(in, std::move(*begun), cluster_id, resident_size_max)}};
}

result<bool, store_error> snapshot_stream::next(bytes& out) {
    return at_->next(out);
}

result<std::optional<bytes>, store_error> snapshot_stream::meta_row(bytes_view name) const {
    return at_->meta_row(name);
}

const snapshot_totals& snapshot_stream::totals() const {
    return at_->totals();
}

result<snapshot_totals, store_error>
write_snapshot(snapshot_stream& stream, function_ref<bool(bytes_view octets)> sink) {
    bytes part;
    while (true) {
        part.clear();
        auto more = stream.next(part);
        if (!more) {
            return unexpected{more.error()};
        }
        if (!*more) {
            return stream.totals();
        }
        if (!sink(part)) {
            return unexpected{
                store_error{store_errc::stopped, "the receiver of a snapshot stopped"}};
        }
    }
}

} // namespace conclave::store
