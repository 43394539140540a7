/// Spreading keys over members so that few keys move when members come and go.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::recipes {

/// A consistent-hash ring. Each member stands at many points of a circle; a key belongs to the
/// member whose point is the next one behind the key's own place.
///
/// **Guarantees**
/// - Programs with the same members get the same owners, whatever the order in which the members
///   were added, on every machine and in every release: the hash is part of the interface.
/// - Minimal movement: when a member comes, keys move only to it; when one goes, only its keys
///   move.
/// - With `point_count` points a member of `n` equal ones gets 1/n of the keys, give or take some
///   1/sqrt(point_count) of that; `assign` bounds it.
///
/// Owner: anybody; pure, knows no server. Memory: about 100 octets for each point.
class hash_ring {
public:
    /// Points of a member of weight 1.
    static constexpr std::size_t default_point_count = 128;

    /// @param point_count at least 1
    explicit hash_ring(std::size_t point_count = default_point_count);

    /// Adds a member that gets `weight` times as many keys as one of weight 1 (0 counts as 1). No
    /// effect if it is there.
    void add(std::string_view member, std::size_t weight = 1);

    /// No effect if it is not there.
    void remove(std::string_view member);

    /// In the order of their names.
    [[nodiscard]] std::vector<std::string> members() const;

    [[nodiscard]] bool empty() const { return weights_.empty(); }

    /// Nothing if there are no members. Valid until the next change.
    [[nodiscard]] std::optional<std::string_view> owner_of(std::string_view key) const;

    /// The owner and those that would follow it, `count` different members or all there are: where
    /// copies of the key go.
    [[nodiscard]] std::vector<std::string> owners_of(std::string_view key, std::size_t count) const;

    /// Gives each key an owner such that nobody has more than its share times `load_max` (rounded
    /// up; at least 1.0), with weights taken into account: keys whose owner is full go to the next
    /// member on the ring. The result depends on the set of keys only, not on their order. When a
    /// key or member comes or goes few others move, the fewer the larger `load_max` is.
    /// @return owner of each key, in the order of `keys`; empty if there are no members
    [[nodiscard]] std::vector<std::string>
    assign(const std::vector<std::string>& keys, double load_max = default_load_max) const;

    static constexpr double default_load_max = 1.25;

    /// The place of a text on the circle.
    [[nodiscard]] static std::uint64_t place_of(std::string_view text);

private:
    struct point {
        std::uint64_t place{};
        std::string member;

        friend auto operator<=>(const point&, const point&) = default;
    };

    /// The first point at or behind a place; the ring is not empty.
    [[nodiscard]] std::size_t first_from(std::uint64_t place) const;

    std::size_t point_count_;
    std::map<std::string, std::size_t, std::less<>> weights_;
    std::vector<point> points_; ///< in the order of the circle; equal places by name
};

} // namespace conclave::recipes
