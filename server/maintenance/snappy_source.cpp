/// Snappy, as ZooKeeper's snapshots use it: a header, then blocks with their length in front.
///
/// The format of a block: the length of what it decodes to, as a little-endian number of 7 bits an
/// octet; then elements, whose first octet tells in its two lowest bits whether octets follow as
/// they are (0), or what was decoded already is copied: from a distance of 11 bits (1), 16 (2) or
/// 32 (3).
#include "server/maintenance/octet_source.hpp"

#include <conclave/jute.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace conclave::maintenance {

namespace {

constexpr std::size_t block_size_max = std::size_t{64} << 20;

class block_decoder {
public:
    explicit block_decoder(bytes_view compressed) : rest_(compressed) {}

    /// @return nothing if the block is not whole
    std::optional<bytes> decode() {
        const std::optional<std::size_t> size = take_size();
        if (!size || *size > block_size_max) {
            return std::nullopt;
        }
        while (!rest_.empty()) {
            if (!take_element() || decoded_.size() > *size) {
                return std::nullopt;
            }
        }
        return decoded_.size() == *size ? std::optional{std::move(decoded_)} : std::nullopt;
    }

private:
    std::optional<std::size_t> take_size() {
        std::size_t size = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            const auto octet = take_number(1);
            if (!octet) {
                return std::nullopt;
            }
            size |= (*octet & 0x7fU) << shift;
            if (*octet < 0x80) {
                return size;
            }
        }
        return std::nullopt;
    }

    /// Little-endian.
    std::optional<std::size_t> take_number(std::size_t width) {
        if (rest_.size() < width) {
            return std::nullopt;
        }
        std::size_t number = 0;
        for (std::size_t index = 0; index < width; ++index) {
            number |= std::size_t{static_cast<unsigned char>(rest_[index])} << (8 * index);
        }
        rest_.remove_prefix(width);
        return number;
    }

    bool take_element() {
        const std::size_t tag = *take_number(1);
        const std::size_t upper = tag >> 2U;
        switch (tag & 3U) {
        case 0:
            return take_literal(upper);
        case 1: {
            const auto low = take_number(1);
            return low && copy((upper >> 3U) << 8U | *low, (upper & 7U) + 4);
        }
        case 2: {
            const auto distance = take_number(2);
            return distance && copy(*distance, upper + 1);
        }
        default: {
            const auto distance = take_number(4);
            return distance && copy(*distance, upper + 1);
        }
        }
    }

    bool take_literal(std::size_t upper) {
        constexpr std::size_t length_follows = 60; // in upper - 59 octets
        std::size_t length = upper;
        if (upper >= length_follows) {
            const auto number = take_number(upper - length_follows + 1);
            if (!number) {
                return false;
            }
            length = *number;
        }
        ++length;
        if (length > rest_.size()) {
            return false;
        }
        decoded_.append(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return true;
    }

    /// May overlap what it makes: a short text repeated.
    bool copy(std::size_t distance, std::size_t length) {
        if (distance == 0 || distance > decoded_.size()) {
            return false;
        }
        for (std::size_t from = decoded_.size() - distance; length > 0; --length, ++from) {
            decoded_.push_back(decoded_[from]);
        }
        return true;
    }

    bytes_view rest_;
    bytes decoded_;
};

class snappy_source final : public octet_source {
public:
    explicit snappy_source(octet_source_pointer compressed) : compressed_(std::move(compressed)) {}

    result<std::size_t, std::string> read(std::span<char> into) override {
        while (taken_ == block_.size()) {
            const auto more = next_block();
            if (!more) {
                return unexpected{more.error()};
            }
            if (!*more) {
                return std::size_t{0};
            }
        }
        const std::size_t size = std::min(into.size(), block_.size() - taken_);
        std::copy_n(block_.data() + taken_, size, into.data());
        taken_ += size;
        return size;
    }

private:
    /// As many octets as are asked for, fewer at the end. Memory grows with what is there.
    result<bytes, std::string> fetch(std::size_t size) {
        bytes gathered;
        std::array<char, 65536> portion;
        while (gathered.size() < size) {
            const std::size_t wanted = std::min(portion.size(), size - gathered.size());
            const auto count = compressed_->read(std::span{portion.data(), wanted});
            if (!count) {
                return unexpected{count.error()};
            }
            if (*count == 0) {
                break;
            }
            gathered.append(portion.data(), *count);
        }
        return gathered;
    }

    result<bool, std::string> next_block() {
        static constexpr bytes_view magic{"\x82SNAPPY\0", 8};
        constexpr std::size_t header_size = 16; // the magic word and two versions
        if (!has_header_) {
            const auto header = fetch(header_size);
            if (!header || header->size() != header_size || !header->starts_with(magic)) {
                return unexpected{std::string{"it is no file of snappy-java"}};
            }
            has_header_ = true;
        }
        const auto prefix = fetch(sizeof(std::uint32_t));
        if (!prefix) {
            return unexpected{prefix.error()};
        }
        if (prefix->empty()) {
            return false;
        }
        std::uint32_t size = 0;
        jute::reader in{*prefix};
        in(size);
        if (!in.ok() || size > block_size_max) {
            return unexpected{std::string{"a block of snappy is cut off or too long"}};
        }
        const auto compressed = fetch(size);
        if (!compressed) {
            return unexpected{compressed.error()};
        }
        auto decoded =
            compressed->size() == size ? block_decoder{*compressed}.decode() : std::nullopt;
        if (!decoded) {
            return unexpected{std::string{"a block of snappy is damaged"}};
        }
        block_ = std::move(*decoded);
        taken_ = 0;
        return true;
    }

    octet_source_pointer compressed_;
    bytes block_;
    std::size_t taken_ = 0;
    bool has_header_ = false;
};

} // namespace

octet_source_pointer make_snappy_source(octet_source_pointer compressed) {
    return std::make_unique<snappy_source>(std::move(compressed));
}

} // namespace conclave::maintenance
