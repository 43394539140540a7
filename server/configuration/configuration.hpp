/// Everything that an operator can decide about a server, as one plain struct with the defaults of
/// ZooKeeper (zookeeper-protocol 12) and of Conclave's own keys. conf/conclave.cfg says what each
/// is for.
#pragma once

#include "server/configuration/membership.hpp"

#include <conclave/log_line.hpp>
#include <conclave/types.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::configuration {

/// What a read promises: order within the session, or the newest committed state.
enum class read_mode : std::uint8_t { sequential, linearizable };

/// What to make of a damaged newest batch of the log, which may be torn or rotten (zab.md 6.3, case
/// T4).
enum class torn_tail : std::uint8_t {
    standard, ///< torn: cut it off and start
    strict,   ///< perhaps acknowledged: refuse to start
};

/// Whether clients have to show a certificate.
enum class client_auth : std::uint8_t { none, want, need };

/// A file with keys or certificates.
struct tls_store {
    std::string location{};    ///< a path; empty: none
    std::string type{};        ///< PEM, PKCS12, JKS, BCFKS; empty: by the end of the name
    std::string password;      ///< secret
    std::string password_file; ///< whose first line is the password; goes before `password`

    friend bool operator==(const tls_store&, const tls_store&) = default;
};

/// How one kind of connections, those of clients or those between servers, is protected.
struct tls_options {
    tls_store key_store{};
    tls_store trust_store{};
    client_auth authentication = client_auth::need;
    std::string protocol{};                       ///< if `enabled_protocols` is empty
    std::vector<std::string> enabled_protocols{}; ///< both empty: TLSv1.2 and TLSv1.3
    std::vector<std::string> cipher_suites{};     ///< empty: those of OpenSSL
    bool verifies_host_name = true;
    bool verifies_client_host_name = false;
    bool checks_revocation = false;

    friend bool operator==(const tls_options&, const tls_options&) = default;
};

/// A checked configuration: `load` and its siblings fill it, nothing changes it afterwards, any
/// thread may read it. Values are resolved: no member means "take another's". The default is what
/// an empty file means, apart from `dataDir`, which a file has to name.
struct settings {
    // Identity and place.
    /// Checkpoint and `myid`; relative to the working directory.
    std::string data_directory = "conclave-data";
    /// Transaction log.
    std::string log_directory = "conclave-data";
    bool data_directory_autocreate = true; ///< false: the directories must exist
    bool database_autocreate = true;       ///< false: an empty database needs the file `initialize`
    server_id server{1};                   ///< from `myid`; 1 where there is none
    bool initialize_file_present = false;  ///< `zkServer-initialize.sh` has prepared the directory

    // Client connections.
    std::vector<endpoint> listeners{{"127.0.0.1", 2181}}; ///< empty: only secure ones
    std::vector<endpoint> secure_listeners;               ///< for TLS only
    std::int32_t listen_backlog = -1;                     ///< -1: the system's own
    bool client_tcp_keep_alive = false;
    std::uint32_t connection_count_max = 0;              ///< 0: no limit
    std::uint32_t connection_count_max_per_address = 60; ///< 0: no limit
    /// A connection may stay silent for so long at first.
    std::chrono::milliseconds sessionless_timeout{10'000};
    std::int32_t io_threads = -1; ///< -1: by the number of cores; 0: the core's own thread

    // Sessions.
    std::chrono::milliseconds tick_time{3'000};
    std::chrono::milliseconds session_timeout_min{6'000};
    std::chrono::milliseconds session_timeout_max{60'000};

    // Limits of requests.
    std::uint32_t outstanding_count_max = 1'000; ///< requests in flight in the whole server
    std::uint32_t jute_buffer_size_bytes_max = 1'048'575; ///< largest request frame
    /// Slack of strings and buffers inside a frame.
    std::uint32_t throttle_request_count_max = 0; ///< 0: no throttle

    // Token bucket in front of the handshake.
    std::uint32_t connection_tokens = 0; ///< 0: no throttle
    std::chrono::milliseconds connection_token_fill_time{1};
    std::uint32_t connection_token_fill_count = 1;
    std::chrono::milliseconds connection_drop_freeze_time{-1}; ///< -1: never drop by chance
    double connection_drop_increase = 0.02;
    double connection_drop_decrease = 0.002;
    double connection_decrease_ratio = 0;
    bool connection_weights_enabled = false;
    std::uint32_t connection_weight_global = 3;
    std::uint32_t connection_weight_local = 1;
    std::uint32_t connection_weight_renew = 2;

    // Storage.
    std::uint64_t log_preallocation_kib = 65'536;
    bool force_sync = true;
    std::chrono::milliseconds fsync_warning_threshold{1'000};
    torn_tail tail_policy = torn_tail::standard;
    std::uint64_t log_retention_kib = 524'288;  ///< log kept behind the newest checkpoint
    std::uint64_t checkpoint_size_kib = 32'768; ///< changed data that triggers a checkpoint
    std::chrono::milliseconds checkpoint_interval{30'000};
    std::uint64_t snapshot_transaction_count = 100'000; ///< transactions that trigger a checkpoint
    /// Log growth that triggers a checkpoint; -1: none.

    // The tree.
    bool extended_types_enabled = false; ///< TTL nodes
    bool enforce_quota = false;
    read_mode reads = read_mode::sequential;
    bool read_only_mode_enabled = false;
    std::chrono::milliseconds container_check_interval{60'000};
    std::uint32_t container_count_max_per_minute = 10'000;
    /// 0: never reap an unused container.
    std::chrono::milliseconds container_never_used_interval_max{0};

    // Authentication.
    bool skip_acl = false;
    bool digest_scheme_enabled = true;
    std::string digest_algorithm = "SHA1"; ///< SHA1, SHA224, SHA256, SHA384, SHA512 or MD5
    std::string super_digest;              ///< secret: `super:` and the digest; empty: nobody
    std::string x509_super_user;           ///< the holder of a certificate; empty: nobody
    bool session_requires_sasl = false;
    bool enforce_auth_enabled = false;
    std::vector<std::string> enforce_auth_schemes;

    // TLS.
    tls_options client_tls;
    bool client_ports_are_unified = false; ///< `listeners` take TLS as well
    bool client_certificates_are_reloaded = true;
    std::chrono::milliseconds tls_detection_timeout{5'000}; ///< for the first octet of a client
    std::int32_t handshake_count_max = 1'000; ///< TLS handshakes at once; -1: no limit
    tls_options quorum_tls{.verifies_client_host_name = true};
    bool quorum_uses_tls = false;
    bool quorum_ports_are_unified = false; ///< servers may also come without TLS, or with it
    bool quorum_certificates_are_reloaded = true;

    // Operations.
    /// "*" stands for all; ask `allows_four_letter_word`.
    std::vector<std::string> four_letter_words{"srvr"};
    conclave::log_level log_level_lowest = conclave::log_level::info;
    std::chrono::milliseconds slow_request_threshold{1'000};
    bool audit_enabled = false;
    std::string audit_file; ///< empty: the server's log

    // The admin endpoint.
    bool admin_enabled = true;
    std::string admin_host = "127.0.0.1";
    std::uint16_t admin_port = 2180; ///< 0: any that is free
    std::string admin_command_url = "/commands";
    std::chrono::milliseconds admin_idle_timeout{30'000};
    std::uint32_t admin_connection_count_max = 256;
    bool admin_writes_enabled = false;
    bool admin_authorization_required = false;
    std::string admin_token_file;       ///< empty: there is no token
    bool admin_port_is_unified = false; ///< HTTPS as well as HTTP, with the keys of `quorum_tls`
    bool admin_forces_https = false;    ///< HTTPS alone
    bool admin_needs_client_auth = false;
    std::string metrics_provider =
        "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider"; ///< ask `has_metrics_port`
    std::string metrics_host = "127.0.0.1";
    std::uint16_t metrics_port = 7000; ///< 0: any that is free

    // The ensemble; empty for a server that runs alone.
    ensemble members;
    bool standalone_enabled = true;
    bool reconfig_enabled = false;
    bool multi_address_enabled = false;
    std::string configuration_file;         ///< the one that was read; empty without one
    std::string dynamic_configuration_file; ///< empty: the members stand in the static file
    std::uint32_t init_limit_ticks = 10;
    std::uint32_t sync_limit_ticks = 5;
    bool leader_serves = true; ///< false: the leader serves no clients of its own

    friend bool operator==(const settings&, const settings&) = default;
};

/// Whether the server is a member of an ensemble, which may have one member only, or runs alone.
[[nodiscard]] bool is_ensemble(const settings& values);

/// Whether `word` may be answered (zookeeper-protocol 11.1): `srvr` always, `isro` also where
/// read-only mode is enabled, the others by the whitelist. Does not ask whether such a word exists.
[[nodiscard]] bool allows_four_letter_word(const settings& values, std::string_view word);

/// Whether clients are asked for certificates: the scheme x509.
[[nodiscard]] bool shows_certificates(const settings& values);

/// Whether /metrics is served on a port of its own, as ZooKeeper's Prometheus provider does.
[[nodiscard]] bool has_metrics_port(const settings& values);

/// The effective configuration as `key=value` lines in the order of the keys, secrets as `***`: for
/// the log at start and for the commands that show it.
[[nodiscard]] std::vector<std::string> describe(const settings& values);

} // namespace conclave::configuration
