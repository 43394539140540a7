/// Snapshots and logs as ZooKeeper writes them, made by hand.
#pragma once

#include "server/maintenance/zookeeper_files.hpp"

#include <conclave/jute.hpp>
#include <conclave/protocol.hpp>

#include <algorithm>
#include <zlib.h>

namespace conclave::test {

/// Gives octets that are in memory, a few at a time.
class text_source final : public maintenance::octet_source {
public:
    explicit text_source(bytes octets, std::size_t portion = 7)
        : octets_(std::move(octets)), portion_(portion) {}

    result<std::size_t, std::string> read(std::span<char> into) override {
        const std::size_t size = std::min({portion_, into.size(), octets_.size() - given_});
        std::copy_n(octets_.data() + given_, size, into.data());
        given_ += size;
        return size;
    }

private:
    bytes octets_;
    std::size_t portion_;
    std::size_t given_ = 0;
};

inline std::int64_t adler(bytes_view octets) {
    return static_cast<std::int64_t>(
        ::adler32_z(1, reinterpret_cast<const unsigned char*>(octets.data()), octets.size())
    );
}

template <class... Fields>
bytes jute_of(const Fields&... fields) {
    bytes out;
    jute::writer{out}(fields...);
    return out;
}

inline const std::vector<acl_record> open_to_all{{permission::all, "world", "anyone"}};

/// The stat of a node in a snapshot.
struct written_stat {
    std::int64_t czxid = 1;
    std::int64_t mzxid = 1;
    std::int64_t ctime_ms = 1000;
    std::int64_t mtime_ms = 1000;
    std::int32_t version = 0;
    std::int32_t cversion = 0;
    std::int32_t aversion = 0;
    std::int64_t owner = 0;
    std::int64_t pzxid = 1;

    static void fields(auto& archive, auto& record) {
        archive(
            record.czxid,
            record.mzxid,
            record.ctime_ms,
            record.mtime_ms,
            record.version,
            record.cversion,
            record.aversion,
            record.owner,
            record.pzxid
        );
    }
};

class snapshot_writer {
public:
    snapshot_writer() { to_(std::int32_t{0x5a4b534e}, std::int32_t{2}, std::int64_t{-1}); }

    snapshot_writer& sessions(const std::vector<std::pair<std::int64_t, std::int32_t>>& all) {
        to_(static_cast<std::int32_t>(all.size()));
        for (const auto& [id, timeout_ms] : all) {
            to_(id, timeout_ms);
        }
        return *this;
    }

    /// Numbered from 1.
    snapshot_writer& acls(const std::vector<std::vector<acl_record>>& all) {
        to_(static_cast<std::int32_t>(all.size()));
        std::int64_t number = 0;
        for (const auto& each : all) {
            to_(++number, each);
        }
        return *this;
    }

    snapshot_writer& node(
        bytes_view path,
        std::optional<bytes_view> data,
        const written_stat& stat = {},
        std::int64_t acl = -1
    ) {
        to_(path, data, acl, stat);
        return *this;
    }

    snapshot_writer& end_of_nodes() {
        to_(bytes_view{"/"});
        return *this;
    }

    snapshot_writer& seal() {
        to_(adler(octets_), bytes_view{"/"});
        return *this;
    }

    snapshot_writer& digest(std::int64_t at, std::int32_t version, std::int64_t value) {
        to_(at, version, value);
        return *this;
    }

    [[nodiscard]] const bytes& octets() const { return octets_; }

private:
    bytes octets_;
    jute::writer to_{octets_};
};

/// Sessions, an ACL, the root and two nodes; sealed.
inline snapshot_writer small_snapshot() {
    snapshot_writer made;
    made.sessions({{0x77, 4000}})
        .acls({{{permission::read, "digest", "bob:x"}}})
        .node("", "", {.cversion = 2})
        .node("/a", "one", {.czxid = 3, .mzxid = 4, .version = 1, .cversion = 5, .pzxid = 6}, 1)
        .node("/e", std::nullopt, {.owner = 0x77});
    made.end_of_nodes().seal();
    return made;
}

class log_writer {
public:
    log_writer() { to_(std::int32_t{0x5a4b4c47}, std::int32_t{2}, std::int64_t{0}); }

    log_writer& add(std::int64_t at, opcode type, bytes_view body, std::int64_t session = 1) {
        bytes record = jute_of(
            session, std::int32_t{1}, at, std::int64_t{5000}, static_cast<std::int32_t>(type)
        );
        record += body;
        to_(adler(record), record);
        octets_ += 'B';
        return *this;
    }

    log_writer& zeros(std::size_t count) {
        octets_.append(count, '\0');
        return *this;
    }

    [[nodiscard]] const bytes& octets() const { return octets_; }

private:
    bytes octets_;
    jute::writer to_{octets_};
};

inline bytes create_body(bytes_view path, bytes_view data, bool ephemeral, std::int32_t cversion) {
    return jute_of(path, data, open_to_all, ephemeral, cversion);
}

} // namespace conclave::test
