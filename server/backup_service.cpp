#include "server/backup_service.hpp"

#include "server/log/history_reader.hpp"
#include "server/maintenance/history_archive.hpp"
#include "server/maintenance/zookeeper_export.hpp"
#include "server/replica/history_row.hpp"

#include <fmt/format.h>

#include <utility>

namespace conclave {

namespace {

using opening = result<admin::opened_backup, bytes>;

class snapshot_source final : public admin::backup_source {
public:
    explicit snapshot_source(std::unique_ptr<store::snapshot_stream> stream)
        : stream_(std::move(stream)) {}

    result<bool, bytes> next(bytes& out) override {
        auto more = stream_->next(out);
        if (!more) {
            return unexpected{bytes{more.error().text}};
        }
        return *more;
    }

private:
    std::unique_ptr<store::snapshot_stream> stream_;
};

class zookeeper_source final : public admin::backup_source {
public:
    explicit zookeeper_source(std::unique_ptr<store::checkpoint_view> view)
        : view_(std::move(view)), writing_(view_->tables()) {}

    result<bool, bytes> next(bytes& out) override {
        view_->trim();
        return writing_.next(out);
    }

private:
    std::unique_ptr<store::checkpoint_view> view_;
    maintenance::zookeeper_export writing_;
};

class log_source final : public admin::backup_source {
public:
    log_source(txnlog::history_reader reader, zxid behind, zxid last)
        : reader_(std::move(reader)), at_(behind), last_(last) {}

    result<bool, bytes> next(bytes& out) override {
        if (is_complete_) {
            return false;
        }
        if (!writer_) {
            writer_.emplace(out, at_);
        }
        if (at_ < last_) {
            return read_more(out);
        }
        writer_->end(out, last_);
        is_complete_ = true;
        return true;
    }

private:
    result<bool, bytes> read_more(bytes& out) {
        constexpr std::size_t part_size = std::size_t{1} << 20;
        const auto read = reader_.read(at_, part_size, [&](const txnlog::record& entry) {
            if (entry.id <= last_) {
                writer_->add(out, entry.payload);
                at_ = entry.id;
                is_moved_ = true;
            }
        });
        if (!read) {
            return unexpected{bytes{read.error().text}};
        }
        if (!std::exchange(is_moved_, false)) {
            return unexpected{fmt::format(
                "the log holds nothing between 0x{:x} and 0x{:x}", at_.value, last_.value
            )};
        }
        return true;
    }

    txnlog::history_reader reader_;
    zxid at_;
    zxid last_;
    std::optional<maintenance::history_archive_writer> writer_; ///< once it has begun
    bool is_moved_ = false;
    bool is_complete_ = false;
};

/// The place that a checkpoint is of, by its own words.
std::optional<zxid> place_in(const std::optional<bytes_view>& row) {
    const auto read = row ? replica::decode_history_row(*row) : std::nullopt;
    return read ? std::optional{read->applied.at.at} : std::nullopt;
}

opening open_conclave(storage& disk) {
    auto stream = disk.checkpoint().open_snapshot({});
    if (!stream) {
        return unexpected{bytes{stream.error().text}};
    }
    const auto row = (*stream)->meta_row(replica::history_key);
    const auto at = row && *row ? place_in(bytes_view{**row}) : std::nullopt;
    if (!at) {
        return unexpected{bytes{"the checkpoint does not say which zxid it is of"}};
    }
    admin::opened_backup opened;
    opened.source = std::make_shared<snapshot_source>(std::move(*stream));
    opened.at = *at;
    return opened;
}

opening open_zookeeper(storage& disk) {
    auto view = disk.checkpoint().open_view();
    if (!view) {
        return unexpected{bytes{view.error().text}};
    }
    const auto at = place_in((*view)->tables().get(tree::table::meta, replica::history_key));
    if (!at) {
        return unexpected{bytes{"the checkpoint does not say which zxid it is of"}};
    }
    admin::opened_backup opened;
    opened.source = std::make_shared<zookeeper_source>(std::move(*view));
    opened.at = *at;
    return opened;
}

/// Core thread. A checkpoint that is being written is waited for.
std::optional<opening> open_backup(
    storage& disk,
    replica::replica& server,
    admin::backup_format format,
    zxid at_least,
    replica::instant now
) {
    if (server.newest_checkpoint().at < at_least) {
        server.request_checkpoint(now);
        return std::nullopt;
    }
    if (disk.is_writing_checkpoint()) {
        return std::nullopt;
    }
    opening opened =
        format == admin::backup_format::conclave ? open_conclave(disk) : open_zookeeper(disk);
    if (opened) {
        opened->size_bytes = static_cast<std::int64_t>(disk.checkpoint_size());
    }
    return opened;
}

result<std::shared_ptr<admin::backup_source>, bytes>
open_log(storage& disk, zxid behind, zxid last) {
    auto reader = txnlog::history_reader::open(
        disk.files(), disk.log_path(), behind, disk.durable_sequence()
    );
    if (!reader) {
        return unexpected{bytes{fmt::format(
            "the log does not reach back to 0x{:x} ({}): take a whole backup",
            behind.value,
            reader.error().text
        )}};
    }
    return std::shared_ptr<admin::backup_source>{
        std::make_shared<log_source>(*std::move(reader), behind, last)};
}

} // namespace

admin::backup_port make_backup_port(storage& disk, replica::replica& server) {
    return {
        [&disk, &server](admin::backup_format format, zxid at_least, replica::instant now) {
            return open_backup(disk, server, format, at_least, now);
        },
        [&disk](zxid behind, zxid last) {
            return open_log(disk, behind, last);
        }};
}

} // namespace conclave
