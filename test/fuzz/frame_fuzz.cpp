/// Any bytes may come from a client. However they are cut into reads, they give the same frames,
/// and every record decodes them within their bounds: what was decoded survives being written and
/// read again.
#include <conclave/assert.hpp>
#include <conclave/frame_reader.hpp>
#include <conclave/protocol.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace conclave;

constexpr std::size_t frame_size_max = std::size_t{1} << 16;

struct cut {
    std::vector<bytes> frames;
    bool is_bad_length = false;

    friend bool operator==(const cut&, const cut&) = default;
};

/// Cuts `stream` into frames, delivering `read_size` octets at a time.
cut cut_frames(bytes_view stream, std::size_t read_size) {
    frame_reader reader{frame_size_max};
    cut made;
    while (!stream.empty() && !made.is_bad_length) {
        reader.append(stream.substr(0, read_size));
        stream.remove_prefix(std::min(read_size, stream.size()));
        bytes_view payload;
        frame_reader::status found{};
        while ((found = reader.next(payload)) == frame_reader::status::frame) {
            CONCLAVE_ASSERT(payload.size() <= frame_size_max);
            made.frames.emplace_back(payload);
        }
        made.is_bad_length = found == frame_reader::status::bad_length;
        reader.compact();
    }
    return made;
}

template <class Record>
void check_round_trip(bytes_view body) {
    Record first;
    jute::reader in{body};
    in(first);
    if (!in.ok()) {
        return;
    }
    bytes written;
    jute::writer{written}(first);
    Record second;
    jute::reader again{written};
    again(second);
    CONCLAVE_ASSERT(again.ok() && again.rest().empty());
    bytes rewritten;
    jute::writer{rewritten}(second);
    CONCLAVE_ASSERT(written == rewritten);
}

void check_records(bytes_view body) {
    check_round_trip<connect_request>(body);
    check_round_trip<request_header>(body);
    check_round_trip<reply_header>(body);
    check_round_trip<stat>(body);
    check_round_trip<acl_record>(body);
    check_round_trip<create_request>(body);
    check_round_trip<create_ttl_request>(body);
    check_round_trip<delete_request>(body);
    check_round_trip<set_data_request>(body);
    check_round_trip<set_acl_request>(body);
    check_round_trip<check_request>(body);
    check_round_trip<read_request>(body);
    check_round_trip<path_request>(body);
    check_round_trip<optional_path_request>(body);
    check_round_trip<reconfig_request>(body);
    check_round_trip<watch_request>(body);
    check_round_trip<auth_request>(body);
    check_round_trip<multi_header>(body);
}

bool is_within(bytes_view part, bytes_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void check_own_decoders(bytes_view body) {
    if (const auto request = decode_connect_request(body)) {
        CONCLAVE_ASSERT(is_within(request->password.value_or(bytes_view{}), body));
    }
    for (const opcode type : {opcode::set_watches, opcode::set_watches2}) {
        const auto request = decode_set_watches(body, type);
        if (!request) {
            continue;
        }
        for (const auto* list :
             {&request->data,
              &request->exist,
              &request->child,
              &request->persistent,
              &request->recursive}) {
            for (const bytes_view path : *list) {
                CONCLAVE_ASSERT(is_within(path, body));
            }
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t read_size = std::size_t{data[0]} + 1;
    const bytes_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const cut whole = cut_frames(stream, stream.size() + 1);
    const cut in_pieces = cut_frames(stream, read_size);
    CONCLAVE_ASSERT(whole == in_pieces);
    for (const bytes& frame : whole.frames) {
        const bytes_view payload{frame};
        constexpr std::size_t header_size = 8;
        check_records(payload);
        check_own_decoders(payload);
        if (payload.size() > header_size) {
            check_records(payload.substr(header_size));
            check_own_decoders(payload.substr(header_size));
        }
    }
    return 0;
}
