/// Holds docs/formats/log.md to the code: the example there is decoded, and written again octet by
/// octet.
#include "server/log/identity_file.hpp"
#include "test/support/source_tree.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <sstream>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;

namespace {

/// The octets of the dump that follows the line which begins with `title`, by offset.
std::map<std::size_t, char> dump_after(const std::string& title) {
    std::ifstream document{source_file("docs/formats/log.md")};
    REQUIRE(document.is_open());
    std::map<std::size_t, char> octets;
    bool is_found = false;
    bool is_inside = false;
    for (std::string line; std::getline(document, line);) {
        is_found = is_found || line.starts_with(title);
        if (is_found && line == "```") {
            if (is_inside) {
                break;
            }
            is_inside = true;
        } else if (is_inside) {
            std::istringstream fields{line.substr(0, line.find('|'))};
            std::size_t offset = 0;
            fields >> std::hex >> offset;
            for (unsigned octet = 0; fields >> octet;) {
                octets[offset++] = static_cast<char>(octet);
            }
        }
    }
    REQUIRE_FALSE(octets.empty());
    return octets;
}

/// The log file of the example, with what the page does not show filled in as it says.
bytes example_segment() {
    bytes file(16384, '\0');
    for (const auto& [offset, octet] : dump_after("`log.0000000000000001`")) {
        file[offset] = octet;
    }
    file.replace(4096, 4096, file.substr(0, 4096));
    return file;
}

} // namespace

TEST_CASE("format document: the example log reads as the page says", "[log][format]") {
    log_files files;
    files.put(segment_path(1), example_segment());
    recovery_options options;
    options.storage = make_id(0x20);
    const read_back back = read_log(files, options);
    REQUIRE(back.report.outcome == verdict::clean);
    REQUIRE(back.records.size() == 2);
    CHECK(back.records[0].type == 2);
    CHECK(back.records[0].id == zxid{0x100000000});
    CHECK(back.records[0].payload == "epoch 1");
    CHECK(back.records[0].position == record_position{1, 1, 0x2000});
    CHECK(back.records[1].id == zxid{0x100000001});
    CHECK(back.records[1].payload == "create /a");
    CHECK(back.report.last_sequence == 2);
    CHECK(back.report.floor_sequence == 1);
    CHECK(back.report.end.offset == 0x2400);
    REQUIRE(back.report.segments.size() == 1);
    CHECK(back.report.segments[0].head_payload == "promise");
    CHECK(back.report.segments[0].base == zxid{0});
}

TEST_CASE("format document: the example log is what the writer writes", "[log][format]") {
    log_files files;
    log_writer_options options = small_log();
    options.head_payload = "promise";
    log_writer log = std::move(*open_log(files, options));
    record_batch batch;
    batch.add(record_type::entry, zxid{0x100000000}, "epoch 1");
    batch.add(record_type::entry, zxid{0x100000001}, "create /a");
    REQUIRE(log.append(batch).has_value());
    REQUIRE_FALSE(log.sync());
    REQUIRE_FALSE(log.write_floor());
    CHECK(files.content(segment_path(1)) == example_segment());
}

TEST_CASE("format document: the example identity is what is written and read", "[log][format]") {
    bytes file(52, '\0');
    for (const auto& [offset, octet] : dump_after("`identity` of the same")) {
        REQUIRE(offset < file.size());
        file[offset] = octet;
    }
    const data_identity identity{make_id(0x10), make_id(0x20)};
    CHECK(encode(identity) == file);
    const std::optional<decoded_identity> decoded = decode_identity(file);
    REQUIRE(decoded.has_value());
    CHECK(decoded->identity == identity);
}
