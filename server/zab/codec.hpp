/// Whole records to octets and back. Private to this folder.
#pragma once

#include <optional>

#include "conclave/jute.hpp"

namespace conclave::zab {

template <class Record>
[[nodiscard]] bytes encoded(const Record& record) {
    bytes out;
    jute::writer{out}(record);
    return out;
}

/// @return nothing if `payload` is not exactly one such record.
template <class Record>
[[nodiscard]] std::optional<Record> decoded(bytes_view payload) {
    jute::reader in{payload};
    Record record;
    in(record);
    if (!in.ok() || !in.rest().empty()) {
        return std::nullopt;
    }
    return record;
}

} // namespace conclave::zab
