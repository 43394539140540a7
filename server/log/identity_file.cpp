#include "server/log/identity_file.hpp"

#include "server/log/little_endian.hpp"
#include "server/log/unique_id.hpp"

#include <conclave/checksum.hpp>

#include <algorithm>

namespace conclave::txnlog {

namespace {

constexpr bytes_view identity_magic = "CONCLVID";
constexpr std::size_t version_at = 8;
constexpr std::size_t preamble_checksum_at = 12;
constexpr std::size_t cluster_at = 16;
constexpr std::size_t storage_at = 32;
constexpr std::size_t checksum_at = 48;
constexpr std::size_t file_size = 52;

} // namespace

bytes encode(const data_identity& identity) {
    bytes octets(file_size, '\0');
    std::copy(identity_magic.begin(), identity_magic.end(), octets.begin());
    store_little_endian(octets.data() + version_at, data_format_version);
    store_little_endian(
        octets.data() + preamble_checksum_at,
        crc32c(bytes_view{octets}.substr(0, preamble_checksum_at))
    );
    store_id(octets.data() + cluster_at, identity.cluster);
    store_id(octets.data() + storage_at, identity.storage);
    store_little_endian(
        octets.data() + checksum_at, crc32c(bytes_view{octets}.substr(0, checksum_at))
    );
    return octets;
}

std::optional<decoded_identity> decode_identity(bytes_view octets) {
    if (octets.size() < cluster_at || !octets.starts_with(identity_magic) ||
        load_little_endian<std::uint32_t>(octets, preamble_checksum_at) !=
            crc32c(octets.substr(0, preamble_checksum_at))) {
        return std::nullopt;
    }
    decoded_identity decoded;
    decoded.version = load_little_endian<std::uint32_t>(octets, version_at);
    if (decoded.version > data_format_version) {
        return decoded;
    }
    if (octets.size() != file_size || load_little_endian<std::uint32_t>(octets, checksum_at) !=
                                          crc32c(octets.substr(0, checksum_at))) {
        return std::nullopt;
    }
    decoded.identity.cluster = load_id(octets, cluster_at);
    decoded.identity.storage = load_id(octets, storage_at);
    return decoded;
}

} // namespace conclave::txnlog
