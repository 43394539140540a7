#include "server/tls_settings.hpp"

#include <limits>

namespace conclave {

namespace {

tls::store_type type_of(const std::string& name) {
    if (name == "PEM") {
        return tls::store_type::pem;
    }
    if (name == "PKCS12") {
        return tls::store_type::pkcs12;
    }
    if (name == "JKS") {
        return tls::store_type::jks;
    }
    return name == "BCFKS" ? tls::store_type::bcfks : tls::store_type::by_suffix;
}

tls::store_settings store_of(const configuration::tls_store& configured) {
    return {
        configured.location,
        type_of(configured.type),
        configured.password,
        configured.password_file};
}

tls::client_auth authentication_of(configuration::client_auth configured) {
    switch (configured) {
    case configuration::client_auth::none:
        return tls::client_auth::none;
    case configuration::client_auth::want:
        return tls::client_auth::want;
    case configuration::client_auth::need:
        return tls::client_auth::need;
    }
    return tls::client_auth::need;
}

tls::settings keys_of(const configuration::tls_options& configured) {
    tls::settings made;
    made.key_store = store_of(configured.key_store);
    made.trust_store = store_of(configured.trust_store);
    made.authentication = authentication_of(configured.authentication);
    made.protocols = configured.enabled_protocols;
    made.cipher_suites = configured.cipher_suites;
    made.checks_revocation = configured.checks_revocation;
    return made;
}

} // namespace

std::optional<net::client_tls_settings>
client_tls_settings(const configuration::settings& configured) {
    if (configured.secure_listeners.empty() && !configured.client_ports_are_unified) {
        return std::nullopt;
    }
    net::client_tls_settings made;
    made.keys = keys_of(configured.client_tls);
    made.verifies_host_name =
        configured.client_tls.verifies_host_name && configured.client_tls.verifies_client_host_name;
    made.unifies_ports = configured.client_ports_are_unified;
    made.reloads_files = configured.client_certificates_are_reloaded;
    made.handshake_count_max = configured.handshake_count_max < 0
                                   ? std::numeric_limits<std::size_t>::max()
                                   : static_cast<std::size_t>(configured.handshake_count_max);
    made.detection_timeout = configured.tls_detection_timeout;
    made.handshake_timeout = configured.sessionless_timeout;
    return made;
}

std::optional<tls::settings> peer_tls_settings(const configuration::settings& configured) {
    if (!configured.quorum_uses_tls && !configured.quorum_ports_are_unified) {
        return std::nullopt;
    }
    return keys_of(configured.quorum_tls);
}

std::optional<tls::settings> endpoint_tls_settings(const configuration::settings& configured) {
    if (!configured.admin_port_is_unified && !configured.admin_forces_https) {
        return std::nullopt;
    }
    tls::settings made = keys_of(configured.quorum_tls);
    made.authentication =
        configured.admin_needs_client_auth ? tls::client_auth::need : tls::client_auth::none;
    return made;
}

net::peer_tls_policy peer_tls_policy(const configuration::settings& configured) {
    return {
        configured.quorum_uses_tls,
        configured.quorum_ports_are_unified,
        configured.quorum_tls.verifies_host_name,
        configured.quorum_tls.verifies_client_host_name};
}

} // namespace conclave
