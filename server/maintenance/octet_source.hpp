/// Octets in their order, from a file that may be compressed.
#pragma once

#include <conclave/result.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace conclave::maintenance {

class octet_source {
public:
    virtual ~octet_source() = default;

    /// Fills `into` as far as there is something: 0 only at the end.
    /// @return a sentence if the file cannot be read or is not what it should be
    [[nodiscard]] virtual result<std::size_t, std::string> read(std::span<char> into) = 0;
};

using octet_source_pointer = std::unique_ptr<octet_source>;

/// The octets that ZooKeeper wrote: those of the file, of what gzip or snappy made of it if the
/// name ends with ".gz" or ".snappy".
[[nodiscard]] result<octet_source_pointer, std::string> open_source(const std::string& path);

/// Decodes the framing of snappy-java (`SnappyOutputStream`). Memory: one block, 64 MiB at most.
[[nodiscard]] octet_source_pointer make_snappy_source(octet_source_pointer compressed);

} // namespace conclave::maintenance
