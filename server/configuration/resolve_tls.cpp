/// What the keys of TLS say together.
#include "server/configuration/resolve_tls.hpp"

#include "server/configuration/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conclave::configuration {

namespace {

/// One family of keys: those of clients or those between servers.
struct family {
    std::string_view prefix; ///< of its keys
    tls_options& options;
    bool needs_trust; ///< who connects has to show a certificate, or may
    bool is_of_clients;
};

class tls_resolution {
public:
    tls_resolution(draft& from, report& out) : from_(from), values_(from.values), out_(out) {}

    void run() {
        settle_clients();
        settle_servers();
        settle_endpoint();
    }

private:
    [[nodiscard]] const place& at(std::string_view key) const { return from_.given.of(key); }

    void settle_clients() {
        const bool is_wanted = from_.secure_client_port || values_.client_ports_are_unified;
        const bool needs_trust = values_.client_tls.authentication != client_auth::none;
        family clients{"ssl.", values_.client_tls, needs_trust, true};
        settle(clients);
        if (!is_wanted) {
            return;
        }
        check_stores(
            clients, from_.secure_client_port ? "secureClientPort" : "client.portUnification"
        );
        if (values_.client_ports_are_unified && values_.listeners.empty()) {
            out_.warn(
                at("client.portUnification"),
                "client.portUnification has no effect without clientPort"
            );
        }
    }

    void settle_servers() {
        family servers{"ssl.quorum.", values_.quorum_tls, true, false};
        settle(servers);
        if (values_.quorum_uses_tls || values_.quorum_ports_are_unified) {
            check_stores(servers, values_.quorum_uses_tls ? "sslQuorum" : "portUnification");
        }
    }

    /// As in the original, the admin endpoint has the keys of the connections between servers.
    void settle_endpoint() {
        const bool is_wanted = values_.admin_forces_https || values_.admin_port_is_unified;
        if (is_wanted && values_.admin_enabled) {
            check_stores(
                {"ssl.quorum.", values_.quorum_tls, values_.admin_needs_client_auth, false},
                values_.admin_forces_https ? "admin.forceHttps" : "admin.portUnification"
            );
        }
        if (values_.admin_needs_client_auth && !values_.admin_forces_https) {
            out_.error(
                at("admin.needClientAuth"),
                "admin.needClientAuth=true needs admin.forceHttps=true: who comes without TLS "
                "shows "
                "no certificate"
            );
        }
    }

    void settle(family& of) {
        settle_protocols(of);
        check_type(of, "keyStore", of.options.key_store);
        check_type(of, "trustStore", of.options.trust_store);
    }

    /// `protocol` counts where `enabledProtocols` says nothing, as in the original.
    void settle_protocols(family& of) {
        tls_options& options = of.options;
        const bool is_list = !options.enabled_protocols.empty();
        if (!is_list && !options.protocol.empty() && options.protocol != "TLS") {
            options.enabled_protocols = {options.protocol};
        }
        const std::string key =
            fmt::format("{}{}", of.prefix, is_list ? "enabledProtocols" : "protocol");
        const bool were_given = !options.enabled_protocols.empty();
        std::erase_if(options.enabled_protocols, [&](const std::string& each) {
            const bool is_supported = each == "TLSv1.2" || each == "TLSv1.3";
            if (!is_supported) {
                out_.warn(
                    at(key),
                    fmt::format(
                        "{}: {} is not spoken here, only TLSv1.2 and TLSv1.3", key, printable(each)
                    )
                );
            }
            return !is_supported;
        });
        if (were_given && options.enabled_protocols.empty()) {
            out_.error(at(key), fmt::format("{} names no protocol that is spoken here", key));
        }
    }

    void check_type(const family& of, std::string_view name, const tls_store& store) {
        constexpr std::array<std::string_view, 4> types{"PEM", "PKCS12", "JKS", "BCFKS"};
        const auto found = std::find(types.begin(), types.end(), store.type);
        if (!store.type.empty() && found == types.end()) {
            const std::string key = fmt::format("{}{}.type", of.prefix, name);
            out_.error(
                at(key),
                fmt::format("{}: \"{}\" is none of: PEM PKCS12", key, printable(store.type))
            );
        }
    }

    /// `cause` is the key that asks for TLS.
    void check_stores(const family& of, std::string_view cause) {
        if (of.options.key_store.location.empty()) {
            out_.error(
                at(cause),
                fmt::format(
                    "{} needs {}keyStore.location, a file with the server's key and certificate",
                    cause,
                    of.prefix
                )
            );
        }
        if (of.needs_trust && of.options.trust_store.location.empty()) {
            out_.error(
                at(cause),
                fmt::format(
                    "{} needs {}trustStore.location, a file with the certificates of whom to "
                    "believe{}",
                    cause,
                    of.prefix,
                    of.is_of_clients ? "; with ssl.clientAuth=none clients show no certificate" : ""
                )
            );
        }
    }

    draft& from_;
    settings& values_;
    report& out_;
};

} // namespace

void settle_tls(draft& from, report& out) {
    tls_resolution{from, out}.run();
}

} // namespace conclave::configuration
