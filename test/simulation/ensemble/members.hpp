/// How servers stand in a configuration.
#pragma once

#include "server/zab/membership.hpp"

#include <fmt/format.h>

namespace conclave::ensemble {

/// The line of a server in the configuration. Nobody dials it.
[[nodiscard]] inline bytes address_of(std::uint32_t id, bool is_voter) {
    const char* const role = is_voter ? "participant" : "observer";
    return fmt::format("host-{}:1:2:{};0.0.0.0:3", id, role);
}

[[nodiscard]] inline zab::member member_of(std::uint32_t id, bool is_voter) {
    zab::member made;
    made.id = server_id{id};
    made.is_voter = is_voter;
    made.address = address_of(id, is_voter);
    return made;
}

} // namespace conclave::ensemble
