#include "server/configuration/known_keys.hpp"

#include "server/configuration/special_keys.hpp"

#include <algorithm>
#include <limits>

namespace conclave::configuration {

namespace {

using namespace rules;

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();

/// Keeps twenty ticks, the longest default session, within ZooKeeper's 32-bit milliseconds.
constexpr std::int64_t tick_time_ms_max = 100'000'000;

/// Below this not even a handshake fits; above it a length cannot be told from garbage.
constexpr std::int64_t jute_buffer_min = 64;
constexpr std::int64_t jute_buffer_max = std::int64_t{1} << 30;

/// A segment of the log, and the changes between two checkpoints, stay within 64 GiB.
constexpr std::int64_t size_kib_max = std::int64_t{64} << 20;

constexpr std::string_view between_servers =
    "it tunes ZooKeeper's traffic between servers; this server's has other rules";
constexpr std::string_view java_virtual_machine = "it is about the Java virtual machine";
constexpr std::string_view network_threads =
    "it tunes the threads of the Java server; ioThreads is its counterpart";
constexpr std::string_view request_pipeline =
    "it tunes a pipeline of threads; requests run on one thread here";
constexpr std::string_view group_commit =
    "the log makes durable at once whatever has gathered while it was busy";
constexpr std::string_view response_cache = "nodes are cached in one place, not as responses";
constexpr std::string_view snapshot_files =
    "it is about snapshot files; checkpoints are transactions of a database here";
constexpr std::string_view log_files =
    "the log is purged behind each checkpoint; preAllocSize and logRetentionInKb size it";
constexpr std::string_view frame_bounds =
    "a string or buffer is bounded by the frame that it comes in";
constexpr std::string_view zookeeper_files = "data of ZooKeeper 3.5.3 is not read";
constexpr std::string_view always_digest = "the digest of the tree is always kept";
constexpr std::string_view watch_tables = "there is one kind of watch table here";
constexpr std::string_view no_http_snapshots =
    "the HTTP endpoint of this release takes and restores no snapshots";
constexpr std::string_view metrics_at_once = "metrics are counted at once, without a queue";
constexpr std::string_view local_sessions = "all sessions are global here";
constexpr std::string_view no_ocsp =
    "no server of an authority is asked, and a revoked certificate would be accepted; ssl.crl "
    "checks revocation lists in the trust store";
constexpr std::string_view no_reverse_lookup =
    "addresses are never turned into names to check a certificate";
constexpr std::string_view no_sasl = "it has no SASL, so nobody can authenticate that way";
constexpr std::string_view no_stale_checks =
    "requests are refused or answered, never dropped as stale";

constexpr key_rule table[] = {
    // Place and time.
    text<&settings::data_directory>("dataDir"),
    text<&settings::log_directory>("dataLogDir"),
    flag<&settings::data_directory_autocreate>("datadir.autocreate"),
    number<&settings::tick_time, 1, tick_time_ms_max>("tickTime"),
    number<&settings::session_timeout_min, -1, int_max>("minSessionTimeout"),
    number<&settings::session_timeout_max, -1, int_max>("maxSessionTimeout"),

    // Client connections.
    custom("clientPort", special::apply_client_port, special::show_client_port),
    custom(
        "clientPortAddress", special::apply_client_port_address, special::show_client_port_address
    ),
    number<&settings::listen_backlog, -1, 65'535>("clientPortListenBacklog"),
    flag<&settings::client_tcp_keep_alive>("clientTcpKeepAlive"),
    number<&settings::connection_count_max_per_address, 0, int_max>("maxClientCnxns"),
    number<&settings::connection_count_max, 0, int_max>("maxCnxns"),
    number<&settings::sessionless_timeout, 1, int_max>("nio.sessionlessCnxnTimeout"),
    number<&settings::io_threads, -1, 256>("ioThreads"),

    // Limits of requests.
    number<&settings::outstanding_count_max, 1, int_max>("globalOutstandingLimit"),
    number<&settings::jute_buffer_size_bytes_max, jute_buffer_min, jute_buffer_max>("jute.maxbuffer"
    ),
    ignored("jute.maxbuffer.extrasize", frame_bounds),
    number<&settings::throttle_request_count_max, 0, int_max>("request_throttle_max_requests"),
    missing("throttled_op_wait_time", no_stale_checks, "0"),
    missing("largeRequestMaxBytes", "jute.maxbuffer is the only limit of a request", "104857600"),
    missing("largeRequestThreshold", "jute.maxbuffer is the only limit of a request", "-1"),
    ignored("request_throttle_stall_time", request_pipeline, "100"),
    missing("request_throttle_drop_stale", no_stale_checks, "false"),
    missing("request_stale_latency_check", no_stale_checks, "false"),
    ignored("request_stale_connection_check", no_stale_checks),
    ignored("request_throttler.shutdownTimeout", request_pipeline),

    // Connection throttle.
    number<&settings::connection_tokens, 0, int_max>("connection_throttle_tokens"),
    number<&settings::connection_token_fill_time, 1, int_max>("connection_throttle_fill_time"),
    number<&settings::connection_token_fill_count, 1, int_max>("connection_throttle_fill_count"),
    number<&settings::connection_drop_freeze_time, -1, int_max>("connection_throttle_freeze_time"),
    fraction<&settings::connection_drop_increase>("connection_throttle_drop_increase"),
    fraction<&settings::connection_drop_decrease>("connection_throttle_drop_decrease"),
    fraction<&settings::connection_decrease_ratio>("connection_throttle_decrease_ratio"),
    flag<&settings::connection_weights_enabled>("connection_throttle_weight_enabled"),
    number<&settings::connection_weight_global, 1, int_max>(
        "connection_throttle_global_session_weight"
    ),
    number<&settings::connection_weight_local, 1, int_max>(
        "connection_throttle_local_session_weight"
    ),
    number<&settings::connection_weight_renew, 1, int_max>(
        "connection_throttle_renew_session_weight"
    ),

    // Storage.
    number<&settings::log_preallocation_kib, 1, size_kib_max>("preAllocSize"),
    yes_or_no<&settings::force_sync>("forceSync"),
    number<&settings::fsync_warning_threshold, 0, int_max>("fsync.warningthresholdms"),
    custom("tornTail", special::apply_torn_tail, special::show_torn_tail),
    number<&settings::log_retention_kib, 0, size_kib_max>("logRetentionInKb"),
    ignored("txnLogSizeLimitInKb", log_files),
    number<&settings::checkpoint_size_kib, 64, size_kib_max>("checkpointSizeInKb"),
    number<&settings::checkpoint_interval, 100, int_max>("checkpointIntervalMs"),
    number<&settings::snapshot_transaction_count, 0, int_max>("snapCount"),
    ignored("snapSizeLimitInKb", snapshot_files),
    ignored("autopurge.snapRetainCount", snapshot_files),
    ignored("autopurge.purgeInterval", log_files),
    ignored("flushDelay", group_commit, "0"),
    ignored("maxWriteQueuePollTime", group_commit),
    ignored("maxBatchSize", group_commit, "1000"),
    ignored("commitLogCount", between_servers, "500"),
    ignored("maxResponseCacheSize", response_cache, "400"),
    ignored("maxGetChildrenResponseCacheSize", response_cache, "400"),
    ignored("snapshot.compression.method", snapshot_files),
    ignored("snapshot.trust.empty", snapshot_files, "false"),
    ignored("serializeLastProcessedZxid.enabled", snapshot_files, "true"),
    flag<&settings::database_autocreate>("db.autocreate"),

    // The tree.
    flag<&settings::extended_types_enabled>("extendedTypesEnabled"),
    ignored("emulate353TTLNodes", zookeeper_files, "false"),
    flag<&settings::enforce_quota>("enforceQuota"),
    ignored("digest.enabled", always_digest, "true"),
    custom("readMode", special::apply_read_mode, special::show_read_mode),
    flag<&settings::read_only_mode_enabled>("readonlymode.enabled"),
    number<&settings::container_check_interval, 1, int_max>("znode.container.checkIntervalMs"),
    number<&settings::container_count_max_per_minute, 1, int_max>("znode.container.maxPerMinute"),
    number<&settings::container_never_used_interval_max, 0, int_max>(
        "znode.container.maxNeverUsedIntervalMs"
    ),
    ignored("closeSessionTxn.enabled", "a session always ends with one transaction", "true"),
    ignored("watchManagerName", watch_tables),
    ignored("watcherCleanThreadsNum", watch_tables),
    ignored("watcherCleanThreshold", watch_tables),
    ignored("watcherCleanIntervalInSeconds", watch_tables),
    ignored("maxInProcessingDeadWatchers", watch_tables),
    ignored("bitHashCacheSize", watch_tables),
    ignored("localSessionsEnabled", local_sessions, "false"),
    ignored("localSessionsUpgradingEnabled", local_sessions, "false"),

    // Authentication.
    yes_or_no<&settings::skip_acl>("skipACL"),
    flag<&settings::digest_scheme_enabled>("DigestAuthenticationProvider.enabled"),
    custom(
        "DigestAuthenticationProvider.digestAlg",
        special::apply_digest_algorithm,
        [](const settings& values) { return values.digest_algorithm; }
    ),
    secret_text<&settings::super_digest>("DigestAuthenticationProvider.superDigest"),
    flag<&settings::session_requires_sasl>("sessionRequireClientSASLAuth"),
    flag<&settings::enforce_auth_enabled>("enforce.auth.enabled"),
    words<&settings::enforce_auth_schemes>("enforce.auth.schemes"),
    ignored("enableEagerACLCheck", "the one server checks every request anyway"),
    missing("authProvider.*", "its schemes are world, auth, digest, ip, x509 and super"),
    missing("ensembleAuthName", "it has no scheme \"ensemble\""),
    missing("superUser", no_sasl),
    missing("superUser.*", no_sasl),
    missing("allowSaslFailedClients", no_sasl, "false"),
    missing("sasl.*", no_sasl),
    missing("kerberos.*", no_sasl),
    text<&settings::x509_super_user>("X509AuthenticationProvider.superUser"),
    missing("X509AuthenticationProvider.*", "it has no such setting"),
    missing(
        "IPAuthenticationProvider.usexforwardedfor",
        "the scheme ip takes the address of the connection",
        "false"
    ),

    // TLS of clients.
    custom("secureClientPort", special::apply_secure_client_port, special::show_secure_client_port),
    custom(
        "secureClientPortAddress",
        special::apply_secure_client_port_address,
        special::show_secure_client_port_address
    ),
    flag<&settings::client_ports_are_unified>("client.portUnification"),
    flag<&settings::client_certificates_are_reloaded>("client.certReload"),
    text<&settings::client_tls, &tls_options::key_store, &tls_store::location>(
        "ssl.keyStore.location"
    ),
    text<&settings::client_tls, &tls_options::key_store, &tls_store::type>("ssl.keyStore.type"),
    secret_text<&settings::client_tls, &tls_options::key_store, &tls_store::password>(
        "ssl.keyStore.password"
    ),
    text<&settings::client_tls, &tls_options::key_store, &tls_store::password_file>(
        "ssl.keyStore.passwordPath"
    ),
    text<&settings::client_tls, &tls_options::trust_store, &tls_store::location>(
        "ssl.trustStore.location"
    ),
    text<&settings::client_tls, &tls_options::trust_store, &tls_store::type>("ssl.trustStore.type"),
    secret_text<&settings::client_tls, &tls_options::trust_store, &tls_store::password>(
        "ssl.trustStore.password"
    ),
    text<&settings::client_tls, &tls_options::trust_store, &tls_store::password_file>(
        "ssl.trustStore.passwordPath"
    ),
    text<&settings::client_tls, &tls_options::protocol>("ssl.protocol"),
    words<&settings::client_tls, &tls_options::enabled_protocols>("ssl.enabledProtocols"),
    words<&settings::client_tls, &tls_options::cipher_suites>("ssl.ciphersuites"),
    flag<&settings::client_tls, &tls_options::verifies_host_name>("ssl.hostnameVerification"),
    flag<&settings::client_tls, &tls_options::verifies_client_host_name>(
        "ssl.clientHostnameVerification"
    ),
    flag<&settings::client_tls, &tls_options::checks_revocation>("ssl.crl"),
    refused("ssl.ocsp", no_ocsp, "false"),
    missing("ssl.allowReverseDnsLookup", no_reverse_lookup, "false"),
    missing("ssl.context.supplier.class", "it is a class of Java"),
    custom("ssl.clientAuth", special::apply_client_auth, special::show_client_auth),
    number<&settings::tls_detection_timeout, 1, int_max>("ssl.handshakeDetectionTimeoutMillis"),
    number<&settings::handshake_count_max, -1, int_max>("netty.server.outstandingHandshake.limit"),
    missing("ssl.authProvider", "certificates are checked in one way here", "x509"),
    ignored("ssl.sslProvider", "TLS is OpenSSL's here"),
    missing("ssl.*", "it has no such setting"),
    ignored("fips-mode", "the configuration of OpenSSL decides about FIPS"),

    // TLS between servers.
    flag<&settings::quorum_uses_tls>("sslQuorum"),
    flag<&settings::quorum_ports_are_unified>("portUnification"),
    flag<&settings::quorum_certificates_are_reloaded>("sslQuorumReloadCertFiles"),
    text<&settings::quorum_tls, &tls_options::key_store, &tls_store::location>(
        "ssl.quorum.keyStore.location"
    ),
    text<&settings::quorum_tls, &tls_options::key_store, &tls_store::type>(
        "ssl.quorum.keyStore.type"
    ),
    secret_text<&settings::quorum_tls, &tls_options::key_store, &tls_store::password>(
        "ssl.quorum.keyStore.password"
    ),
    text<&settings::quorum_tls, &tls_options::key_store, &tls_store::password_file>(
        "ssl.quorum.keyStore.passwordPath"
    ),
    text<&settings::quorum_tls, &tls_options::trust_store, &tls_store::location>(
        "ssl.quorum.trustStore.location"
    ),
    text<&settings::quorum_tls, &tls_options::trust_store, &tls_store::type>(
        "ssl.quorum.trustStore.type"
    ),
    secret_text<&settings::quorum_tls, &tls_options::trust_store, &tls_store::password>(
        "ssl.quorum.trustStore.password"
    ),
    text<&settings::quorum_tls, &tls_options::trust_store, &tls_store::password_file>(
        "ssl.quorum.trustStore.passwordPath"
    ),
    text<&settings::quorum_tls, &tls_options::protocol>("ssl.quorum.protocol"),
    words<&settings::quorum_tls, &tls_options::enabled_protocols>("ssl.quorum.enabledProtocols"),
    words<&settings::quorum_tls, &tls_options::cipher_suites>("ssl.quorum.ciphersuites"),
    flag<&settings::quorum_tls, &tls_options::verifies_host_name>("ssl.quorum.hostnameVerification"
    ),
    flag<&settings::quorum_tls, &tls_options::verifies_client_host_name>(
        "ssl.quorum.clientHostnameVerification"
    ),
    flag<&settings::quorum_tls, &tls_options::checks_revocation>("ssl.quorum.crl"),
    refused("ssl.quorum.ocsp", no_ocsp, "false"),
    missing("ssl.quorum.allowReverseDnsLookup", no_reverse_lookup, "false"),
    missing("ssl.quorum.context.supplier.class", "it is a class of Java"),
    ignored("ssl.quorum.clientAuth", "servers always show certificates to each other", "need"),
    ignored("ssl.quorum.handshakeDetectionTimeoutMillis", between_servers),
    missing("ssl.quorum.*", "it has no such setting"),
    ignored("quorum.auth.*", between_servers),

    // Operations.
    words<&settings::four_letter_words>("4lw.commands.whitelist"),
    custom("logLevel", special::apply_log_level, special::show_log_level),
    flag<&settings::admin_enabled>("admin.enableServer"),
    text<&settings::admin_host>("admin.serverAddress"),
    number<&settings::admin_port, 0, 65'535>("admin.serverPort"),
    custom(
        "admin.commandURL",
        special::apply_command_url,
        [](const settings& values) { return values.admin_command_url; }
    ),
    number<&settings::admin_idle_timeout, 100, int_max>("admin.idleTimeout"),
    number<&settings::admin_connection_count_max, 1, 100'000>("admin.maxConnections"),
    flag<&settings::admin_writes_enabled>("admin.enableWrites"),
    flag<&settings::admin_authorization_required>("admin.requireAuthorization"),
    text<&settings::admin_token_file>("admin.tokenFile"),
    flag<&settings::admin_port_is_unified>("admin.portUnification"),
    flag<&settings::admin_forces_https>("admin.forceHttps"),
    flag<&settings::admin_needs_client_auth>("admin.needClientAuth"),
    ignored("admin.snapshot.enabled", no_http_snapshots),
    ignored("admin.restore.enabled", no_http_snapshots),
    ignored("admin.rateLimiterIntervalInMS", no_http_snapshots),
    text<&settings::metrics_provider>("metricsProvider.className"),
    text<&settings::metrics_host>("metricsProvider.httpHost"),
    number<&settings::metrics_port, 0, 65'535>("metricsProvider.httpPort"),
    ignored("metricsProvider.exportJvmInfo", java_virtual_machine),
    ignored("metricsProvider.numWorkerThreads", metrics_at_once),
    ignored("metricsProvider.maxQueueSize", metrics_at_once),
    ignored("metricsProvider.workerShutdownTimeoutMs", metrics_at_once),
    number<&settings::slow_request_threshold, 1, int_max>("slowRequestThresholdMs"),
    flag<&settings::audit_enabled>("audit.enable"),
    text<&settings::audit_file>("audit.logFile"),
    ignored("audit.impl.class", "audit lines are written by the server itself"),
    missing("audit.*", "its audit log has no such setting"),
    ignored("messageTracker.*", between_servers),
    ignored("jvm.*", java_virtual_machine),

    // Threads of the Java server.
    ignored("serverCnxnFactory", network_threads),
    ignored("nio.*", network_threads),
    ignored("netty.*", network_threads),
    ignored("commitProcessor.*", request_pipeline),

    // The ensemble.
    custom("server.*", special::apply_member_line, nullptr),
    custom("group.*", special::apply_member_line, nullptr),
    custom("weight.*", special::apply_member_line, nullptr),
    flag<&settings::standalone_enabled>("standaloneEnabled"),
    flag<&settings::reconfig_enabled>("reconfigEnabled"),
    flag<&settings::multi_address_enabled>("multiAddress.enabled"),
    text<&settings::dynamic_configuration_file>("dynamicConfigFile"),
    number<&settings::init_limit_ticks, 1, int_max>("initLimit"),
    number<&settings::sync_limit_ticks, 1, int_max>("syncLimit"),
    custom("electionAlg", special::apply_election_algorithm, nullptr),
    custom("peerType", special::apply_peer_type, nullptr),
    ignored("version", "it is the mark of a dynamic configuration file"),
    ignored("multiAddress.*", between_servers),
    ignored("connectToLearnerMasterLimit", between_servers),
    ignored("syncEnabled", between_servers),
    ignored("observerMasterPort", between_servers, "0"),
    ignored("quorumListenOnAllIPs", between_servers, "false"),
    ignored("quorum.cnxn.threads.size", between_servers),
    ignored("oraclePath", between_servers),
    yes_or_no<&settings::leader_serves>("leaderServes"),
    ignored("cnxTimeout", between_servers),
    ignored("quorumCnxnTimeoutMs", between_servers),
    ignored("electionPortBindRetry", between_servers),
    ignored("tcpKeepAlive", between_servers, "false"),
    ignored("leader.*", between_servers),
    ignored("learner.*", between_servers),
    ignored("observer.*", between_servers),
    ignored("fastleader.*", between_servers),
    ignored("forward_learner_requests_to_commit_processor_disabled", between_servers, "false"),
};

/// True for `ssl.*`, and then for every longer name that begins with "ssl.".
bool is_family(const key_rule& rule) {
    return rule.name.ends_with(".*");
}

std::string_view stem(const key_rule& rule) {
    return rule.name.substr(0, rule.name.size() - 1);
}

} // namespace

std::span<const key_rule> known_keys() {
    return table;
}

std::string_view canonical_key(std::string_view key) {
    constexpr std::string_view prefix = "zookeeper.";
    return key.starts_with(prefix) ? key.substr(prefix.size()) : key;
}

const key_rule* find_key(std::string_view key) {
    const key_rule* family = nullptr;
    for (const key_rule& rule : table) {
        if (rule.name == key) {
            return &rule;
        }
        const bool belongs =
            is_family(rule) && key.starts_with(stem(rule)) && key.size() > stem(rule).size();
        if (belongs && (family == nullptr || rule.name.size() > family->name.size())) {
            family = &rule;
        }
    }
    return family;
}

} // namespace conclave::configuration
