#include "server/log/history_map.hpp"

#include <algorithm>

namespace conclave::txnlog {

history_map::history_map(const batch_place& first, zxid above) {
    begin_run(first, 0, above);
    // The base of a segment counts promises as well, so its first entries may be below it.
    newest_entry_ = zxid{};
}

bool history_map::learn(const batch_place& at, const batch_header& header, bytes_view body) {
    size_since_place_ += batch_header_size + header.body_size;
    // At the beginning of a segment as well: the one before may be purged when this one is wanted.
    if (size_since_place_ >= places_distance || at.sequence == at.segment) {
        size_since_place_ = 0;
        runs_.back().places.push_back({at, runs_.back().last});
    }
    bool is_ascending = true;
    std::uint32_t count = 0;
    for_each_record(body, [&](const record& item) {
        ++count;
        switch (static_cast<record_type>(item.type)) {
        case record_type::entry:
            is_ascending = is_ascending && item.id > newest_entry_;
            newest_entry_ = item.id;
            runs_.back().last = std::max(runs_.back().last, item.id);
            break;
        case record_type::truncate:
            if (item.id < runs_.back().last) {
                keep_up_to(item.id);
                begin_run(at, count, item.id);
            }
            break;
        case record_type::base:
            runs_.clear();
            begin_run(at, count, item.id);
            break;
        default: // nothing of the history
            break;
        }
    });
    return is_ascending;
}

std::optional<history_map::stretch> history_map::behind(zxid after) const {
    const auto found = std::find_if(runs_.begin(), runs_.end(), [after](const run& each) {
        return each.last > after;
    });
    if (found == runs_.end()) {
        return std::nullopt;
    }
    const zxid above = std::max(after, found->above);
    const auto next = std::partition_point(
        found->places.begin() + 1,
        found->places.end(),
        [above](const known_place& each) { return each.above <= above; }
    );
    const auto place = std::prev(next);
    const bool is_first = place == found->places.begin();
    return stretch{place->at, is_first ? found->record_count : 0, above, found->last};
}

void history_map::keep_up_to(zxid keep) {
    while (!runs_.empty() && runs_.back().above >= keep) {
        runs_.pop_back();
    }
    if (runs_.empty()) {
        return;
    }
    run& cut = runs_.back();
    cut.last = std::min(cut.last, keep);
    while (cut.places.size() > 1 && cut.places.back().above >= cut.last) {
        cut.places.pop_back();
    }
}

void history_map::begin_run(const batch_place& at, std::uint32_t record_count, zxid above) {
    runs_.push_back({above, above, record_count, {{at, above}}});
    newest_entry_ = above;
    size_since_place_ = 0;
}

} // namespace conclave::txnlog
