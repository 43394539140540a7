/// Reads a file of ZooKeeper's field by field, with the checksum of everything that was read.
#pragma once

#include "server/maintenance/octet_source.hpp"

#include <conclave/jute.hpp>
#include <conclave/types.hpp>

#include <optional>
#include <string>

namespace conclave::maintenance {

/// The first thing that is not as it should be makes it fail for good: later fields read as zero or
/// empty, `ok()` is false, and `problem()` says what and where. Memory grows with what is there,
/// never with a length that is only claimed.
class archive_reader {
public:
    explicit archive_reader(octet_source& from) : from_(from) {}

    template <std::integral Integer>
    [[nodiscard]] Integer number() {
        Integer value{};
        jute::reader in{take(sizeof value)};
        in(value);
        return value;
    }

    /// Nothing for null. Valid until the next call.
    [[nodiscard]] std::optional<bytes_view> buffer();

    /// A buffer that must not be null.
    [[nodiscard]] bytes_view text();

    /// Exactly so many octets, or none and failure.
    [[nodiscard]] bytes_view take(std::size_t size);

    /// True if there is nothing more. Reads ahead.
    [[nodiscard]] bool is_at_end();

    void fail(const std::string& what);

    [[nodiscard]] bool ok() const { return problem_.empty(); }

    /// The file ended where something had to be.
    [[nodiscard]] bool is_cut_off() const { return is_cut_off_; }

    [[nodiscard]] const std::string& problem() const { return problem_; }

    /// Octets taken so far.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }

    /// Adler-32 of the octets taken so far.
    [[nodiscard]] std::uint32_t checksum() const { return checksum_; }

private:
    [[nodiscard]] bool fill(std::size_t size);

    octet_source& from_;
    bytes buffer_;
    std::size_t taken_ = 0;
    std::uint64_t offset_ = 0;
    std::uint32_t checksum_ = 1; // of nothing
    bool is_cut_off_ = false;
    std::string problem_;
};

} // namespace conclave::maintenance
