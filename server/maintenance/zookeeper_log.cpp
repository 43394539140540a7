#include "server/maintenance/archive_reader.hpp"
#include "server/maintenance/zookeeper_files.hpp"

#include <conclave/protocol.hpp>

#include <fmt/format.h>

#include <zlib.h>

namespace conclave::maintenance {

namespace {

constexpr std::int32_t log_magic = 0x5a4b4c47; // "ZKLG"
constexpr std::int32_t format_version = 2;
constexpr char end_of_record = 'B';
constexpr std::size_t header_size = 32; // of a transaction

/// How many octets of a body belong to the transaction itself; nothing if it cannot be understood.
std::optional<std::size_t> body_size(std::int32_t type, bytes_view body) {
    jute::reader in{body};
    bytes_view text;
    std::optional<bytes_view> data;
    std::vector<acl_record> acl;
    std::int32_t number = 0;
    std::int64_t long_number = 0;
    bool flag = false;
    switch (static_cast<opcode>(type)) {
    case opcode::create:
    case opcode::create2:
        in(text, data, acl, flag, number);
        break;
    case opcode::create_container:
        in(text, data, acl, number);
        break;
    case opcode::create_ttl:
        in(text, data, acl, number, long_number);
        break;
    case opcode::remove:
    case opcode::delete_container:
        in(text);
        break;
    case opcode::set_data:
    case opcode::reconfig:
        in(text, data, number);
        break;
    case opcode::set_acl:
        in(text, acl, number);
        break;
    case opcode::check:
        in(text, number);
        break;
    case opcode::create_session:
    case opcode::error:
        in(number);
        break;
    case opcode::close_session: {
        std::vector<bytes> paths;
        in(paths);
        break;
    }
    case opcode::multi: {
        in(number);
        for (std::int32_t index = 0; in.ok() && index < number; ++index) {
            std::int32_t part = 0;
            in(part, data);
        }
        break;
    }
    default:
        return std::nullopt;
    }
    return in.ok() ? std::optional{body.size() - in.rest().size()} : std::nullopt;
}

} // namespace

std::optional<zookeeper_digest> digest_behind(std::int32_t type, bytes_view body) {
    const std::optional<std::size_t> size = body_size(type, body);
    if (!size) {
        return std::nullopt;
    }
    zookeeper_digest found;
    jute::reader in{body.substr(*size)};
    in(found);
    return in.ok() && in.rest().empty() ? std::optional{found} : std::nullopt;
}

result<zookeeper_log_end, std::string>
read_zookeeper_log(octet_source& from, zookeeper_log_visitor visit) {
    archive_reader in{from};
    if (in.is_at_end()) {
        return zookeeper_log_end{}; // made, and not yet begun
    }
    const auto magic = in.number<std::int32_t>();
    const auto version = in.number<std::int32_t>();
    static_cast<void>(in.number<std::int64_t>()); // of the database
    if (in.is_cut_off() || (in.ok() && magic == 0 && version == 0)) {
        return zookeeper_log_end{0, true};
    }
    if (in.ok() && (magic != log_magic || version != format_version)) {
        in.fail(
            magic == log_magic
                ? fmt::format("it has the format {}, known is {}", version, format_version)
                : "it is no log of ZooKeeper"
        );
    }
    zookeeper_log_end end;
    while (in.ok()) {
        end.offset = in.offset();
        if (in.is_at_end()) {
            return end;
        }
        const auto told = in.number<std::int64_t>();
        const bytes record{in.buffer().value_or(bytes_view{})};
        if (in.ok() && record.empty()) {
            return end; // the zeros behind the last one
        }
        const bytes_view mark = in.take(1);
        end.is_torn = in.is_cut_off() || (in.ok() && mark.front() != end_of_record);
        if (end.is_torn) {
            return end;
        }
        if (!in.ok()) {
            break;
        }
        const auto checksum =
            ::adler32_z(1, reinterpret_cast<const unsigned char*>(record.data()), record.size());
        zookeeper_transaction next;
        jute::reader fields{record};
        fields(next);
        if (told != static_cast<std::int64_t>(checksum) || !fields.ok()) {
            in.fail("a transaction fails its checksum");
            break;
        }
        next.body = bytes_view{record}.substr(header_size);
        if (!visit(next, digest_behind(next.type, next.body))) {
            end.offset = in.offset();
            return end;
        }
    }
    return unexpected{in.problem()};
}

} // namespace conclave::maintenance
