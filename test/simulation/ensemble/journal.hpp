/// The story of a run: a hash of everything always, a line per event if somebody wants to read it.
#pragma once

#include "test/simulation/ensemble/schedule.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace conclave::ensemble {

/// An invariant does not hold. The message names it.
struct violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class... Arguments>
[[noreturn]] void violated(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    throw violation{fmt::format(text, std::forward<Arguments>(arguments)...)};
}

class journal {
public:
    journal(const schedule& events, bool is_printed) : events_(events), is_printed_(is_printed) {}

    /// `who` such as "s1" or "c3". The hash covers it and the values, not the wording.
    template <class... Arguments>
    void note(
        char kind, std::uint64_t who, fmt::format_string<Arguments...> text, Arguments&&... values
    ) {
        const auto now = static_cast<std::uint64_t>(events_.now().count());
        mix(now ^ (static_cast<std::uint64_t>(kind) << 56) ^ (who << 48));
        (mix(values), ...);
        if (is_printed_) {
            fmt::print("{:>12.6f} {}{} ", static_cast<double>(now) / 1e9, kind, who);
            fmt::print(text, std::forward<Arguments>(values)...);
            fmt::print("\n");
        }
    }

    [[nodiscard]] bool is_printed() const { return is_printed_; }

    [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
    void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U + (hash_ >> 29); }

    template <class Integer>
    requires std::is_integral_v<Integer>

    void mix(Integer value) { mix(static_cast<std::uint64_t>(value)); }

    void mix(std::string_view text) {
        for (const char each : text) {
            mix(static_cast<std::uint64_t>(static_cast<unsigned char>(each)));
        }
    }

    const schedule& events_;
    bool is_printed_;
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

} // namespace conclave::ensemble
