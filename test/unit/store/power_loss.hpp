/// What a device may hold after the power went: everything that was synced, and of the rest any
/// subset of pages.
#pragma once

#include "test/unit/store/disk_tap.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace conclave::store::testing {

/// Builds images of a file from what was recorded of it. A write that was not followed by a sync
/// may be there or not, page by page (4 KiB), in any combination; pages of one file reach a device
/// in any order. A write through O_DSYNC is there when it returned.
class power_loss {
public:
    enum class device : bool {
        honest,
        ignores_syncs, ///< says that it is done and keeps the octets in a cache that the power loss
                       ///< empties
    };

    power_loss(bytes before, std::vector<disk_event> events, device kind = device::honest)
        : before_(std::move(before)), events_(std::move(events)), kind_(kind) {}

    [[nodiscard]] std::size_t event_count() const { return events_.size(); }

    /// The file without a power loss.
    [[nodiscard]] bytes undisturbed() const {
        bytes file = before_;
        for (const disk_event& event : events_) {
            if (event.what == disk_event::kind::write) {
                apply_to(file, event);
            }
        }
        return file;
    }

    /// The newest note before the cut; `none` if there is none.
    [[nodiscard]] std::uint64_t noted_before(std::size_t cut, std::uint64_t none) const {
        for (std::size_t index = 0; index < cut; ++index) {
            if (events_[index].what == disk_event::kind::note) {
                none = events_[index].offset;
            }
        }
        return none;
    }

    /// The file after a power loss before event number `cut`.
    [[nodiscard]] bytes image(std::size_t cut, std::mt19937& random) const {
        bytes durable = before_;
        std::vector<disk_event> pending;
        for (std::size_t index = 0; index < cut; ++index) {
            const disk_event& event = events_[index];
            switch (event.what) {
            case disk_event::kind::write:
                if (event.is_durable && kind_ == device::honest) {
                    apply_to(durable, event);
                } else {
                    pending.push_back(event);
                }
                break;
            case disk_event::kind::sync:
                if (kind_ == device::honest) {
                    for (const disk_event& earlier : pending) {
                        apply_to(durable, earlier);
                    }
                    pending.clear();
                }
                break;
            case disk_event::kind::note:
                break;
            }
        }
        keep_some(durable, pending, random);
        return durable;
    }

private:
    static constexpr std::size_t page_size = 4096;

    static void apply_to(bytes& file, const disk_event& event) {
        file.resize(std::max(file.size(), event.offset + event.data.size()), '\0');
        file.replace(event.offset, event.data.size(), event.data);
    }

    /// Cuts a write where pages end.
    static std::vector<disk_event> split(const disk_event& event) {
        std::vector<disk_event> parts;
        for (std::size_t done = 0; done < event.data.size();) {
            const std::uint64_t at = event.offset + done;
            const std::size_t size =
                std::min<std::size_t>(event.data.size() - done, page_size - at % page_size);
            parts.push_back({event.what, at, event.data.substr(done, size), false});
            done += size;
        }
        return parts;
    }

    /// Of each page the first few of its pending writes: a page may be written out between two of
    /// them.
    static void
    keep_some(bytes& file, const std::vector<disk_event>& pending, std::mt19937& random) {
        std::map<std::uint64_t, std::vector<disk_event>> by_page;
        for (const disk_event& event : pending) {
            for (disk_event& part : split(event)) {
                by_page[part.offset / page_size].push_back(std::move(part));
            }
        }
        for (const auto& [page, versions] : by_page) {
            const std::size_t kept =
                std::uniform_int_distribution<std::size_t>{0, versions.size()}(random);
            for (std::size_t index = 0; index < kept; ++index) {
                apply_to(file, versions[index]);
            }
        }
    }

    bytes before_;
    std::vector<disk_event> events_;
    device kind_;
};

} // namespace conclave::store::testing
