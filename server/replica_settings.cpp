#include "server/replica_settings.hpp"

#include <algorithm>
#include <random>

namespace conclave {

namespace {

std::uint64_t random_number() {
    std::random_device source;
    return (std::uint64_t{source()} << 32) | source();
}

secret random_secret() {
    std::random_device source;
    secret key{};
    std::generate(key.begin(), key.end(), [&] { return static_cast<char>(source()); });
    return key;
}

/// The high byte is the server, then 40 bits of a clock, then 16 bits that count
/// (zookeeper-protocol 2.3). An owner that begins with 0xff is a time to live (zookeeper-protocol
/// 6), so the byte of server 255 is 0, which no other server has.
session_id first_session(server_id self, std::int64_t wall_ms) {
    constexpr unsigned server_shift = 56;
    constexpr unsigned counter_bits = 16;
    constexpr std::uint64_t id_count = 255;
    const std::uint64_t clock = (static_cast<std::uint64_t>(wall_ms) << (counter_bits + 8)) >> 8;
    const std::uint64_t id = ((self.value % id_count) << server_shift) |
                             (clock & ((std::uint64_t{1} << server_shift) - 1));
    return session_id{static_cast<std::int64_t>(id)};
}

/// What ZooKeeper's followers still take: twice jute.maxbuffer. Less the little that a record of
/// the log needs besides, for `storage` keeps as much room free.
std::size_t transaction_size_max(const configuration::settings& configured) {
    constexpr std::size_t least = std::size_t{128} << 10;
    constexpr std::size_t overhead = 4096;
    const std::size_t twice = 2 * std::size_t{configured.jute_buffer_size_bytes_max};
    return std::max(least, twice - std::min(twice, overhead));
}

std::vector<bytes> enforced_schemes(const configuration::settings& configured) {
    if (configured.session_requires_sasl) {
        return {"sasl"};
    }
    return configured.enforce_auth_enabled ? configured.enforce_auth_schemes : std::vector<bytes>{};
}

} // namespace

replica::settings
make_replica_settings(const configuration::settings& configured, std::int64_t wall_ms) {
    constexpr std::size_t kibibyte = 1024;
    replica::settings made;
    made.self = configured.server;
    made.boot = random_number();
    if (configuration::is_ensemble(configured)) {
        made.ensemble = replica::membership_of(configured.members);
    }
    made.fresh_password_key = random_secret();
    made.fresh_hash_seed = random_number();
    made.first_session = first_session(configured.server, wall_ms);
    made.tick = configured.tick_time;
    made.session_timeout_ms_min = static_cast<std::int32_t>(configured.session_timeout_min.count());
    made.session_timeout_ms_max = static_cast<std::int32_t>(configured.session_timeout_max.count());
    made.reconfig_enabled = configured.reconfig_enabled;
    made.reconfiguration = {
        configured.standalone_enabled,
        configured.multi_address_enabled,
        configured.extended_types_enabled};
    made.leader_serves = configured.leader_serves;
    made.read_only_enabled = configured.read_only_mode_enabled;
    made.may_found = configured.database_autocreate || configured.initialize_file_present;
    made.preparation.access = {
        configured.skip_acl,
        configured.digest_scheme_enabled,
        configuration::shows_certificates(configured)};
    made.preparation.extended_types = configured.extended_types_enabled;
    made.preparation.enforce_quota = configured.enforce_quota;
    made.reaper = {
        configured.container_check_interval,
        configured.container_count_max_per_minute,
        configured.container_never_used_interval_max};
    made.checkpoint.dirty_size_max = configured.checkpoint_size_kib * kibibyte;
    made.checkpoint.transaction_count_max = configured.snapshot_transaction_count;
    made.checkpoint.interval = configured.checkpoint_interval;
    if (!configured.super_digest.empty()) {
        made.authentication.super_digest = configured.super_digest;
    }
    made.authentication.digest_algorithm = configured.digest_algorithm;
    made.authentication.x509_super_user = configured.x509_super_user;
    made.authentication.enforced_schemes = enforced_schemes(configured);
    made.limits.outstanding_max = configured.outstanding_count_max;
    made.limits.handshake_timeout = configured.sessionless_timeout;
    made.limits.touch_interval = std::min(made.limits.touch_interval, configured.tick_time / 2);
    made.limits.transaction_size_max = transaction_size_max(configured);
    made.connection_throttle = {
        configured.connection_tokens,
        configured.connection_token_fill_time,
        configured.connection_token_fill_count,
        configured.connection_drop_freeze_time,
        configured.connection_drop_increase,
        configured.connection_drop_decrease,
        configured.connection_decrease_ratio,
        configured.connection_weights_enabled,
        configured.connection_weight_global,
        configured.connection_weight_renew};
    made.slow_request_threshold = configured.slow_request_threshold;
    made.is_audited = configured.audit_enabled;
    made.stopwatch = [] {
        return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()};
    };
    if (configured.throttle_request_count_max != 0) {
        made.limits.outstanding_max = std::min<std::size_t>(
            made.limits.outstanding_max, configured.throttle_request_count_max
        );
    }
    return made;
}

} // namespace conclave
