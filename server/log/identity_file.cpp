#include "server/log/identity_file.hpp"

#include "server/log/little_endian.hpp"

#include <conclave/checksum.hpp>

#include <algorithm>

namespace conclave::txnlog {

namespace {

constexpr bytes_view magic = "CONCLVID";
constexpr std::size_t version_at = 8;
constexpr std::size_t preamble_checksum_at = 12;
constexpr std::size_t cluster_at = 16;
constexpr std::size_t storage_at = 32;
constexpr std::size_t checksum_at = 48;
constexpr std::size_t file_size = 52;

void store_id(bytes& octets, std::size_t at, const unique_id& id) {
    std::copy(id.begin(), id.end(), octets.begin() + static_cast<std::ptrdiff_t>(at));
}

unique_id load_id(bytes_view octets, std::size_t at) {
    unique_id id{};
    const bytes_view part = octets.substr(at, id.size());
    std::transform(part.begin(), part.end(), id.begin(), [](char octet) {
        return static_cast<std::uint8_t>(octet);
    });
    return id;
}

} // namespace

bytes encode(const data_identity& identity) {
    bytes octets(file_size, '\0');
    std::copy(magic.begin(), magic.end(), octets.begin());
    store_little_endian(octets.data() + version_at, data_format_version);
    store_little_endian(
        octets.data() + preamble_checksum_at,
        crc32c(bytes_view{octets}.substr(0, preamble_checksum_at))
    );
    store_id(octets, cluster_at, identity.cluster);
    store_id(octets, storage_at, identity.storage);
    store_little_endian(
        octets.data() + checksum_at, crc32c(bytes_view{octets}.substr(0, checksum_at))
    );
    return octets;
}

std::optional<decoded_identity> decode_identity(bytes_view octets) {
    if (octets.size() < cluster_at || !octets.starts_with(magic) ||
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
