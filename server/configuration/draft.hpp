/// A configuration on its way: what the keys said, before the checks between keys resolve it.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/configuration/diagnostic.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace conclave::configuration {

/// `values` holds what needs no other key; members that a later step resolves begin as "not given"
/// (empty or -1).
struct draft {
    explicit draft(std::string file) : given(std::move(file)) {
        values.data_directory.clear();
        values.log_directory.clear();
        values.listeners.clear();
        values.session_timeout_min = std::chrono::milliseconds{-1};
        values.session_timeout_max = std::chrono::milliseconds{-1};
    }

    settings values;
    origins given; ///< by canonical key, without the prefix `zookeeper.`

    std::optional<std::uint16_t> client_port;
    std::string client_port_address;
    std::optional<std::uint16_t> secure_client_port;
    std::string secure_client_port_address;
    std::optional<server_id> my_id;
    bool observer_is_asked = false; ///< peerType=observer
};

/// Settles everything that depends on several keys, and reports what does not fit. The result is
/// complete, and usable if `out` has no error.
[[nodiscard]] settings resolve(draft from, report& out);

} // namespace conclave::configuration
