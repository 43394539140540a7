/// The log carries the records of the replicated history through damage that a checksum may miss:
/// any bytes are refused, or they are a record that is written back as the same record.
#include "server/replica/transaction.hpp"
#include "server/zab/entry.hpp"

#include <conclave/assert.hpp>

#include <cstddef>
#include <cstdint>

namespace {

using namespace conclave;

void check_transaction(bytes_view body) {
    if (const auto read = replica::decode_transaction(body)) {
        CONCLAVE_ASSERT(replica::decode_transaction(replica::encode(*read)) == read);
    }
}

void check_epoch_start(bytes_view body) {
    if (const auto read = replica::decode_epoch_start(body)) {
        CONCLAVE_ASSERT(replica::decode_epoch_start(replica::encode(*read)) == read);
    }
}

void check_promise(bytes_view payload) {
    if (const auto read = zab::decode_promise(payload)) {
        CONCLAVE_ASSERT(zab::decode_promise(zab::to_log_record(*read).payload) == read);
    }
}

void check_entry(bytes_view payload) {
    const auto read = zab::decode_entry(payload);
    if (!read) {
        return;
    }
    CONCLAVE_ASSERT(zab::decode_entry(zab::to_log_record(*read).payload) == read);
    check_transaction(read->body);
    if (const auto start = zab::decode_epoch_start(read->body)) {
        check_epoch_start(start->application);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view octets(reinterpret_cast<const char*>(data), size);
    check_transaction(octets);
    check_epoch_start(octets);
    check_promise(octets);
    check_entry(octets);
    return 0;
}
