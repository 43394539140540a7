#include "server/store/snapshot_format.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace conclave::store {

namespace {

struct seen_block {
    block_kind kind{};
    bytes payload;

    friend bool operator==(const seen_block&, const seen_block&) = default;
};

const std::vector<seen_block> blocks{
    {block_kind::header, "header"},
    {block_kind::rows, bytes(300, 'r')},
    {block_kind::rows, ""},
    {block_kind::trailer, "trailer"},
};

bytes stream_of(const std::vector<seen_block>& parts) {
    bytes out;
    block_writer writer{out};
    for (const seen_block& part : parts) {
        writer.append(out, part.kind, part.payload);
    }
    return out;
}

struct outcome {
    std::vector<seen_block> blocks;
    std::optional<store_error> error;
    bool is_drained = false;
};

outcome read_in_portions(bytes_view stream, std::size_t portion) {
    outcome seen;
    block_reader reader;
    while (!stream.empty()) {
        reader.append(stream.substr(0, portion));
        stream.remove_prefix(std::min(portion, stream.size()));
        while (true) {
            auto next = reader.next();
            if (!next) {
                seen.error = next.error();
                return seen;
            }
            if (!*next) {
                break;
            }
            seen.blocks.push_back({(*next)->kind, bytes{(*next)->payload}});
        }
    }
    seen.is_drained = reader.is_drained();
    return seen;
}

} // namespace

TEST_CASE(
    "snapshot format: blocks come back whole in whatever portions they arrive", "[store][snapshot]"
) {
    const bytes stream = stream_of(blocks);
    for (std::size_t portion = 1; portion <= stream.size(); ++portion) {
        const outcome seen = read_in_portions(stream, portion);
        REQUIRE_FALSE(seen.error);
        CHECK(seen.blocks == blocks);
        CHECK(seen.is_drained);
    }
}

TEST_CASE(
    "snapshot format: a flipped bit anywhere is refused with its place", "[store][snapshot]"
) {
    const bytes stream = stream_of(blocks);
    for (std::size_t position = 0; position < stream.size(); ++position) {
        bytes damaged = stream;
        damaged[position] = static_cast<char>(damaged[position] ^ (1 << position % 8));
        CAPTURE(position);

        const outcome seen = read_in_portions(damaged, damaged.size());

        REQUIRE(seen.error);
        CHECK(seen.error->code == store_errc::damaged);
        CHECK_THAT(seen.error->text, Catch::Contains("at offset "));
        CHECK(seen.blocks.size() < blocks.size());
    }
}

TEST_CASE(
    "snapshot format: a stream that is cut off never shows its last block", "[store][snapshot]"
) {
    const bytes stream = stream_of(blocks);
    for (std::size_t size = 0; size < stream.size(); ++size) {
        const outcome seen = read_in_portions(bytes_view{stream}.substr(0, size), 50);
        REQUIRE_FALSE(seen.error);
        CHECK(seen.blocks.size() < blocks.size());
    }
}

TEST_CASE(
    "snapshot format: blocks that are missing or swapped or repeated are refused",
    "[store][snapshot]"
) {
    const bytes magic{snapshot_magic};
    std::vector<bytes> parts;
    bytes whole;
    block_writer writer{whole};
    for (const seen_block& block : blocks) {
        const std::size_t before = whole.size();
        writer.append(whole, block.kind, block.payload);
        parts.push_back(whole.substr(before));
    }
    const auto is_refused = [](const bytes& stream) {
        return read_in_portions(stream, stream.size()).error.has_value();
    };
    CHECK_FALSE(is_refused(magic + parts[0] + parts[1] + parts[2] + parts[3]));
    CHECK(is_refused(magic + parts[0] + parts[2] + parts[3]));
    CHECK(is_refused(magic + parts[0] + parts[2] + parts[1] + parts[3]));
    CHECK(is_refused(magic + parts[0] + parts[1] + parts[1] + parts[2] + parts[3]));
}

TEST_CASE(
    "snapshot format: an unknown kind of block is refused though its checksums are right",
    "[store][snapshot]"
) {
    bytes stream;
    block_writer writer{stream};
    writer.append(stream, static_cast<block_kind>('?'), "x");
    const outcome seen = read_in_portions(stream, stream.size());
    REQUIRE(seen.error);
    CHECK_THAT(seen.error->text, Catch::Contains("unknown kind"));
}

} // namespace conclave::store
