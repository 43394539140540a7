#include "conclave/recipes/hash_ring.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace conclave::recipes {

hash_ring::hash_ring(std::size_t point_count)
    : point_count_(std::max<std::size_t>(point_count, 1)) {}

/// FNV-1a, and the finalizer of SplitMix64 behind it, because FNV alone leaves texts that differ in
/// the last octet close to each other.
std::uint64_t hash_ring::place_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char octet : text) {
        hash ^= static_cast<unsigned char>(octet);
        hash *= 0x100000001b3;
    }
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111eb;
    return hash ^ (hash >> 31U);
}

void hash_ring::add(std::string_view member, std::size_t weight) {
    weight = std::max<std::size_t>(weight, 1);
    if (!weights_.emplace(member, weight).second) {
        return;
    }
    for (std::size_t number = 0; number < weight * point_count_; ++number) {
        const std::string name{member};
        points_.push_back({place_of(name + "#" + std::to_string(number)), name});
    }
    std::sort(points_.begin(), points_.end());
}

void hash_ring::remove(std::string_view member) {
    const auto found = weights_.find(member);
    if (found != weights_.end()) {
        weights_.erase(found);
        std::erase_if(points_, [&](const point& each) { return each.member == member; });
    }
}

std::vector<std::string> hash_ring::members() const {
    std::vector<std::string> names;
    for (const auto& [name, weight] : weights_) {
        names.push_back(name);
    }
    return names;
}

std::size_t hash_ring::first_from(std::uint64_t place) const {
    const auto found = std::lower_bound(
        points_.begin(),
        points_.end(),
        place,
        [](const point& each, std::uint64_t wanted) { return each.place < wanted; }
    );
    return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
}

std::optional<std::string_view> hash_ring::owner_of(std::string_view key) const {
    if (points_.empty()) {
        return std::nullopt;
    }
    return points_[first_from(place_of(key))].member;
}

std::vector<std::string> hash_ring::owners_of(std::string_view key, std::size_t count) const {
    std::vector<std::string> owners;
    count = std::min(count, weights_.size());
    const std::size_t first = points_.empty() ? 0 : first_from(place_of(key));
    for (std::size_t step = 0; step < points_.size() && owners.size() < count; ++step) {
        const std::string& member = points_[(first + step) % points_.size()].member;
        if (std::find(owners.begin(), owners.end(), member) == owners.end()) {
            owners.push_back(member);
        }
    }
    return owners;
}

std::vector<std::string>
hash_ring::assign(const std::vector<std::string>& keys, double load_max) const {
    if (weights_.empty()) {
        return {};
    }
    const auto total_weight = std::accumulate(
        weights_.begin(),
        weights_.end(),
        std::size_t{0},
        [](std::size_t sum, const auto& each) { return sum + each.second; }
    );
    std::map<std::string_view, std::size_t> room;
    for (const auto& [name, weight] : weights_) {
        const double share =
            static_cast<double>(keys.size() * weight) / static_cast<double>(total_weight);
        room[name] = static_cast<std::size_t>(std::ceil(share * std::max(load_max, 1.0)));
    }
    // Keys are placed in the order of the circle, so that their order here does not matter.
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t index = 0; index < keys.size(); ++index) {
        order.emplace_back(place_of(keys[index]), index);
    }
    std::sort(order.begin(), order.end(), [&](const auto& left, const auto& right) {
        return left.first != right.first ? left.first < right.first
                                         : keys[left.second] < keys[right.second];
    });
    std::vector<std::string> owners(keys.size());
    for (const auto& [place, index] : order) {
        std::size_t at = first_from(place);
        while (room[points_[at].member] == 0) {
            at = (at + 1) % points_.size();
        }
        --room[points_[at].member];
        owners[index] = points_[at].member;
    }
    return owners;
}

} // namespace conclave::recipes
