/// What the configuration reader has to say to the operator. Every problem is collected, so that
/// one run shows all.
#pragma once

#include <conclave/text.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conclave::configuration {

enum class severity : std::uint8_t {
    note,    ///< accepted, and worth one line in the log
    warning, ///< accepted, but probably not what was meant
    error,   ///< the server must not start
};

/// Where a sentence belongs. Lines count from 1; 0 stands for the file as a whole.
struct place {
    std::string file;
    std::uint32_t line = 0;

    friend bool operator==(const place&, const place&) = default;
};

struct diagnostic {
    severity level = severity::note;
    place where;
    std::string text;

    friend bool operator==(const diagnostic&, const diagnostic&) = default;
};

/// "zoo.cfg:12: error: tickTime: ...", the form that editors and build tools understand.
[[nodiscard]] std::string to_string(const diagnostic& entry);

using text::printable;

/// Where each key was given last, so that a check between keys can point at one of them.
class origins {
public:
    explicit origins(std::string file) : whole_{std::move(file), 0} {}

    void set(std::string_view key, place where) {
        places_.insert_or_assign(std::string(key), std::move(where));
    }

    [[nodiscard]] bool has(std::string_view key) const {
        return places_.find(key) != places_.end();
    }

    /// The file as a whole for a key that was not given.
    [[nodiscard]] const place& of(std::string_view key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? whole_ : found->second;
    }

private:
    place whole_;
    std::map<std::string, place, std::less<>> places_;
};

/// The diagnostics of one run, in the order of discovery.
/// Bounded: after `count_max` only errors and one line that says so are kept, at most twice as many
/// altogether.
class report {
public:
    static constexpr std::size_t count_max = 500;

    void add(severity level, const place& where, std::string text);

    void note(const place& where, std::string text) { add(severity::note, where, std::move(text)); }

    void warn(const place& where, std::string text) {
        add(severity::warning, where, std::move(text));
    }

    void error(const place& where, std::string text) {
        add(severity::error, where, std::move(text));
    }

    [[nodiscard]] const std::vector<diagnostic>& entries() const { return entries_; }

private:
    std::vector<diagnostic> entries_;
};

} // namespace conclave::configuration
