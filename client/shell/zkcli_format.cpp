/// What zkCli.sh prints, byte for byte (zookeeper-protocol 13).
#include "client/shell/access_text.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/format.hpp"
#include "client/shell/stat_text.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace conclave::shell {

namespace {

std::string stat_behind(const std::optional<client::node_stat>& stat) {
    return stat ? zkcli_stat_text(*stat) : std::string{};
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::string data_line(const answer::node_value& node) {
    if (node.is_null) {
        return "null\n";
    }
    switch (node.form) {
    case answer::data_form::base64:
        return base64(node.data) + '\n';
    case answer::data_form::hex_dump:
        return hex_dump(node.data) + '\n';
    case answer::data_form::raw:
        return node.data;
    case answer::data_form::text:
        break;
    }
    return utf8::replace_invalid(node.data) + '\n';
}

std::string_view event_word(client::watch_event::kind kind) {
    switch (kind) {
    case client::watch_event::kind::created:
        return "NodeCreated";
    case client::watch_event::kind::deleted:
        return "NodeDeleted";
    case client::watch_event::kind::data_changed:
        return "NodeDataChanged";
    case client::watch_event::kind::children_changed:
        return "NodeChildrenChanged";
    case client::watch_event::kind::restored:
        break;
    }
    return {};
}

struct zkcli_renderer {
    written operator()(const answer::created& told) const {
        return {{}, fmt::format("Created {}\n", told.path)};
    }

    written operator()(const answer::node_value& told) const {
        return {data_line(told) + stat_behind(told.stat), {}};
    }

    written operator()(const answer::node_status& told) const {
        return {zkcli_stat_text(told.stat), {}};
    }

    written operator()(const answer::name_list& told) const {
        return {fmt::format("[{}]\n", joined(told.names)) + stat_behind(told.stat), {}};
    }

    written operator()(const answer::found_path& told) const { return {told.path + '\n', {}}; }

    written operator()(const answer::tree_node& told) const { return {told.path + '\n', {}}; }

    written operator()(const answer::access_list& told) const {
        std::string text;
        for (const client::acl_entry& entry : told.entries) {
            text += fmt::format(
                "'{},'{}\n: {}\n",
                entry.who.scheme,
                entry.who.id,
                permissions_text(entry.permissions)
            );
        }
        return {text + stat_behind(told.stat), {}};
    }

    written operator()(const answer::number& told) const {
        return {fmt::format("{}\n", told.value), {}};
    }

    written operator()(const answer::identities& told) const {
        std::string text = "Auth scheme: User\n";
        for (const identity& each : told.who) {
            text += fmt::format("{}: {}\n", each.scheme, each.id);
        }
        return {text, {}};
    }

    written operator()(const answer::quota_report& told) const {
        const std::string where = fmt::format("absolute path is {}\n", told.limits_path);
        if (!told.limits) {
            return {{}, where + fmt::format("quota for {} does not exist.\n", told.path)};
        }
        return {
            fmt::format(
                "Output quota for {0} {1}\nOutput stat for {0} {2}\n",
                told.path,
                *told.limits,
                told.use
            ),
            where};
    }

    written operator()(const answer::named_text& told) const {
        return {told.text + '\n' + stat_behind(told.stat), {}};
    }

    written operator()(const answer::done& told) const {
        return {told.sentence.empty() ? std::string{} : told.sentence + '\n', {}};
    }

    written operator()(const answer::table& told) const {
        return {render_as_text(told, page{}), {}};
    }

    written operator()(const answer::difference& told) const {
        return {render_as_text(told, page{}), {}};
    }

    written operator()(const answer::event& told) const {
        const std::string_view word = event_word(told.what.what);
        if (word.empty()) {
            return {};
        }
        const std::int64_t at = told.what.at.value == 0 ? -1 : told.what.at.value;
        return {
            fmt::format(
                "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:{} path:{} zxid: {}\n",
                word,
                told.what.path,
                at
            ),
            {}};
    }
};

/// The message of ZooKeeper's `KeeperException`, where it is not the name of the code.
std::string_view keeper_message(errc code) {
    switch (code) {
    case errc::not_empty:
        return "Directory not empty";
    case errc::session_expired:
        return "Session expired";
    case errc::session_moved:
        return "Session moved";
    case errc::ephemeral_on_local_session:
        return "Ephemeral node on local session";
    case errc::no_watcher:
        return "No such watcher";
    case errc::reconfig_disabled:
        return "Reconfig is disabled";
    case errc::session_closed_require_auth:
        return "Session closed because client failed to authenticate";
    case errc::throttled:
        return "Op throttled due to high load";
    default:
        return name(code);
    }
}

/// What the shell says itself about some codes; the path follows.
std::string_view own_message(errc code) {
    switch (code) {
    case errc::no_node:
        return "Node does not exist: ";
    case errc::no_children_for_ephemerals:
        return "Ephemerals cannot have children: ";
    case errc::node_exists:
        return "Node already exists: ";
    case errc::not_empty:
        return "Node not empty: ";
    case errc::not_read_only:
        return "Not a read-only call: ";
    case errc::invalid_acl:
        return "Acl is not valid : ";
    case errc::no_auth:
        return "Insufficient permission : ";
    case errc::bad_arguments:
        return "Arguments are not valid : ";
    case errc::bad_version:
        return "version No is not valid : ";
    case errc::quota_exceeded:
        return "Quota has exceeded : ";
    default:
        return {};
    }
}

std::string error_message(errc code, const std::string& path) {
    if (code == errc::reconfig_in_progress) {
        return "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)";
    }
    if (code == errc::new_config_no_quorum) {
        return "No quorum of new config is connected and up-to-date with the leader of last "
               "committed config - try invoking reconfiguration after new servers are connected "
               "and synced";
    }
    const std::string_view own = own_message(code);
    if (!own.empty()) {
        return std::string{own} + path;
    }
    const std::string message = fmt::format("KeeperErrorCode = {}", keeper_message(code));
    return path.empty() ? message : fmt::format("{} for {}", message, path);
}

} // namespace

written render_as_zkcli(const any_answer& told) {
    return std::visit(zkcli_renderer{}, told);
}

std::string describe_as_zkcli(const failure& what) {
    if (!what.error) {
        return what.text;
    }
    const bool is_of_server = what.error.category() == protocol_category();
    const errc code = is_of_server ? static_cast<errc>(what.error.value()) : errc::connection_loss;
    const std::string message = error_message(code, what.path);
    return what.text.empty() ? message : what.text + '\n' + message;
}

} // namespace conclave::shell
