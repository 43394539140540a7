#include "server/zab/entry.hpp"

#include <xxhash.h>

namespace conclave::zab {

namespace {

template <class Record>
bytes encoded(const Record& record) {
    bytes out;
    jute::writer{out}(record);
    return out;
}

template <class Record>
std::optional<Record> decoded(bytes_view payload) {
    jute::reader in{payload};
    Record record;
    in(record);
    if (!in.ok() || !in.rest().empty()) {
        return std::nullopt;
    }
    return record;
}

} // namespace

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

log_record to_log_record(const entry& from) {
    log_record record{record_type::entry, from.at, {}};
    record.payload.reserve(from.body.size() + 80);
    jute::writer{record.payload}(from);
    return record;
}

log_record to_log_record(const promise& from) {
    return {record_type::promise, zxid{from.to, 0}, encoded(from)};
}

std::optional<entry> decode_entry(bytes_view payload) {
    return decoded<entry>(payload);
}

std::optional<promise> decode_promise(bytes_view payload) {
    return decoded<promise>(payload);
}

} // namespace conclave::zab
