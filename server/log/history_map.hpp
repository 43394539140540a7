/// Where in the log the history stands that is valid now, without what was truncated and without
/// what an installed snapshot replaced. Private to this folder.
#pragma once

#include "server/log/segment_format.hpp"

#include <vector>

namespace conclave::txnlog {

/// Where a batch begins, or will begin.
struct batch_place {
    std::uint64_t segment = 0;  ///< first sequence of the segment, which gives its name
    std::uint64_t offset = 0;   ///< in the file
    std::uint64_t sequence = 0; ///< of the batch

    friend bool operator==(const batch_place&, const batch_place&) = default;
};

/// Learns the batches in the order of the log. Afterwards it consists of *runs*: stretches of the
/// log whose entries ascend, each valid in one interval of zxids; the intervals ascend, too, and do
/// not overlap. A truncation cuts or drops the runs at the end and begins a new one, a snapshot
/// drops them all.
///
/// Memory: a place per segment and per `places_distance` octets of log, and a few words per
/// truncation that is not itself withdrawn.
class history_map {
public:
    static constexpr std::uint64_t places_distance = std::uint64_t{128} << 10;

    /// Where to read from, and what to take: entries above `above` and at most at `last`, which
    /// begin behind the first `record_count` records of the batch at `from` and end with the first
    /// entry that is not below `last`.
    struct stretch {
        batch_place from;
        std::uint32_t record_count = 0;
        zxid above;
        zxid last;
    };

    /// Begins at `first`, before which everything is at or below `above`.
    history_map(const batch_place& first, zxid above);

    /// Takes note of a batch.
    /// @return false if it contradicts what came before: an entry that is not above the last one.
    [[nodiscard]] bool learn(const batch_place& at, const batch_header& header, bytes_view body);

    /// The history is known above this zxid only.
    [[nodiscard]] zxid begin() const { return runs_.front().above; }

    /// Of the last entry; `begin()` if there is none.
    [[nodiscard]] zxid end() const { return runs_.back().last; }

    /// Where the valid entries behind `after` go on; none if there are none.
    [[nodiscard]] std::optional<stretch> behind(zxid after) const;

private:
    /// Where to begin for entries above `above`.
    struct known_place {
        batch_place at;
        zxid above;
    };

    struct run {
        zxid above;
        zxid last;
        std::uint32_t record_count = 0; ///< of the first batch, which stand before the run
        std::vector<known_place> places;
    };

    void keep_up_to(zxid keep);
    void begin_run(const batch_place& at, std::uint32_t record_count, zxid above);

    std::vector<run> runs_; ///< never empty
    zxid newest_entry_{};   ///< the next one is above it
    std::uint64_t size_since_place_ = 0;
};

} // namespace conclave::txnlog
