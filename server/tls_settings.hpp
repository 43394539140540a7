/// From the keys of TLS to what the network is told.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/net/settings.hpp"
#include "server/net/tls_stream.hpp"

#include <optional>

namespace conclave {

/// Nothing if clients cannot use TLS.
[[nodiscard]] std::optional<net::client_tls_settings>
client_tls_settings(const configuration::settings& configured);

/// Nothing if servers talk to each other without TLS.
[[nodiscard]] std::optional<tls::settings>
peer_tls_settings(const configuration::settings& configured);

/// Nothing if the admin endpoint speaks plain HTTP alone.
[[nodiscard]] std::optional<tls::settings>
endpoint_tls_settings(const configuration::settings& configured);

[[nodiscard]] net::peer_tls_policy peer_tls_policy(const configuration::settings& configured);

} // namespace conclave
