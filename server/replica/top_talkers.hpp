/// Who asks most, in constant memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "conclave/path.hpp"
#include "conclave/types.hpp"

namespace conclave::replica {

/// Counts requests by the first component of their path. The space-saving algorithm: there are
/// `capacity` entries; a name that has none takes over that with the lowest count, and its count.
/// Whoever has made more than 1/capacity of all requests is there for certain, and no count is too
/// low. Constant memory, no allocation while counting.
class top_talkers {
public:
    static constexpr std::size_t capacity = 64;
    static constexpr std::size_t name_size_max = 47; ///< octets that are kept of a name

    struct talker {
        bytes name;            ///< "/app"; shortened if it is long
        std::uint64_t count{}; ///< at most `overestimate` too high
        std::uint64_t overestimate{};
        std::uint64_t writes{}; ///< of them, those since it has this entry
        std::uint64_t octets{}; ///< of requests, since then
    };

    void add(bytes_view path, bool is_write, std::size_t octets) {
        entry& at = entry_of(first_component(path));
        ++at.count;
        at.writes += is_write ? 1 : 0;
        at.octets += octets;
    }

    /// The most talkative first. Names that are no UTF-8 are left out: requests are counted before
    /// they are looked at, and no node has such a name.
    [[nodiscard]] std::vector<talker> list() const {
        std::vector<talker> listed;
        for (std::size_t index = 0; index < used_; ++index) {
            const entry& each = entries_[index];
            const bytes_view name{each.name.data(), each.name_size};
            if (utf8::is_valid(name)) {
                listed.push_back(
                    {bytes{name}, each.count, each.overestimate, each.writes, each.octets}
                );
            }
        }
        std::sort(listed.begin(), listed.end(), [](const talker& left, const talker& right) {
            return left.count != right.count ? left.count > right.count : left.name < right.name;
        });
        return listed;
    }

private:
    struct entry {
        std::uint64_t count = 0;
        std::uint64_t overestimate = 0;
        std::uint64_t writes = 0;
        std::uint64_t octets = 0;
        std::uint8_t name_size = 0;
        std::array<char, name_size_max> name{};
    };

    /// Shortened between characters.
    static bytes_view first_component(bytes_view path) {
        bytes_view name = path.substr(0, path.find('/', 1));
        if (name.size() > name_size_max) {
            const auto continues = [](char octet) {
                return (static_cast<unsigned char>(octet) & 0xc0U) == 0x80U;
            };
            std::size_t size = name_size_max;
            while (size > name_size_max - 4 && continues(name[size])) {
                --size;
            }
            name = name.substr(0, size);
        }
        return name;
    }

    entry& entry_of(bytes_view name) {
        const std::uint32_t hash = hash_of(name);
        for (std::size_t index = 0; index < used_; ++index) {
            if (hashes_[index] == hash &&
                bytes_view{entries_[index].name.data(), entries_[index].name_size} == name) {
                return entries_[index];
            }
        }
        const std::size_t index = used_ < capacity ? used_++ : least_index();
        hashes_[index] = hash;
        entry& taken = entries_[index];
        taken.overestimate = taken.count;
        taken.writes = 0;
        taken.octets = 0;
        taken.name_size = static_cast<std::uint8_t>(name.size());
        std::copy(name.begin(), name.end(), taken.name.begin());
        return taken;
    }

    [[nodiscard]] std::size_t least_index() const {
        const auto least = std::min_element(
            entries_.begin(),
            entries_.end(),
            [](const entry& left, const entry& right) { return left.count < right.count; }
        );
        return static_cast<std::size_t>(least - entries_.begin());
    }

    /// FNV-1a: a name that is not that of its hash costs a comparison, nothing else.
    static std::uint32_t hash_of(bytes_view name) {
        std::uint32_t hash = 2166136261U;
        for (const char each : name) {
            hash = (hash ^ static_cast<unsigned char>(each)) * 16777619U;
        }
        return hash;
    }

    std::array<std::uint32_t, capacity> hashes_{};
    std::array<entry, capacity> entries_{};
    std::size_t used_ = 0;
};

} // namespace conclave::replica
