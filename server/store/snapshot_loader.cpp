#include "server/store/snapshot_loader.hpp"

#include "server/store/environment.hpp"

#include <conclave/jute.hpp>
#include <conclave/log_line.hpp>

#include <fmt/format.h>

#include <utility>

namespace conclave::store {

namespace {

namespace fs = std::filesystem;

struct row {
    tree::table in{};
    bytes_view key;
    bytes_view value;
};

/// Takes a row from the front of a block's payload.
std::optional<row> read_row(bytes_view& payload) {
    jute::reader head{payload};
    std::uint8_t in = 0;
    std::uint16_t key_size = 0;
    std::uint32_t value_size = 0;
    head(in, key_size, value_size);
    const bytes_view rest = head.rest();
    const std::size_t row_size = std::size_t{key_size} + value_size;
    const bool fits = head.ok() && in < tree::table_count && key_size != 0 &&
                      key_size <= tree::table_key_size_max && rest.size() >= row_size;
    if (!fits) {
        return std::nullopt;
    }
    payload = rest.substr(row_size);
    return row{
        static_cast<tree::table>(in), rest.substr(0, key_size), rest.substr(key_size, value_size)};
}

} // namespace

/// The store under construction, and how far the stream has come.
class snapshot_loader::construction {
public:
    construction(snapshot_target target, std::unique_ptr<environment> staging)
        : target_(std::move(target)), staging_(std::move(staging)) {}

    construction(const construction&) = delete;
    construction& operator=(const construction&) = delete;

    ~construction() {
        close();
        remove_staging(target_.directory);
    }

    result<void, store_error> append(bytes_view octets) {
        blocks_.append(octets);
        while (true) {
            auto next = blocks_.next();
            if (!next) {
                return unexpected{next.error()};
            }
            if (!*next) {
                return {};
            }
            if (auto taken = on_block(**next); !taken) {
                return taken;
            }
        }
    }

    [[nodiscard]] const std::optional<bytes>& remembered() const { return remembered_; }

    result<snapshot_totals, store_error> finish() {
        if (!is_complete_ || !blocks_.is_drained()) {
            return unexpected{
                damaged_stream(blocks_.offset(), "it ends here, but not the snapshot")};
        }
        if (auto committed = commit(); !committed) {
            return unexpected{committed.error()};
        }
        if (auto synced = sync(); !synced) {
            return unexpected{synced.error()};
        }
        close();
        if (auto installed = install_staging(target_.directory, target_.existing); !installed) {
            return unexpected{installed.error()};
        }
        log(log_level::info,
            "snapshot restored directory={} rows={} size_bytes={}",
            target_.directory.string(),
            totals_.row_count,
            totals_.size);
        return totals_;
    }

private:
    result<void, store_error> on_block(const block_reader::block& block) {
        if (is_complete_) {
            return unexpected{damaged_stream(block.offset, "a block behind the last one")};
        }
        if ((block.kind == block_kind::header) == has_header_) {
            return unexpected{damaged_stream(block.offset, "the header is not the first block")};
        }
        switch (block.kind) {
        case block_kind::header:
            return on_header(block);
        case block_kind::rows:
            return on_rows(block);
        case block_kind::trailer:
            return on_trailer(block);
        }
        return {};
    }

    result<void, store_error> on_header(const block_reader::block& block) {
        snapshot_header header;
        jute::reader in{block.payload};
        in(header);
        if (!in.ok()) {
            return unexpected{damaged_stream(block.offset, "its header cannot be read")};
        }
        if (header.stream_version > snapshot_stream_version ||
            header.format_version > format_version) {
            return unexpected{store_error{
                store_errc::newer_format,
                fmt::format(
                    "snapshot was written by a later version of this program (stream format {}, "
                    "row format {}); "
                    "nothing was restored",
                    header.stream_version,
                    header.format_version
                )}};
        }
        if (target_.cluster_id && *target_.cluster_id != header.cluster_id) {
            return unexpected{store_error{
                store_errc::damaged, "snapshot is of another cluster; nothing was restored"}};
        }
        has_header_ = true;
        return {};
    }

    result<void, store_error> on_rows(const block_reader::block& block) {
        bytes_view payload = block.payload;
        while (!payload.empty()) {
            const std::optional<row> next = read_row(payload);
            if (!next) {
                return unexpected{damaged_stream(block.offset, "a row that cannot be read")};
            }
            if (!is_ascending(*next)) {
                return unexpected{damaged_stream(block.offset, "rows out of order")};
            }
            if (auto put = put_row(*next); !put) {
                return put;
            }
        }
        ++totals_.block_count;
        return commit_when_large();
    }

    result<void, store_error> on_trailer(const block_reader::block& block) {
        snapshot_totals expected;
        jute::reader in{block.payload};
        in(expected);
        if (!in.ok() || expected != totals_) {
            return unexpected{damaged_stream(block.offset, "its totals are not what it carried")};
        }
        is_complete_ = true;
        return {};
    }

    [[nodiscard]] bool is_ascending(const row& next) const {
        return last_key_.empty() || last_table_ < next.in ||
               (last_table_ == next.in && bytes_view{last_key_} < next.key);
    }

    result<void, store_error> put_row(const row& next) {
        if (!txn_) {
            auto begun = staging_->begin_write();
            if (!begun) {
                return unexpected{begun.error()};
            }
            txn_ = std::move(*begun);
        }
        // Appending fills pages to the brim. Table `meta` holds a row already, so it must be
        // searched.
        const unsigned int flags = next.in == tree::table::meta ? 0U : MDB_APPEND;
        MDB_val key = value_of(next.key);
        MDB_val value = value_of(next.value);
        if (const int code = mdb_put(txn_.get(), staging_->database(next.in), &key, &value, flags);
            code != MDB_SUCCESS) {
            return unexpected{staging_->explain("restore", code)};
        }
        if (next.in == tree::table::meta && next.key == target_.remembered_row) {
            remembered_ = bytes{next.value};
        }
        last_table_ = next.in;
        last_key_ = next.key;
        ++totals_.row_count;
        totals_.size += static_cast<std::int64_t>(next.key.size() + next.value.size());
        return {};
    }

    result<void, store_error> commit_when_large() {
        constexpr std::int64_t blocks_per_commit = 16;
        constexpr std::int64_t blocks_per_sync = 128;
        if (totals_.block_count % blocks_per_commit != 0) {
            return {};
        }
        staging_->drop_resident();
        if (auto committed = commit(); !committed) {
            return committed;
        }
        // So that the last one does not take long, whatever the size of the whole: somebody waits
        // for a sign of life.
        return totals_.block_count % blocks_per_sync == 0 ? sync() : result<void, store_error>{};
    }

    result<void, store_error> sync() {
        constexpr int force = 1;
        if (const int code = mdb_env_sync(staging_->handle(), force); code != MDB_SUCCESS) {
            return unexpected{staging_->explain("sync", code)};
        }
        return {};
    }

    result<void, store_error> commit() {
        if (!txn_) {
            return {};
        }
        if (const int code = mdb_txn_commit(txn_.release()); code != MDB_SUCCESS) {
            return unexpected{staging_->explain("restore", code)};
        }
        return {};
    }

    void close() {
        txn_.reset();
        staging_.reset();
    }

    snapshot_target target_;
    std::unique_ptr<environment> staging_;
    transaction txn_;
    block_reader blocks_;
    bool has_header_ = false;
    bool is_complete_ = false;
    tree::table last_table_{};
    bytes last_key_;
    std::optional<bytes> remembered_;
    snapshot_totals totals_;
};

snapshot_loader::snapshot_loader(std::unique_ptr<construction> site) : site_(std::move(site)) {}

snapshot_loader::~snapshot_loader() = default;

result<std::unique_ptr<snapshot_loader>, store_error>
snapshot_loader::begin(const snapshot_target& target) {
    std::error_code ignored;
    if (target.existing == replacing::forbidden && fs::exists(target.directory, ignored)) {
        return unexpected{store_error{
            store_errc::exists, fmt::format("{} exists already", target.directory.string())}};
    }
    if (auto made = make_staging(target.directory); !made) {
        return unexpected{made.error()};
    }
    auto staging = environment::create(
        staging_of(target.directory), target.map_size, environment::syncing::at_the_end
    );
    if (!staging) {
        remove_staging(target.directory);
        return unexpected{staging.error()};
    }
    return std::unique_ptr<snapshot_loader>{
        new snapshot_loader{std::make_unique<construction>(target, std::move(*staging))}};
}

result<void, store_error> snapshot_loader::append(bytes_view octets) {
    return site_->append(octets);
}

const std::optional<bytes>& snapshot_loader::remembered() const {
    return site_->remembered();
}

result<snapshot_totals, store_error> snapshot_loader::finish() {
    return site_->finish();
}

result<snapshot_totals, store_error>
read_snapshot(snapshot_source source, const snapshot_target& target) {
    auto begun = snapshot_loader::begin(target);
    if (!begun) {
        return unexpected{begun.error()};
    }
    bytes portion(std::size_t{64} << 10, '\0');
    while (true) {
        const auto size = source(portion);
        if (!size) {
            return unexpected{store_error{
                store_errc::stopped,
                fmt::format("cannot read the snapshot: {}", size.error().message())}};
        }
        if (*size == 0) {
            return (*begun)->finish();
        }
        if (auto taken = (*begun)->append(bytes_view{portion}.substr(0, *size)); !taken) {
            return unexpected{taken.error()};
        }
    }
}

} // namespace conclave::store
