#include "server/maintenance/subtree_extraction.hpp"

#include "server/maintenance/temporary_directory.hpp"
#include "server/maintenance/times.hpp"
#include "server/tree/corrupt_state.hpp"
#include "server/tree/reserved.hpp"

#include <conclave/identity.hpp>
#include <conclave/path.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace conclave::maintenance {

namespace {

using json = nlohmann::ordered_json;

std::string permissions_text(std::int32_t of) {
    constexpr std::pair<std::int32_t, char> letters[] = {
        {permission::create, 'c'},
        {permission::remove, 'd'},
        {permission::read, 'r'},
        {permission::write, 'w'},
        {permission::admin, 'a'}};
    std::string text;
    for (const auto& [bit, letter] : letters) {
        text += (of & bit) != 0 ? std::string(1, letter) : "";
    }
    return text;
}

json acl_json(bytes_view encoded) {
    std::vector<acl_record> entries{{permission::all, "world", "anyone"}};
    if (!encoded.empty()) {
        jute::reader in{encoded};
        in(entries);
    }
    json told = json::array();
    for (const acl_record& each : entries) {
        json entry{{"scheme", each.scheme.value_or("")}, {"id", each.id.value_or("")}};
        entry["permissions"] = permissions_text(each.permissions);
        told.push_back(std::move(entry));
    }
    return told;
}

json data_json(const std::optional<bytes_view>& data) {
    if (!data) {
        return nullptr;
    }
    if (utf8::is_valid(*data)) {
        return {{"encoding", "utf-8"}, {"value", *data}};
    }
    return {{"encoding", "base64"}, {"value", base64(*data)}};
}

json node_json(bytes_view relative_path, const tree::node_view& node) {
    json told{{"path", relative_path}};
    switch (node.head.kind()) {
    case tree::node_kind::container:
        told["mode"] = "container";
        break;
    case tree::node_kind::ttl:
        told["mode"] = "ttl";
        told["ttl_ms"] = node.head.ttl_ms();
        break;
    default:
        told["mode"] = "persistent";
    }
    told["acl"] = acl_json(node.acl);
    told["data"] = data_json(node.data);
    return told;
}

/// Writes nodes, parents before their children. Holds the names of one family for each level.
class subtree_walk {
public:
    subtree_walk(const tree::tree& nodes, bytes_view root, std::ostream& to)
        : nodes_(nodes), to_(to), relative_begin_(root == "/" ? 1 : root.size() + 1) {
        enter(bytes{root});
        while (!families_.empty()) {
            family& innermost = families_.back();
            if (innermost.next == innermost.names.size()) {
                families_.pop_back();
                continue;
            }
            bytes child = path::join(innermost.path, innermost.names[innermost.next++]);
            if (child != tree::zookeeper_path) {
                enter(std::move(child));
            }
        }
    }

    [[nodiscard]] const extraction_report& report() const { return report_; }

private:
    struct family {
        bytes path;
        std::vector<bytes> names;
        std::size_t next = 0;
    };

    void enter(bytes path) {
        const auto node = nodes_.find(path);
        if (node->head.kind() == tree::node_kind::ephemeral) {
            ++report_.ephemeral_count;
            return; // it has no children
        }
        const bytes_view relative = bytes_view{path}.substr(std::min(relative_begin_, path.size()));
        to_ << (report_.node_count++ == 0 ? "" : ",\n") << node_json(relative, *node).dump();
        family entered{std::move(path), {}};
        nodes_.for_each_child(entered.path, [&](bytes_view name) {
            entered.names.emplace_back(name);
            return true;
        });
        families_.push_back(std::move(entered));
    }

    const tree::tree& nodes_;
    std::ostream& to_;
    std::size_t relative_begin_;
    std::vector<family> families_;
    extraction_report report_;
};

result<extraction_report, std::string>
write_subtree(const backup_state& from, const bytes& root, std::ostream& to) {
    if (!from.nodes().find(root)) {
        return unexpected{fmt::format(
            "the backup holds no node {} as of zxid 0x{:x}",
            root,
            from.reached().applied.at.at.value
        )};
    }
    to << fmt::format(
        "{{\"format\": \"conclave-subtree\", \"version\": 1, \"root\": {}, \"nodes\": [\n",
        json(root).dump()
    );
    const subtree_walk written{from.nodes(), root, to};
    to << "\n]}\n";
    to.flush();
    if (!to) {
        return unexpected{std::string{"the file cannot be written"}};
    }
    extraction_report report = written.report();
    report.at = from.reached().applied.at.at;
    report.time_ms = from.reached().time_ms;
    report.note = from.note();
    return report;
}

} // namespace

result<extraction_report, std::string> extract_subtree(
    const std::filesystem::path& backup,
    const backup_target& target,
    const bytes& root,
    std::ostream& to
) {
    if (!path::is_valid(root)) {
        return unexpected{fmt::format("\"{}\" is no path of a node", root)};
    }
    const auto opened = backup_directory::open(backup, backup_directory::purpose::reading);
    if (!opened) {
        return unexpected{opened.error()};
    }
    if (const auto held = holds(*opened, target); !held) {
        return unexpected{held.error()};
    }
    try {
        const auto scratch = temporary_directory::make();
        if (!scratch) {
            return unexpected{scratch.error()};
        }
        const auto state = backup_state::build(*opened, target, scratch->path() / "state");
        return state ? write_subtree(**state, root, to)
                     : result<extraction_report, std::string>{unexpected{state.error()}};
    } catch (const tree::corrupt_state& problem) {
        return unexpected{std::string{problem.what()}};
    }
}

std::string to_text(const extraction_report& report) {
    const std::string left_out =
        report.ephemeral_count == 0
            ? ""
            : fmt::format(
                  ", without {} ephemeral nodes, which belonged to sessions", report.ephemeral_count
              );
    return fmt::format(
        "{} nodes as of zxid 0x{:x}, {}{}\n{}",
        report.node_count,
        report.at.value,
        iso_time(report.time_ms),
        left_out,
        report.note
    );
}

} // namespace conclave::maintenance
