/// The settings of the admin endpoint, from those of the server.
#pragma once

#include "server/admin/endpoint.hpp"
#include "server/configuration/configuration.hpp"

namespace conclave {

/// Reads the token file.
/// @throws std::runtime_error with a sentence for the operator
[[nodiscard]] admin::endpoint_settings
make_endpoint_settings(const configuration::settings& configured);

} // namespace conclave
