#include "server/configuration/diagnostic.hpp"

#include <fmt/format.h>

#include <utility>

namespace conclave::configuration {

namespace {

std::string_view name(severity level) {
    switch (level) {
    case severity::note:
        return "note";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return "error";
}

} // namespace

std::string to_string(const diagnostic& entry) {
    if (entry.where.line == 0) {
        return fmt::format("{}: {}: {}", entry.where.file, name(entry.level), entry.text);
    }
    return fmt::format(
        "{}:{}: {}: {}", entry.where.file, entry.where.line, name(entry.level), entry.text
    );
}

void report::add(severity level, const place& where, std::string text) {
    if (entries_.size() == count_max) {
        entries_.push_back({severity::warning, where, "more notes and warnings were left out"});
    }
    const bool room = entries_.size() < count_max;
    if (room || (level == severity::error && entries_.size() < 2 * count_max)) {
        entries_.push_back({level, where, std::move(text)});
    }
}

} // namespace conclave::configuration
