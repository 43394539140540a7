#include "server/configuration/draft.hpp"
#include "server/configuration/resolve_tls.hpp"
#include "server/configuration/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace conclave::configuration {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view loopback = "127.0.0.1";
constexpr std::uint16_t default_port = 2181;
constexpr int session_timeout_ticks_min = 2;
constexpr int session_timeout_ticks_max = 20;
constexpr std::uint32_t server_id_max_with_ttl = 254;

constexpr std::array<std::string_view, 18> known_words{
    "conf",
    "cons",
    "crst",
    "dirs",
    "dump",
    "envi",
    "gtmk",
    "hash",
    "isro",
    "mntr",
    "ruok",
    "srst",
    "srvr",
    "stat",
    "stmk",
    "wchc",
    "wchp",
    "wchs"};

/// Fills `values` from the other members of the draft; one step per topic.
class resolution {
public:
    resolution(draft& from, report& out) : from_(from), values_(from.values), out_(out) {}

    void run() {
        settle_directories();
        settle_session_timeouts();
        settle_limits();
        settle_server();
        settle_listeners();
        settle_tls(from_, out_);
        check_security();
        check_four_letter_words();
        settle_admin();
    }

private:
    [[nodiscard]] const place& at(std::string_view key) const { return from_.given.of(key); }

    void settle_directories() {
        if (values_.data_directory.empty()) {
            out_.error(at("dataDir"), "dataDir is required: it says where the data lives");
        }
        if (values_.log_directory.empty()) {
            values_.log_directory = values_.data_directory;
        }
        for (const auto& [key, path] :
             {std::pair<std::string_view, const std::string&>{"dataDir", values_.data_directory},
              {"dataLogDir", values_.log_directory},
              {"dynamicConfigFile", values_.dynamic_configuration_file}}) {
            if (path.starts_with("~") && from_.given.has(key)) {
                out_.warn(
                    at(key),
                    fmt::format(
                        "{}: ~ is not expanded, \"{}\" is relative to the working directory",
                        key,
                        printable(path)
                    )
                );
            }
        }
    }

    void settle_session_timeouts() {
        if (values_.session_timeout_min < 0ms) {
            values_.session_timeout_min = values_.tick_time * session_timeout_ticks_min;
        }
        if (values_.session_timeout_max < 0ms) {
            values_.session_timeout_max = values_.tick_time * session_timeout_ticks_max;
        }
        if (values_.session_timeout_min > values_.session_timeout_max) {
            const bool max_is_given = from_.given.has("maxSessionTimeout");
            out_.error(
                at(max_is_given ? "maxSessionTimeout" : "minSessionTimeout"),
                fmt::format(
                    "minSessionTimeout={} is larger than maxSessionTimeout={}{}",
                    values_.session_timeout_min.count(),
                    values_.session_timeout_max.count(),
                    max_is_given ? "" : ", which is 20 ticks unless it is given"
                )
            );
        }
    }

    void settle_limits() {
        // The original raises it in the same way, so that such files work.
        raise(values_.snapshot_transaction_count, "snapCount", std::uint64_t{2});
    }

    template <class Number>
    void raise(Number& value, std::string_view key, Number least) {
        if (value < least) {
            out_.warn(at(key), fmt::format("{}: {} is too few, {} is used", key, value, least));
            value = least;
        }
    }

    void settle_server() {
        const ensemble_options options{
            values_.multi_address_enabled,
            values_.standalone_enabled,
            values_.extended_types_enabled};
        check(values_.members, options, from_.given, out_);
        const auto& servers = values_.members.servers;
        const server_id only = servers.size() == 1 ? servers.begin()->first : server_id{1};
        values_.server = from_.my_id.value_or(only);
        const std::string first_line =
            servers.empty() ? "" : fmt::format("server.{}", servers.begin()->first.value);
        if (is_ensemble(values_) && !from_.my_id) {
            out_.error(
                at(first_line),
                fmt::format(
                    "there are {} server lines, and no myid file in dataDir says which of them "
                    "this server is",
                    servers.size()
                )
            );
        } else if (is_ensemble(values_) && !servers.contains(values_.server)) {
            out_.error(
                at(first_line),
                fmt::format(
                    "myid is {}, and no line begins with server.{}",
                    values_.server.value,
                    values_.server.value
                )
            );
        }
        const bool is_observer_line = servers.contains(values_.server) &&
                                      servers.at(values_.server).role == server_role::observer;
        if (from_.observer_is_asked && !is_observer_line) {
            out_.error(
                at("peerType"),
                "peerType=observer needs \":observer\" at the end of this server's own line"
            );
        }
        if (servers.size() == 1 && !is_ensemble(values_) && values_.server != only) {
            out_.warn(
                at(fmt::format("server.{}", only.value)),
                fmt::format(
                    "myid is {} and the only server line is server.{}; the server runs alone, as "
                    "{}",
                    values_.server.value,
                    only.value,
                    values_.server.value
                )
            );
        }
        if (values_.extended_types_enabled && values_.server.value > server_id_max_with_ttl &&
            !servers.contains(values_.server)) {
            out_.error(
                at("extendedTypesEnabled"),
                fmt::format(
                    "with extendedTypesEnabled the highest myid is {}", server_id_max_with_ttl
                )
            );
        }
    }

    /// The client part of this server's own line, or of the only line.
    [[nodiscard]] const ensemble_server* own_line() const {
        const auto& servers = values_.members.servers;
        const auto found = servers.find(values_.server);
        if (found != servers.end()) {
            return &found->second;
        }
        return servers.size() == 1 ? &servers.begin()->second : nullptr;
    }

    void settle_listeners() {
        const ensemble_server* own = own_line();
        const bool line_has_client = own != nullptr && own->client.has_value();
        endpoint listener{from_.client_port_address, from_.client_port.value_or(default_port)};
        if (line_has_client) {
            take_client_part(*own, listener);
        }
        const bool port_is_given = from_.client_port.has_value() || line_has_client;
        if (port_is_given || !from_.secure_client_port) {
            settle_host(listener, "clientPort", port_is_given);
            values_.listeners = {std::move(listener)};
        }
        if (from_.secure_client_port) {
            endpoint secure{from_.secure_client_port_address, *from_.secure_client_port};
            settle_host(secure, "secureClientPort", true);
            if (values_.listeners == std::vector{secure}) {
                out_.error(
                    at("secureClientPort"),
                    "secureClientPort and clientPort are the same; client.portUnification=true "
                    "lets clientPort take both kinds of connections"
                );
            }
            values_.secure_listeners = {std::move(secure)};
        }
    }

    void settle_host(endpoint& listener, std::string_view key, bool is_given) {
        if (!listener.host.empty()) {
            return;
        }
        listener.host = loopback;
        if (is_given) {
            out_.note(
                at(key),
                fmt::format(
                    "port {} is opened on {} only, where ZooKeeper would take all addresses; "
                    "{}Address=* opens it to others",
                    listener.port,
                    loopback,
                    key
                )
            );
        }
    }

    void take_client_part(const ensemble_server& own, endpoint& listener) {
        if (from_.client_port && *from_.client_port != own.client->port) {
            out_.error(
                at("clientPort"),
                fmt::format(
                    "clientPort={} contradicts the server line, which says {}",
                    *from_.client_port,
                    own.client->port
                )
            );
        }
        listener.port = own.client->port;
        if (!own.client_host_is_given) {
            return;
        }
        if (!listener.host.empty() && listener.host != own.client->host) {
            out_.error(
                at("clientPortAddress"),
                fmt::format(
                    "clientPortAddress={} contradicts the server line, which says {}",
                    printable(listener.host),
                    printable(own.client->host)
                )
            );
        }
        listener.host = own.client->host;
    }

    void check_security() {
        check_enforced_schemes();
        if (values_.session_requires_sasl) {
            out_.warn(
                at("sessionRequireClientSASLAuth"),
                "this release has no SASL, so every client will be refused"
            );
        }
        if (values_.skip_acl) {
            out_.warn(at("skipACL"), "skipACL=yes: every client may read and change every node");
        }
        if (!values_.force_sync) {
            out_.warn(
                at("forceSync"), "forceSync=no: a power cut may take acknowledged changes with it"
            );
        }
        if (!values_.super_digest.empty() && values_.super_digest.find(':') == std::string::npos) {
            out_.warn(
                at("DigestAuthenticationProvider.superDigest"),
                "DigestAuthenticationProvider.superDigest lacks the form user:digest, so that "
                "nobody can match it"
            );
        }
        if (!values_.x509_super_user.empty() && !shows_certificates(values_)) {
            out_.warn(
                at("X509AuthenticationProvider.superUser"),
                "X509AuthenticationProvider.superUser: no client can show a certificate, because "
                "there is no TLS for clients or ssl.clientAuth=none"
            );
        }
    }

    /// As in the original, schemes that nobody can satisfy keep the server from starting.
    void check_enforced_schemes() {
        if (!values_.enforce_auth_enabled) {
            return;
        }
        if (values_.enforce_auth_schemes.empty()) {
            out_.error(
                at("enforce.auth.enabled"), "enforce.auth.enabled=true needs enforce.auth.schemes"
            );
        }
        for (const std::string& scheme : values_.enforce_auth_schemes) {
            const bool is_available = scheme == "ip" ||
                                      (scheme == "digest" && values_.digest_scheme_enabled) ||
                                      (scheme == "x509" && shows_certificates(values_));
            if (!is_available) {
                out_.error(
                    at("enforce.auth.schemes"),
                    fmt::format("scheme \"{}\" is not available here", printable(scheme))
                );
            }
        }
    }

    void check_four_letter_words() {
        for (const std::string& word : values_.four_letter_words) {
            const bool known =
                word == "*" ||
                std::find(known_words.begin(), known_words.end(), word) != known_words.end();
            if (!known) {
                out_.warn(
                    at("4lw.commands.whitelist"),
                    fmt::format("there is no four-letter word \"{}\"", printable(word))
                );
            }
        }
    }

    void settle_admin() {
        for (const auto& [key, host] :
             {std::pair<std::string_view, std::string&>{"admin.serverAddress", values_.admin_host},
              {"metricsProvider.httpHost", values_.metrics_host}}) {
            if (host.empty() || host == "*") {
                host = host.empty() ? loopback : "0.0.0.0";
            }
        }
        const bool is_open = values_.admin_host != loopback && values_.admin_host != "localhost" &&
                             values_.admin_host != "::1";
        const bool has_operators =
            !values_.admin_token_file.empty() || !values_.super_digest.empty();
        if (values_.admin_authorization_required && !has_operators) {
            out_.error(
                at("admin.requireAuthorization"),
                "admin.requireAuthorization=true lets nobody in: set admin.tokenFile, or "
                "DigestAuthenticationProvider.superDigest"
            );
        }
        if (values_.admin_writes_enabled && is_open && !values_.admin_forces_https) {
            out_.warn(
                at("admin.enableWrites"),
                "admin.enableWrites=true on an address that others reach: names, passwords and "
                "tokens travel there without encryption; admin.forceHttps=true protects them"
            );
        }
        if (values_.metrics_provider.find('.') == std::string::npos) {
            out_.warn(
                at("metricsProvider.className"),
                fmt::format(
                    "metricsProvider.className: \"{}\" is no name of a class",
                    printable(values_.metrics_provider)
                )
            );
        } else if (!has_metrics_port(values_) &&
                   !values_.metrics_provider.ends_with(".DefaultMetricsProvider") &&
                   !values_.metrics_provider.ends_with(".NullMetricsProvider")) {
            out_.warn(
                at("metricsProvider.className"),
                "metricsProvider.className: providers are Java classes, which cannot be loaded "
                "here; "
                "/metrics of the admin endpoint serves Prometheus"
            );
        } else if (has_metrics_port(values_) && !from_.given.has("metricsProvider.httpHost")) {
            out_.note(
                at("metricsProvider.className"),
                fmt::format(
                    "/metrics is served on port {} of {} only, where ZooKeeper would take all "
                    "addresses; metricsProvider.httpHost=* opens it to others",
                    values_.metrics_port,
                    loopback
                )
            );
        }
    }

    draft& from_;
    settings& values_;
    report& out_;
};

} // namespace

settings resolve(draft from, report& out) {
    resolution(from, out).run();
    return std::move(from.values);
}

} // namespace conclave::configuration
