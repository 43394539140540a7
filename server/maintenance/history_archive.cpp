#include "server/maintenance/history_archive.hpp"

#include "server/maintenance/archive_reader.hpp"

#include <conclave/checksum.hpp>
#include <conclave/jute.hpp>

#include <fmt/format.h>

namespace conclave::maintenance {

namespace {

constexpr bytes_view magic = "CONCHIST";
constexpr std::int32_t format_version = 1;
constexpr std::int32_t end_mark = 0;

} // namespace

void history_archive_writer::append(bytes& out, bytes_view part) {
    checksum_ = crc32c(part, checksum_);
    out += part;
    jute::writer{out}(checksum_);
}

history_archive_writer::history_archive_writer(bytes& out, zxid behind) {
    bytes head{magic};
    jute::writer{head}(format_version, behind);
    append(out, head);
}

void history_archive_writer::add(bytes& out, bytes_view entry) {
    bytes part;
    jute::writer{part}(entry);
    append(out, part);
}

void history_archive_writer::end(bytes& out, zxid last) {
    bytes part;
    jute::writer{part}(end_mark, last);
    append(out, part);
}

namespace {

/// One pass over one stream.
class history_archive_reader {
public:
    explicit history_archive_reader(octet_source& from) : in_(from) {}

    result<history_archive_totals, std::string> read(function_ref<bool(const zab::entry&)> visit) {
        read_head();
        while (in_.ok()) {
            const std::optional<bytes> payload = next_payload();
            if (!payload) {
                break;
            }
            const std::optional<zab::entry> entry = zab::decode_entry(*payload);
            if (!entry) {
                in_.fail("a transaction cannot be decoded");
            } else if (++totals_.entry_count; !visit(*entry)) {
                return totals_;
            }
        }
        if (in_.ok() && !in_.is_at_end() && in_.ok()) {
            in_.fail("something stands behind its end");
        }
        return in_.ok() ? result<history_archive_totals, std::string>{totals_}
                        : result<history_archive_totals, std::string>{unexpected{in_.problem()}};
    }

private:
    void read_head() {
        const bytes head{in_.take(magic.size() + sizeof format_version + sizeof(std::int64_t))};
        jute::reader fields{bytes_view{head}.substr(std::min(magic.size(), head.size()))};
        std::int32_t version = 0;
        fields(version, totals_.behind);
        if (in_.ok() && !head.starts_with(magic)) {
            in_.fail("it is no archive of transactions");
        } else if (in_.ok() && version > format_version) {
            in_.fail(fmt::format("it has the format {} of a later version", version));
        }
        check(head);
    }

    /// Nothing at the end.
    std::optional<bytes> next_payload() {
        bytes part{in_.take(sizeof(std::int32_t))};
        std::int32_t size = 0;
        jute::reader{part}(size);
        if (size < 0) {
            in_.fail("a length is negative");
        }
        const bool is_end = size == end_mark;
        part += in_.take(is_end ? sizeof(std::int64_t) : static_cast<std::size_t>(size));
        if (!in_.ok()) {
            return std::nullopt;
        }
        check(part);
        bytes content = part.substr(sizeof size);
        if (is_end) {
            jute::reader{content}(totals_.last);
            return std::nullopt;
        }
        return in_.ok() ? std::optional{std::move(content)} : std::nullopt;
    }

    void check(bytes_view part) {
        checksum_ = crc32c(part, checksum_);
        if (in_.number<std::uint32_t>() != checksum_ && in_.ok()) {
            in_.fail("its checksum is wrong");
        }
    }

    archive_reader in_;
    std::uint32_t checksum_ = 0;
    history_archive_totals totals_;
};

} // namespace

result<history_archive_totals, std::string>
read_history_archive(octet_source& from, function_ref<bool(const zab::entry&)> visit) {
    return history_archive_reader{from}.read(visit);
}

} // namespace conclave::maintenance
