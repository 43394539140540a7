/// The words about watches: wchs, wchc, wchp.
#pragma once

#include <conclave/types.hpp>

#include <vector>

namespace conclave::admin {

/// A path that a session watches. In a list of them each pair stands once, paths ascending.
struct watched_path {
    bytes_view path;
    session_id session;
};

[[nodiscard]] bytes wchs_text(const std::vector<watched_path>& watches);

/// By session, ascending.
[[nodiscard]] bytes wchc_text(const std::vector<watched_path>& watches);

/// By path, ascending.
[[nodiscard]] bytes wchp_text(const std::vector<watched_path>& watches);

} // namespace conclave::admin
