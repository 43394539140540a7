#include "server/maintenance/zookeeper_export.hpp"

#include "server/tree/corrupt_state.hpp"
#include "server/tree/tree.hpp"
#include "server/tree/write_buffer.hpp"

#include <conclave/path.hpp>

#include <map>
#include <stdexcept>
#include <vector>
#include <zlib.h>

namespace conclave::maintenance {

namespace {

constexpr std::int32_t snapshot_magic = 0x5a4b534e; // "ZKSN"
constexpr std::int32_t format_version = 2;
constexpr std::int64_t open_acl_number = -1;
constexpr std::size_t part_size = std::size_t{1} << 20;

} // namespace

/// How far it has come: a path from the root down, and behind which child of each to go on.
class zookeeper_export::writing {
public:
    explicit writing(tree::table_reader& tables)
        : tables_(tables), rows_(tables), nodes_(rows_, 0) {}

    void append_front(bytes& out) {
        jute::writer to{out};
        to(snapshot_magic, format_version, std::int64_t{-1});
        append_sessions(out);
        number_acls();
        to(static_cast<std::int32_t>(acls_.size()));
        for (const auto& [acl, number] : acls_) {
            to(number);
            out += acl; // as it stands in a record, it stands in such a file
        }
        const auto root = nodes_.find("/");
        if (!root) {
            throw std::runtime_error{"the root is missing"};
        }
        append_node(out, "", *root);
        open_.push_back({"/", {}});
    }

    /// @return false if there is no further node
    bool append_nodes(bytes& out) {
        while (!open_.empty() && out.size() < part_size) {
            append_children(out);
        }
        if (open_.empty()) {
            jute::writer{out}(bytes_view{"/"});
        }
        return !open_.empty();
    }

    /// Everything before it was noted.
    void append_seal(bytes& out) {
        jute::writer{out}(static_cast<std::int64_t>(checksum_), bytes_view{"/"});
    }

    void note(bytes_view octets) {
        checksum_ = static_cast<std::uint32_t>(::adler32_z(
            checksum_, reinterpret_cast<const unsigned char*>(octets.data()), octets.size()
        ));
    }

private:
    struct place {
        bytes path;
        bytes after;
    };

    void append_sessions(bytes& out) {
        jute::writer to{out};
        const std::size_t at = to.position();
        std::int32_t count = 0;
        to(count);
        tables_.scan(tree::table::session, {}, [&](bytes_view key, bytes_view row) {
            std::int32_t timeout_ms = 0;
            jute::reader{row}(timeout_ms);
            out += key;
            to(timeout_ms);
            ++count;
            return true;
        });
        to.patch_int(at, count);
    }

    /// They stand before the nodes, so all nodes are looked at twice.
    void number_acls() {
        tables_.scan(tree::table::node, {}, [&](bytes_view, bytes_view row) {
            const auto node = tree::decode_node(row);
            if (!node) {
                throw std::runtime_error{"a row of table node fails its checksum"};
            }
            if (!node->acl.empty()) {
                acls_.try_emplace(bytes{node->acl}, static_cast<std::int64_t>(acls_.size()) + 1);
            }
            return true;
        });
    }

    void append_node(bytes& out, bytes_view path, const tree::node_view& node) {
        const auto acl = acls_.find(bytes{node.acl});
        const tree::node_head& head = node.head;
        jute::writer{out}(
            path,
            node.data,
            acl == acls_.end() ? open_acl_number : acl->second,
            head.czxid,
            head.mzxid,
            head.ctime_ms,
            head.mtime_ms,
            head.version,
            head.child_counter,
            head.aversion,
            head.owner,
            head.pzxid
        );
    }

    /// Goes on below the innermost open node, until one opens below it or the part is full.
    void append_children(bytes& out) {
        place& here = open_.back();
        bytes opened;
        bool is_through = true;
        nodes_.for_each_child_after(
            here.path,
            here.after,
            [&](bytes_view name, const tree::node_view& child) {
                const bytes path = path::join(here.path, name);
                append_node(out, path, child);
                here.after = name;
                opened = child.head.num_children > 0 ? path : bytes{};
                is_through = opened.empty() && out.size() < part_size;
                return is_through;
            }
        );
        if (!opened.empty()) {
            open_.push_back({opened, {}});
        } else if (is_through) {
            open_.pop_back();
        }
    }

    tree::table_reader& tables_;
    tree::write_buffer rows_;
    tree::tree nodes_;
    std::map<bytes, std::int64_t> acls_;
    std::vector<place> open_;
    std::uint32_t checksum_ = 1; // of nothing
};

zookeeper_export::zookeeper_export(tree::table_reader& tables) : tables_(tables) {}

zookeeper_export::~zookeeper_export() = default;

result<bool, std::string> zookeeper_export::next(bytes& out) {
    if (is_complete_) {
        return false;
    }
    try {
        bytes part;
        if (writing_ == nullptr) {
            writing_ = std::make_unique<writing>(tables_);
            writing_->append_front(part);
        } else {
            is_complete_ = !writing_->append_nodes(part);
        }
        writing_->note(part);
        if (is_complete_) {
            writing_->append_seal(part);
        }
        out += part;
        return true;
    } catch (const std::runtime_error& problem) { // tree::corrupt_state is one
        return unexpected{std::string{problem.what()}};
    }
}

} // namespace conclave::maintenance
