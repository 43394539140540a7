#include "server/zab/entry.hpp"

#include "server/zab/codec.hpp"

#include <xxhash.h>

namespace conclave::zab {

chain_hash chain_after(const chain_hash& before, const entry& next) {
    bytes head;
    head.reserve(96);
    jute::writer to{head};
    to(before, next.at, static_cast<std::uint8_t>(next.kind), next.from, next.time_ms);
    const XXH128_hash_t body = XXH3_128bits(next.body.data(), next.body.size());
    to(body.high64, body.low64);
    const XXH128_hash_t hash = XXH3_128bits(head.data(), head.size());
    return {hash.high64, hash.low64};
}

log_record to_log_record(shared_entry from) {
    return {record_type::entry, from->at, {}, std::move(from)};
}

log_record to_log_record(const entry& from) {
    return {record_type::entry, from.at, encoded(from), nullptr};
}

bytes_view payload_of(const log_record& record, bytes& scratch) {
    if (record.what == nullptr) {
        return record.payload;
    }
    scratch.clear();
    jute::writer{scratch}(*record.what);
    return scratch;
}

log_record to_log_record(const promise& from) {
    return {record_type::promise, zxid{from.to, 0}, encoded(from), nullptr};
}

log_record truncate_record(const position& keep) {
    return {record_type::truncate, keep.at, encoded(keep), nullptr};
}

log_record to_log_record(const base_state& from) {
    return {record_type::base, from.at.at, encoded(from), nullptr};
}

std::optional<entry> decode_entry(bytes_view payload) {
    return decoded<entry>(payload);
}

std::optional<promise> decode_promise(bytes_view payload) {
    return decoded<promise>(payload);
}

bytes encode(const epoch_start& from) {
    return encoded(from);
}

std::optional<epoch_start> decode_epoch_start(bytes_view body) {
    return decoded<epoch_start>(body);
}

std::optional<position> decode_position(bytes_view payload) {
    return decoded<position>(payload);
}

std::optional<base_state> decode_base(bytes_view payload) {
    return decoded<base_state>(payload);
}

} // namespace conclave::zab
