#include "server/maintenance/import.hpp"

#include "server/maintenance/checkpoint_builder.hpp"
#include "server/maintenance/founding.hpp"
#include "server/maintenance/zookeeper_directory.hpp"
#include "server/tree/corrupt_state.hpp"
#include "server/tree/reserved.hpp"
#include "server/tree/tree_filling.hpp"

#include <conclave/identity.hpp>
#include <conclave/path.hpp>
#include <conclave/protocol.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace conclave::maintenance {

namespace {

using outcome = result<void, std::string>;

/// Versions before 3.5 have not made all of them.
void add_reserved_nodes(zookeeper_state& to) {
    for (const bytes_view path : {tree::zookeeper_path, tree::quota_path, tree::config_path}) {
        if (!to.nodes().contains(bytes{path})) {
            zookeeper_node node;
            node.data = bytes{};
            bytes acl;
            if (path == tree::config_path) {
                jute::writer{acl}(std::vector{acl_record{permission::read, "world", "anyone"}});
                node.aversion = -1;
            }
            node.acl = to.intern(acl);
            to.add_node(bytes{path}, std::move(node));
        }
    }
}

tree::node_head head_of(const zookeeper_node& node, std::int32_t child_count) {
    tree::node_head head;
    head.czxid = node.czxid;
    head.mzxid = node.mzxid;
    head.pzxid = node.pzxid;
    head.ctime_ms = node.ctime_ms;
    head.mtime_ms = node.mtime_ms;
    head.owner = node.owner;
    head.version = node.version;
    head.child_counter = node.cversion;
    head.aversion = node.aversion;
    head.num_children = child_count;
    return head;
}

outcome
write_nodes(const zookeeper_state& from, checkpoint_builder& to, tree::tree_filling& nodes) {
    std::unordered_map<bytes_view, std::int32_t> child_counts;
    for (const auto& [path, node] : from.nodes()) {
        if (path == tree::root_path) {
            continue;
        }
        const bytes_view parent = path::parent_of(path);
        if (!from.nodes().contains(bytes{parent})) {
            return unexpected{fmt::format("the parent of {} is missing", path)};
        }
        ++child_counts[parent];
    }
    for (const auto& [path, node] : from.nodes()) {
        nodes.put(
            path,
            head_of(node, child_counts[path]),
            *node.acl,
            node.data ? std::optional<bytes_view>{*node.data} : std::nullopt
        );
        if (auto saved = to.save_if_large(); !saved) {
            return saved;
        }
    }
    return {};
}

/// Clients come back with the passwords that they were given.
void write_sessions(const zookeeper_state& from, checkpoint_builder& to) {
    for (const auto& [id, timeout_ms] : from.sessions()) {
        bytes row;
        jute::writer{row}(timeout_ms, zookeeper_session_password(id));
        to.put_session(session_id{id}, row);
    }
}

/// The secret behind the passwords of sessions to come. Servers that import the same files must
/// come to the same one, so it is drawn from all that they hold.
bytes secret_of(const zookeeper_state& from) {
    std::vector<const zookeeper_state::node_map::value_type*> ordered;
    ordered.reserve(from.nodes().size());
    for (const auto& each : from.nodes()) {
        ordered.push_back(&each);
    }
    std::sort(ordered.begin(), ordered.end(), [](const auto* left, const auto* right) {
        return left->first < right->first;
    });
    bytes hash;
    for (const auto* each : ordered) {
        const zookeeper_node& node = each->second;
        bytes text = hash;
        jute::writer{text}(
            each->first, node.data, *node.acl, node.czxid, node.mzxid, node.ctime_ms, node.mtime_ms
        );
        hash = digest_id(text, "SHA-256");
        hash.erase(0, hash.rfind(':') + 1); // what stands before it is the beginning of the text
    }
    for (const auto& [id, timeout_ms] : from.sessions()) {
        bytes text = hash;
        jute::writer{text}(id, timeout_ms);
        hash = digest_id(text, "SHA-256");
        hash.erase(0, hash.rfind(':') + 1);
    }
    hash.resize(sizeof(secret));
    return hash;
}

replica::history_row history_of(const zookeeper_import& read, const tree::digest& sum) {
    zab::entry place;
    place.at = read.state->last();
    jute::writer{place.body}(sum.high, sum.low);
    replica::history_row row;
    row.applied.at = {place.at, zab::chain_after({}, place)};
    row.applied.epochs = {row.applied.at};
    row.applied.epochs_are_cut = true;
    row.time_ms = read.state->last_time_ms();
    row.password_key = secret_of(*read.state);
    return row;
}

outcome build(zookeeper_import& read, const std::filesystem::path& at, import_report& report) {
    auto opened = checkpoint_builder::open(at);
    if (!opened) {
        return unexpected{opened.error()};
    }
    checkpoint_builder& to = **opened;
    tree::tree_filling nodes{to.rows(), founding::draw_number()};
    add_reserved_nodes(*read.state);
    if (auto written = write_nodes(*read.state, to, nodes); !written) {
        return written;
    }
    nodes.finish();
    write_sessions(*read.state, to);
    const tree::digest sum = nodes.current_digest();
    report.digest = fmt::format("{:016x}{:016x}", sum.high, sum.low);
    report.node_count = nodes.node_count();
    report.session_count = static_cast<std::int64_t>(read.state->sessions().size());
    return to.save(history_of(read, sum));
}

} // namespace

bytes zookeeper_session_password(std::int64_t session) {
    // The numbers of java.util.Random, a linear congruential generator of 48 bits.
    constexpr std::uint64_t zookeeper_constant = 0xb3415c00;
    constexpr std::uint64_t multiplier = 0x5deece66d;
    constexpr std::uint64_t mask = (std::uint64_t{1} << 48U) - 1;
    std::uint64_t state =
        ((static_cast<std::uint64_t>(session) ^ zookeeper_constant) ^ multiplier) & mask;
    bytes password;
    while (password.size() < session_password_size) {
        state = (state * multiplier + 0xb) & mask;
        for (unsigned shift = 16; shift < 48; shift += 8) {
            password.push_back(static_cast<char>((state >> shift) & 0xffU));
        }
    }
    return password;
}

result<import_report, std::string> import_zookeeper(
    txnlog::file_system& files,
    const std::string& data_directory,
    const std::string& log_directory,
    const data_place& into
) {
    auto read = read_zookeeper_directories(data_directory, log_directory);
    if (!read) {
        return unexpected{read.error()};
    }
    import_report report;
    report.snapshot = read->snapshot;
    report.snapshot_at = read->snapshot_at;
    report.last = read->state->last();
    report.replayed_count = read->replayed_count;
    report.is_digest_proved = read->is_digest_proved;
    report.notes = read->notes;
    if (report.last <= zxid{}) {
        return unexpected{
            std::string{"there is nothing to import: that ZooKeeper has never been written to"}};
    }
    auto begun = founding::begin(files, into);
    if (!begun) {
        return unexpected{begun.error()};
    }
    try {
        if (auto built = build(*read, (*begun)->checkpoint_path(), report); !built) {
            return unexpected{built.error()};
        }
    } catch (const tree::corrupt_state& problem) {
        return unexpected{std::string{problem.what()}};
    }
    if (auto done = (*begun)->finish(report.last, epoch{read->epoch}); !done) {
        return unexpected{done.error()};
    }
    return report;
}

std::string to_text(const import_report& report) {
    std::string text = fmt::format(
        "imported {} nodes and {} sessions as of zxid 0x{:x}: {} and {} transactions behind it\n"
        "digest {}\n",
        report.node_count,
        report.session_count,
        report.last.value,
        report.snapshot,
        report.replayed_count,
        report.digest
    );
    text += report.is_digest_proved ? "the tree has the digest that ZooKeeper wrote down\n" : "";
    for (const std::string& each : report.notes) {
        text += fmt::format("note: {}\n", each);
    }
    return text;
}

} // namespace conclave::maintenance
