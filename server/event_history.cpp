#include "server/event_history.hpp"

#include "server/log/history_reader.hpp"
#include "server/tree/reserved.hpp"
#include "server/zab/entry.hpp"

#include <fmt/format.h>

#include <utility>

namespace conclave {

namespace {

/// @return false if the entry is not what this version writes.
bool append_events(const zab::entry& of, std::vector<admin::watch_event>& to) {
    if (of.kind == zab::entry_kind::activation) {
        to.push_back({of.at, event_type::data_changed, bytes{tree::config_path}});
    }
    if (of.kind != zab::entry_kind::application) {
        return true;
    }
    const auto what = replica::decode_transaction(of.body);
    if (what) {
        admin::append_events(*what, of.at, to);
    }
    return what.has_value();
}

class log_events final : public admin::past_events {
public:
    log_events(storage& disk, txnlog::history_reader reader, zxid behind, zxid last)
        : disk_(disk), reader_(std::move(reader)), at_(behind), last_(last) {}

    result<progress, bytes>
    next(const admin::watch_scope& within, std::vector<admin::watch_event>& out) override {
        constexpr std::size_t part_size = std::size_t{1} << 20U;
        if (at_ >= last_) {
            return progress::end;
        }
        const zxid before = at_;
        bool is_understood = true;
        const auto read = reader_.read(at_, part_size, [&](const txnlog::record& item) {
            if (item.id <= last_ && is_understood) {
                is_understood = take(item.payload, within, out);
                at_ = item.id;
            }
        });
        if (!read) {
            return unexpected{bytes{read.error().text}};
        }
        if (!is_understood) {
            return unexpected{fmt::format("the entry at zxid 0x{:x} is damaged", at_.value)};
        }
        return at_ > before ? progress::more : wait_for_disk();
    }

private:
    bool take(
        bytes_view payload, const admin::watch_scope& within, std::vector<admin::watch_event>& out
    ) {
        const auto entry = zab::decode_entry(payload);
        events_.clear();
        if (!entry || !append_events(*entry, events_)) {
            return false;
        }
        for (admin::watch_event& each : events_) {
            if (within.covers(each)) {
                out.push_back(std::move(each));
            }
        }
        return true;
    }

    result<progress, bytes> wait_for_disk() {
        const auto learned = reader_.advance(disk_.durable_sequence());
        if (!learned) {
            return unexpected{bytes{learned.error().text}};
        }
        return progress::not_yet;
    }

    storage& disk_;
    txnlog::history_reader reader_;
    zxid at_;
    zxid last_;
    std::vector<admin::watch_event> events_; ///< of one entry; kept for its memory
};

} // namespace

admin::past_events_port make_past_events_port(storage& disk) {
    return {[&disk](zxid behind, zxid last) -> result<std::shared_ptr<admin::past_events>, bytes> {
        auto reader = txnlog::history_reader::open(
            disk.files(), disk.log_path(), behind, disk.durable_sequence()
        );
        if (!reader) {
            return unexpected{bytes{reader.error().text}};
        }
        return std::shared_ptr<admin::past_events>{
            std::make_shared<log_events>(disk, *std::move(reader), behind, last)};
    }};
}

} // namespace conclave
