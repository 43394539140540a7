/// Jute, ZooKeeper's encoding (zookeeper-protocol 1.1): big-endian numbers, length-prefixed
/// strings, no tags.
///
/// A record names its fields once, in `fields`, and is then both read and written:
///
///     struct get_data_request {
///         std::string_view path;
///         bool watch{};
///         static void fields(auto& archive, auto& record) { archive(record.path, record.watch); }
///     };
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <optional>
#include <vector>

#include "conclave/types.hpp"

namespace conclave::jute {

template <class Record, class Archive>
concept record = requires(Archive& archive, Record& value) {
    Record::fields(archive, value);
};

namespace detail {

template <std::integral Integer>
[[nodiscard]] constexpr Integer big_endian(Integer number) {
    static_assert(std::endian::native == std::endian::little, "the codec swaps unconditionally");
    if constexpr (sizeof(Integer) == 8) {
        return static_cast<Integer>(__builtin_bswap64(static_cast<std::uint64_t>(number)));
    } else if constexpr (sizeof(Integer) == 4) {
        return static_cast<Integer>(__builtin_bswap32(static_cast<std::uint32_t>(number)));
    } else if constexpr (sizeof(Integer) == 2) {
        return static_cast<Integer>(__builtin_bswap16(static_cast<std::uint16_t>(number)));
    } else {
        return number;
    }
}

} // namespace detail

/// Takes values from the front of a frame. The first field that does not fit makes it fail for
/// good: later fields read as zero or empty and `ok()` is false, so a caller checks once at the
/// end. Strings are views into the frame.
class reader {
public:
    explicit reader(bytes_view frame) : rest_(frame) {}

    template <class... Fields>
    void operator()(Fields&... values) {
        (read(values), ...);
    }

    [[nodiscard]] bool ok() const { return ok_; }

    [[nodiscard]] bytes_view rest() const { return rest_; }

    void fail() {
        ok_ = false;
        rest_ = {};
    }

    template <std::integral Integer>
    void read(Integer& number) {
        Integer raw{};
        if (rest_.size() < sizeof raw) {
            number = Integer{};
            return fail();
        }
        std::memcpy(&raw, rest_.data(), sizeof raw);
        rest_.remove_prefix(sizeof raw);
        number = detail::big_endian(raw);
    }

    void read(bool& flag) {
        std::uint8_t octet = 0;
        read(octet);
        flag = octet != 0;
    }

    template <class Tag, class Integer>
    void read(strong_integer<Tag, Integer>& number) {
        read(number.value);
    }

    void read(zxid& id) { read(id.value); }

    /// A string or buffer that may be null (length -1).
    void read(std::optional<bytes_view>& text) {
        std::int32_t length = 0;
        read(length);
        text.reset();
        if (!ok_ || length == -1) {
            return;
        }
        if (length < 0 || static_cast<std::size_t>(length) > rest_.size()) {
            return fail();
        }
        text = rest_.substr(0, static_cast<std::size_t>(length));
        rest_.remove_prefix(static_cast<std::size_t>(length));
    }

    /// A string or buffer that must not be null.
    void read(bytes_view& text) {
        std::optional<bytes_view> maybe;
        read(maybe);
        if (!maybe) {
            fail();
        }
        text = maybe.value_or(bytes_view{});
    }

    void read(bytes& text) {
        bytes_view view;
        read(view);
        text.assign(view);
    }

    void read(std::optional<bytes>& text) {
        std::optional<bytes_view> view;
        read(view);
        text.reset();
        if (view) {
            text.emplace(*view);
        }
    }

    /// A vector; any count <= 0 means "no elements". Memory grows with the elements that are really
    /// there, never with the count that a client claims.
    template <class Element>
    void read(std::vector<Element>& elements) {
        std::int32_t count = 0;
        read(count);
        elements.clear();
        for (std::int32_t index = 0; ok_ && index < count; ++index) {
            Element element{};
            read(element);
            if (ok_) {
                elements.push_back(std::move(element));
            }
        }
    }

    template <record<reader> Record>
    void read(Record& value) {
        Record::fields(*this, value);
    }

private:
    bytes_view rest_;
    bool ok_ = true;
};

/// Appends values to a buffer that the caller owns.
class writer {
public:
    explicit writer(bytes& out) : out_(out) {}

    template <class... Fields>
    void operator()(const Fields&... values) {
        (write(values), ...);
    }

    template <std::integral Integer>
    void write(Integer number) {
        const Integer raw = detail::big_endian(number);
        out_.append(reinterpret_cast<const char*>(&raw), sizeof raw);
    }

    void write(bool flag) { out_.push_back(flag ? '\1' : '\0'); }

    template <class Tag, class Integer>
    void write(strong_integer<Tag, Integer> number) {
        write(number.value);
    }

    void write(zxid id) { write(id.value); }

    void write(bytes_view text) {
        write(static_cast<std::int32_t>(text.size()));
        out_.append(text);
    }

    void write(const bytes& text) { write(bytes_view{text}); }

    template <class Text>
    requires std::convertible_to<Text, bytes_view>

    void write(const std::optional<Text>& text) {
        if (text) {
            write(bytes_view{*text});
        } else {
            write(std::int32_t{-1});
        }
    }

    template <class Element>
    void write(const std::vector<Element>& elements) {
        write(static_cast<std::int32_t>(elements.size()));
        for (const Element& element : elements) {
            write(element);
        }
    }

    template <class Record>
    requires record<const Record, writer>

    void write(const Record& value) { Record::fields(*this, value); }

    /// Overwrites the four octets at `position`, for a length or count that is known only
    /// afterwards.
    void patch_int(std::size_t position, std::int32_t number) {
        const std::int32_t raw = detail::big_endian(number);
        std::memcpy(out_.data() + position, &raw, sizeof raw);
    }

    [[nodiscard]] std::size_t position() const { return out_.size(); }

private:
    bytes& out_;
};

/// A string that may be null on the wire, where null means the same as empty. Written as it stands.
inline void null_as_empty(reader& in, bytes_view& text) {
    std::optional<bytes_view> maybe;
    in.read(maybe);
    text = maybe.value_or(bytes_view{});
}

inline void null_as_empty(writer& out, const bytes_view& text) {
    out.write(text);
}

/// Opens a frame (length, then payload) at the end of a buffer and closes it when it goes out of
/// scope.
class frame_scope {
public:
    explicit frame_scope(bytes& out) : out_(out), start_(out.size()) {
        writer{out_}.write(std::int32_t{0});
    }

    frame_scope(const frame_scope&) = delete;
    frame_scope& operator=(const frame_scope&) = delete;

    ~frame_scope() {
        const std::size_t payload = out_.size() - start_ - sizeof(std::int32_t);
        writer{out_}.patch_int(start_, static_cast<std::int32_t>(payload));
    }

private:
    bytes& out_;
    std::size_t start_;
};

} // namespace conclave::jute
