#include "server/maintenance/archive_reader.hpp"
#include "server/maintenance/zookeeper_files.hpp"
#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>
#include <conclave/protocol.hpp>

#include <fmt/format.h>

#include <unordered_map>

namespace conclave::maintenance {

namespace {

constexpr std::int32_t snapshot_magic = 0x5a4b534e; // "ZKSN"
constexpr std::int32_t format_version = 2;
constexpr std::int64_t open_acl_number = -1;

/// One snapshot: header, sessions, ACLs, nodes, a seal, and since 3.6 a digest with another seal.
class snapshot_decoder {
public:
    snapshot_decoder(octet_source& from, zookeeper_state& into) : in_(from), state_(into) {}

    result<std::optional<zookeeper_digest_point>, std::string> decode() {
        read_header();
        read_sessions();
        read_acls();
        read_nodes();
        read_seal();
        std::optional<zookeeper_digest_point> digest;
        if (!in_.is_at_end() && in_.ok()) {
            digest = read_digest();
        }
        if (!in_.ok()) {
            return unexpected{in_.problem()};
        }
        return digest;
    }

private:
    void read_header() {
        const auto magic = in_.number<std::int32_t>();
        const auto version = in_.number<std::int32_t>();
        static_cast<void>(in_.number<std::int64_t>()); // of the database, always -1
        if (magic != snapshot_magic) {
            in_.fail("it is no snapshot of ZooKeeper");
        } else if (version != format_version) {
            in_.fail(fmt::format("it has the format {}, known is {}", version, format_version));
        }
    }

    void read_sessions() {
        const auto count = in_.number<std::int32_t>();
        for (std::int32_t index = 0; in_.ok() && index < count; ++index) {
            const auto id = in_.number<std::int64_t>();
            const auto timeout_ms = in_.number<std::int32_t>();
            state_.add_session(id, timeout_ms);
        }
    }

    void read_acls() {
        acls_[open_acl_number] = state_.intern({});
        const auto count = in_.number<std::int32_t>();
        for (std::int32_t index = 0; in_.ok() && index < count; ++index) {
            const auto number = in_.number<std::int64_t>();
            acls_[number] = state_.intern(read_acl());
        }
    }

    /// As it stands in the file, which is how it stands in a record of ours.
    bytes read_acl() {
        const auto count = in_.number<std::int32_t>();
        bytes encoded;
        jute::writer to{encoded};
        to(count);
        for (std::int32_t index = 0; in_.ok() && index < count; ++index) {
            to(in_.number<std::int32_t>());
            to(in_.text());
            to(in_.text());
        }
        return encoded;
    }

    /// Parents come before their children. "/" is the end; the root is called "".
    void read_nodes() {
        while (in_.ok()) {
            bytes path{in_.text()};
            if (!in_.ok() || path == tree::root_path) {
                return;
            }
            read_node(std::move(path));
        }
    }

    void read_node(bytes path) {
        zookeeper_node node;
        if (const std::optional<bytes_view> data = in_.buffer()) {
            node.data = bytes{*data};
        }
        const auto acl = acls_.find(in_.number<std::int64_t>());
        node.czxid = zxid{in_.number<std::int64_t>()};
        node.mzxid = zxid{in_.number<std::int64_t>()};
        node.ctime_ms = in_.number<std::int64_t>();
        node.mtime_ms = in_.number<std::int64_t>();
        node.version = in_.number<std::int32_t>();
        node.cversion = in_.number<std::int32_t>();
        node.aversion = in_.number<std::int32_t>();
        node.owner = in_.number<std::int64_t>();
        node.pzxid = zxid{in_.number<std::int64_t>()};
        if (!in_.ok()) {
            return;
        }
        if (acl == acls_.end()) {
            return in_.fail(fmt::format("{} has an ACL that is not there", path));
        }
        node.acl = acl->second;
        const bool is_root = path.empty();
        if (!is_root && !path::is_valid(path)) {
            return in_.fail(fmt::format("a node has the impossible path \"{}\"", path));
        }
        if (!is_root && !state_.nodes().contains(bytes{path::parent_of(path)})) {
            return in_.fail(fmt::format("the parent of {} is missing", path));
        }
        state_.add_node(is_root ? bytes{tree::root_path} : std::move(path), std::move(node));
    }

    void read_seal() {
        const std::uint32_t expected = in_.checksum();
        const auto told = in_.number<std::int64_t>();
        const bytes_view end = in_.text();
        if (in_.ok() && (told != expected || end != "/")) {
            in_.fail("its checksum is wrong");
        }
    }

    std::optional<zookeeper_digest_point> read_digest() {
        zookeeper_digest_point point;
        point.at = zxid{in_.number<std::int64_t>()};
        point.sum.version = in_.number<std::int32_t>();
        point.sum.value = in_.number<std::int64_t>();
        read_seal();
        return point;
    }

    archive_reader in_;
    zookeeper_state& state_;
    std::unordered_map<std::int64_t, const bytes*> acls_;
};

} // namespace

result<std::optional<zookeeper_digest_point>, std::string>
read_zookeeper_snapshot(octet_source& from, zookeeper_state& into) {
    return snapshot_decoder{from, into}.decode();
}

} // namespace conclave::maintenance
