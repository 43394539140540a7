/// How far a checkpoint reaches, in one row, so that nothing in it can be out of step.
#pragma once

#include "server/zab/entry.hpp"

#include <optional>

#include "conclave/types.hpp"

namespace conclave::replica {

/// In table `meta`.
inline constexpr bytes_view history_key = "history";

struct history_row {
    zab::base_state applied;
    std::int64_t time_ms{};
    bytes password_key; ///< empty before the first epoch

    static void fields(auto& archive, auto& record) {
        archive(record.applied, record.time_ms, record.password_key);
    }
};

/// @return nothing if the octets are not a whole row.
[[nodiscard]] std::optional<history_row> decode_history_row(bytes_view octets);

} // namespace conclave::replica
