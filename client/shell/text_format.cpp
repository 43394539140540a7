/// The look for people.
#include "client/shell/access_text.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/format.hpp"
#include "client/shell/quota_text.hpp"
#include "client/shell/stat_text.hpp"
#include "client/shell/table.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

namespace conclave::shell {

namespace {

std::string plural(std::int64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string stat_lines(const client::node_stat& stat, const style& with) {
    const auto line = [&](std::string_view label, const std::string& text) {
        return with.paint(padded(label, 10), emphasis::faint) + text + '\n';
    };
    std::string text = line(
        "created", fmt::format("{}  zxid {}", time_text(stat.ctime), hex_text(stat.czxid.value))
    );
    text += line(
        "modified", fmt::format("{}  zxid {}", time_text(stat.mtime), hex_text(stat.mzxid.value))
    );
    text += line(
        "data",
        fmt::format("{}, version {}", plural(stat.data_length, "byte", "bytes"), stat.version.value)
    );
    text += line(
        "children",
        fmt::format(
            "{}, version {}  zxid {}",
            stat.num_children,
            stat.cversion.value,
            hex_text(stat.pzxid.value)
        )
    );
    text += line("acl", fmt::format("version {}", stat.aversion.value));
    if (stat.ephemeral_owner != session_id{}) {
        text += line("ephemeral", fmt::format("session {}", hex_text(stat.ephemeral_owner.value)));
    }
    return text;
}

std::string limit_text(std::int64_t limit) {
    return limit < 0 ? "-" : fmt::format("{}", limit);
}

emphasis colour_of(client::watch_event::kind kind) {
    switch (kind) {
    case client::watch_event::kind::created:
        return emphasis::good;
    case client::watch_event::kind::deleted:
        return emphasis::bad;
    default:
        return emphasis::notice;
    }
}

std::string_view event_words(client::watch_event::kind kind) {
    switch (kind) {
    case client::watch_event::kind::created:
        return "created";
    case client::watch_event::kind::deleted:
        return "deleted";
    case client::watch_event::kind::data_changed:
        return "changed";
    case client::watch_event::kind::children_changed:
        return "children";
    case client::watch_event::kind::restored:
        return "restored";
    }
    return "unknown";
}

class text_renderer {
public:
    explicit text_renderer(const page& on) : on_(on) {}

    std::string operator()(const answer::created& told) const {
        return fmt::format("created {}\n", on_.colours.paint(told.path, emphasis::name));
    }

    std::string operator()(const answer::node_value& told) const {
        return data_text(told) + (told.stat ? stat_lines(*told.stat, on_.colours) : std::string{});
    }

    std::string operator()(const answer::node_status& told) const {
        return stat_lines(told.stat, on_.colours);
    }

    std::string operator()(const answer::name_list& told) const {
        return in_columns(told.names, on_.width, on_.colours) +
               (told.stat ? stat_lines(*told.stat, on_.colours) : std::string{});
    }

    std::string operator()(const answer::found_path& told) const { return told.path + '\n'; }

    std::string operator()(const answer::tree_node& told) const {
        std::string text = on_.colours.paint(told.branch, emphasis::faint) +
                           on_.colours.paint(told.name, emphasis::name);
        if (!told.remark.empty()) {
            text += "  " + on_.colours.paint(told.remark, emphasis::faint);
        }
        return text + '\n';
    }

    std::string operator()(const answer::access_list& told) const {
        std::vector<std::vector<std::string>> rows;
        for (const client::acl_entry& entry : told.entries) {
            rows.push_back(
                {shown(entry.who.scheme), shown(entry.who.id), permissions_text(entry.permissions)}
            );
        }
        return aligned_table({"scheme", "id", "permissions"}, rows, on_.colours) +
               (told.stat ? stat_lines(*told.stat, on_.colours) : std::string{});
    }

    std::string operator()(const answer::number& told) const {
        return fmt::format("{}\n", told.value);
    }

    std::string operator()(const answer::identities& told) const {
        std::vector<std::vector<std::string>> rows;
        for (const identity& each : told.who) {
            rows.push_back({shown(each.scheme), shown(each.id)});
        }
        return aligned_table({"scheme", "user"}, rows, on_.colours);
    }

    std::string operator()(const answer::quota_report& told) const {
        if (!told.limits) {
            return fmt::format("{} has no quota\n", told.path);
        }
        const quota_figures limits = parse_quota(*told.limits);
        const quota_figures use = parse_quota(told.use);
        return aligned_table(
            {told.path, "used", "soft limit", "hard limit"},
            {{"nodes",
              limit_text(use.count),
              limit_text(limits.count),
              limit_text(limits.count_hard_limit)},
             {"bytes",
              limit_text(use.bytes),
              limit_text(limits.bytes),
              limit_text(limits.byte_hard_limit)}},
            on_.colours
        );
    }

    std::string operator()(const answer::named_text& told) const {
        return told.text + (told.text.empty() || told.text.ends_with('\n') ? "" : "\n") +
               (told.stat ? stat_lines(*told.stat, on_.colours) : std::string{});
    }

    std::string operator()(const answer::done& told) const {
        return told.sentence.empty() ? std::string{} : told.sentence + '\n';
    }

    std::string operator()(const answer::table& told) const {
        return aligned_table(told.columns, told.rows, on_.colours);
    }

    std::string operator()(const answer::difference& told) const {
        const emphasis colour = told.side == '<'   ? emphasis::bad
                                : told.side == '>' ? emphasis::good
                                                   : emphasis::notice;
        const std::string line = fmt::format("{} {}", told.side, told.path);
        return on_.colours.paint(line, colour) + (told.what.empty() ? "" : "  " + told.what) + '\n';
    }

    std::string operator()(const answer::event& told) const {
        const std::string_view words = event_words(told.what.what);
        std::string text =
            on_.colours.paint(padded(words, 8), colour_of(told.what.what)) + "  " + told.what.path;
        if (told.what.at.value != 0) {
            text += "  " + on_.colours.paint(
                               fmt::format("zxid {}", hex_text(told.what.at.value)), emphasis::faint
                           );
        }
        return text + '\n';
    }

private:
    /// What others have written may not move the cursor.
    [[nodiscard]] std::string shown(const std::string& text) const {
        return on_.width == 0 || is_presentable(text) ? text : text::printable(text);
    }

    /// On a terminal, data that would do something to it is shown as a dump.
    [[nodiscard]] std::string data_text(const answer::node_value& node) const {
        if (node.form == answer::data_form::raw) {
            return node.data;
        }
        if (node.is_null) {
            return on_.colours.paint("null", emphasis::faint) + '\n';
        }
        if (node.form == answer::data_form::base64) {
            return base64(node.data) + '\n';
        }
        const bool is_terminal = on_.width > 0;
        if (node.form == answer::data_form::hex_dump ||
            (is_terminal && !is_presentable(node.data))) {
            return hex_dump(node.data) + '\n';
        }
        return node.data + '\n';
    }

    const page& on_;
};

std::string_view sentence_for(errc code) {
    switch (code) {
    case errc::no_node:
        return "there is no such node";
    case errc::node_exists:
        return "the node exists already";
    case errc::not_empty:
        return "the node has children; rm -r removes them too";
    case errc::bad_version:
        return "the version is another one: somebody has written in between";
    case errc::no_auth:
        return "not permitted by the access control list; addauth tells who you are";
    case errc::auth_failed:
        return "the server does not accept this identity";
    case errc::no_children_for_ephemerals:
        return "ephemeral nodes cannot have children";
    case errc::invalid_acl:
        return "the server does not take this access control list";
    case errc::bad_arguments:
        return "the server does not take these arguments";
    case errc::not_read_only:
        return "this server is read-only at the moment";
    case errc::session_expired:
        return "the session has expired";
    case errc::connection_loss:
        return "the connection was lost; whether it has happened is unknown";
    case errc::operation_timeout:
        return "no answer in time; whether it has happened is unknown";
    case errc::unimplemented:
        return "the server does not know this operation, or it is switched off there";
    case errc::no_watcher:
        return "there is no such watch";
    case errc::reconfig_disabled:
        return "the servers do not allow reconfig (reconfigEnabled)";
    case errc::reconfig_in_progress:
        return "another reconfig is under way; try again later";
    case errc::new_config_no_quorum:
        return "too few servers of the new configuration are connected and up to date";
    case errc::quota_exceeded:
        return "the quota does not allow it; listquota shows it";
    case errc::throttled:
        return "the server has too much to do; try again later";
    default:
        return {};
    }
}

} // namespace

std::string render_as_text(const any_answer& told, const page& on) {
    return std::visit(text_renderer{on}, told);
}

std::string describe_error(const std::error_code& error) {
    if (error.category() == protocol_category()) {
        const auto code = static_cast<errc>(error.value());
        const std::string_view sentence = sentence_for(code);
        return sentence.empty() ? fmt::format("the server answers {}", name(code))
                                : std::string{sentence};
    }
    return error.message();
}

std::string describe(const failure& what) {
    if (!what.text.empty() || !what.error) {
        return what.text;
    }
    if (what.error == std::errc::interrupted) {
        return "interrupted";
    }
    const std::string sentence = describe_error(what.error);
    return what.path.empty() ? sentence : fmt::format("{}: {}", what.path, sentence);
}

} // namespace conclave::shell
