/// Chance, from a seed alone.
#pragma once

#include <chrono>
#include <cstdint>

namespace conclave::ensemble {

using std::chrono::nanoseconds;

/// splitmix64. Each part of a world draws from a source of its own, so that a new kind of fault
/// does not shift what the others draw.
class random_source {
public:
    explicit random_source(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31);
    }

    /// In [0, bound).
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }

    /// In [0, 1).
    double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

    bool chance(double probability) { return fraction() < probability; }

    /// Both ends included.
    nanoseconds between(nanoseconds least, nanoseconds most) {
        const auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
        return least + nanoseconds{static_cast<std::int64_t>(below(width))};
    }

    /// For another part.
    random_source split() { return random_source{next()}; }

private:
    std::uint64_t state_;
};

} // namespace conclave::ensemble
