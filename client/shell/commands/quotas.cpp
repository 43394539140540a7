/// Quotas are ordinary nodes below /zookeeper/quota, which servers obey (zookeeper-protocol 7.3).
#include "client/shell/commands/commands.hpp"
#include "client/shell/quota_text.hpp"
#include "client/shell/subtree.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

constexpr std::string_view quota_root = "/zookeeper/quota";

std::string limits_path(const std::string& path) {
    return quota_path(path) + "/zookeeper_limits";
}

std::string use_path(const std::string& path) {
    return quota_path(path) + "/zookeeper_stats";
}

/// Lays what the options say over `figures`.
outcome<quota_figures> with_options(quota_figures figures, const arguments& given, bool is_zkcli) {
    struct limit_option {
        std::string_view name;
        std::int64_t quota_figures::*figure;
        std::int64_t low;
        std::int64_t high_in_zkcli;
        std::string_view complaint;
    };

    using std::numeric_limits;
    constexpr std::int64_t int_max = numeric_limits<std::int32_t>::max();
    constexpr std::int64_t long_max = numeric_limits<std::int64_t>::max();
    constexpr std::string_view number_complaint =
        "NumberFormatException happens when parsing the option value";
    constexpr std::string_view count_complaint = "the num quota must be greater than zero";
    constexpr std::string_view bytes_complaint =
        "the bytes quota must be greater than or equal to zero";
    for (const auto& [name, figure, low, high_in_zkcli, complaint] :
         {limit_option{"n", &quota_figures::count, 1, int_max, count_complaint},
          limit_option{"b", &quota_figures::bytes, 0, long_max, bytes_complaint},
          limit_option{"N", &quota_figures::count_hard_limit, 1, int_max, count_complaint},
          limit_option{"B", &quota_figures::byte_hard_limit, 0, long_max, bytes_complaint}}) {
        const auto chosen = given.number(
            name,
            numeric_limits<std::int64_t>::min(),
            is_zkcli ? high_in_zkcli : long_max,
            is_zkcli ? number_complaint : complaint
        );
        if (!chosen) {
            return unexpected{chosen.error()};
        }
        if (*chosen && **chosen < low) {
            return misused(std::string{complaint});
        }
        if (*chosen) {
            figures.*figure = **chosen;
        }
    }
    return figures;
}

/// Quotas do not nest: none may be above the path or below it.
outcome<> check_no_other_quota(shell& in, const std::string& path) {
    for (bytes_view above = path::parent_of(path); above.size() > 1;
         above = path::parent_of(above)) {
        const auto found = in.server().ask(operation::exists{limits_path(std::string{above})});
        if (found && *found) {
            return misused(fmt::format("{} has a parent {} which has a quota", path, above));
        }
    }
    const auto below = read_subtree(in.server(), quota_path(path));
    if (!below) {
        return below.error().error == errc::no_node ? outcome<>{} : unexpected{below.error()};
    }
    for (std::size_t at = 1; at < below->size(); ++at) {
        const subtree_node& node = below->node(at);
        if (node.name == "zookeeper_limits" && node.parent != 0) {
            const std::string child = below->path_of(node.parent).substr(quota_root.size());
            return misused(fmt::format("{} has a child {} which has a quota", path, child));
        }
    }
    return {};
}

/// Creates what is missing of the path, with each of its parents.
outcome<> create_with_parents(shell& in, const std::string& path) {
    for (std::size_t end = path.find('/', 1); true; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        const auto made = in.server().ask(operation::create{part, bytes{}, {}});
        if (!made && made.error() != errc::node_exists) {
            return failed_with(made.error(), part);
        }
        if (end == std::string::npos) {
            return {};
        }
    }
}

outcome<> write_limits(shell& in, const std::string& path, const arguments& given) {
    const auto present = in.server().ask(operation::get{limits_path(path)});
    if (!present && present.error() != errc::no_node) {
        return failed_with(present.error(), limits_path(path));
    }
    const auto figures =
        with_options(present ? parse_quota(present->data) : quota_figures{}, given, in.is_zkcli());
    if (!figures) {
        return unexpected{figures.error()};
    }
    if (present) {
        const auto written = in.server().ask(operation::set{
            limits_path(path), limits_text(*figures), present->stat.version});
        return written ? outcome<>{} : outcome<>{failed_with(written.error(), limits_path(path))};
    }
    if (auto made = create_with_parents(in, quota_path(path)); !made) {
        return made;
    }
    const auto limits =
        in.server().ask(operation::create{limits_path(path), limits_text(*figures), {}});
    if (!limits) {
        return failed_with(limits.error(), limits_path(path));
    }
    // The server fills in the real use when this one comes.
    const auto use =
        in.server().ask(operation::create{use_path(path), use_text(quota_figures{0, 0}), {}});
    return use || use.error() == errc::node_exists
               ? outcome<>{}
               : outcome<>{failed_with(use.error(), use_path(path))};
}

/// Removes the quota itself, and parents of it that nobody else needs.
outcome<> remove_whole_quota(shell& in, const std::string& path) {
    for (const std::string& part : {limits_path(path), use_path(path)}) {
        const auto removed = in.server().ask(operation::remove{part});
        if (!removed && removed.error() != errc::no_node) {
            return failed_with(removed.error(), part);
        }
    }
    for (std::string part = quota_path(path); part.size() > quota_root.size();
         part = path::parent_of(part)) {
        const auto removed = in.server().ask(operation::remove{part});
        if (!removed && removed.error() != errc::no_node) {
            return removed.error() == errc::not_empty
                       ? outcome<>{}
                       : outcome<>{failed_with(removed.error(), part)};
        }
    }
    return {};
}

/// Tells of limits that are exceeded already, as zkCli.sh does.
void warn_of_excess(shell& in, const std::string& path) {
    const auto limits = in.server().ask(operation::get{limits_path(path)});
    const auto use = in.server().ask(operation::get{use_path(path)});
    if (!limits || !use) {
        return;
    }
    const quota_figures allowed = parse_quota(limits->data);
    const quota_figures used = parse_quota(use->data);
    const auto warn = [&in](std::string sentence) {
        if (in.is_zkcli()) {
            in.print(answer::done{std::move(sentence)}); // on stdout, there
        } else {
            in.output().remark(sentence);
        }
    };
    const auto is_exceeded = [](std::int64_t limit, std::int64_t figure) {
        return limit >= 0 && limit < figure;
    };
    if (is_exceeded(allowed.count, used.count) ||
        is_exceeded(allowed.count_hard_limit, used.count)) {
        warn(fmt::format(
            "[Warning]: the count quota you create is less than the existing count:{}", used.count
        ));
    }
    if (is_exceeded(allowed.bytes, used.bytes) ||
        is_exceeded(allowed.byte_hard_limit, used.bytes)) {
        warn(fmt::format(
            "[Warning]: the bytes quota you create is less than the existing bytes:{}", used.bytes
        ));
    }
}

/// zkCli.sh says such things and ends as if it had done what it was asked.
outcome<> refused(shell& in, const failure& why) {
    if (!in.is_zkcli()) {
        return unexpected{why};
    }
    in.output().remark(why.text);
    return {};
}

} // namespace

outcome<> set_quota(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    if (!given.has("n") && !given.has("b") && !given.has("N") && !given.has("B")) {
        return misused("setquota -n|-b|-N|-B val path");
    }
    const bool is_of_quotas =
        in.is_zkcli() ? path.starts_with(quota_root) : path::is_at_or_below(path, quota_root);
    if (is_of_quotas) {
        return refused(in, misused("cannot set a quota under the path: /zookeeper/quota").error);
    }
    if (const auto valid = with_options({}, given, in.is_zkcli()); !valid) {
        return refused(in, valid.error());
    }
    const auto node = in.server().ask(operation::exists{path});
    if (!node) {
        return failed_with(node.error(), path);
    }
    if (!*node) {
        return in.is_zkcli() ? misused(path + " does not exist.")
                             : failed_with(make_error_code(errc::no_node), path);
    }
    if (auto checked = check_no_other_quota(in, path); !checked) {
        return checked;
    }
    if (auto written = write_limits(in, path, given); !written) {
        return written;
    }
    warn_of_excess(in, path);
    return {};
}

outcome<> list_quota(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    answer::quota_report report{path, limits_path(path), std::nullopt, {}};
    const auto limits = in.server().ask(operation::get{limits_path(path)});
    const auto use = in.server().ask(operation::get{use_path(path)});
    if (!limits && limits.error() != errc::no_node) {
        return failed_with(limits.error(), limits_path(path));
    }
    if (limits) {
        report.limits = limits->data;
        report.use = use ? use->data : "";
    }
    in.print(report);
    return {};
}

outcome<> remove_quota(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    const auto limits = in.server().ask(operation::get{limits_path(path)});
    if (!limits && limits.error() == errc::no_node) {
        in.print(answer::done{fmt::format("Quota does not exist for {}", path)});
        return {};
    }
    if (!limits) {
        return failed_with(limits.error(), limits_path(path));
    }
    quota_figures figures = parse_quota(limits->data);
    bool is_whole = true;
    for (const auto& [option, figure] :
         {std::pair{"n", &quota_figures::count},
          std::pair{"b", &quota_figures::bytes},
          std::pair{"N", &quota_figures::count_hard_limit},
          std::pair{"B", &quota_figures::byte_hard_limit}}) {
        if (given.has(option)) {
            figures.*figure = -1;
            is_whole = false;
        }
    }
    if (is_whole) {
        return remove_whole_quota(in, path);
    }
    const auto written = in.server().ask(operation::set{
        limits_path(path), limits_text(figures), limits->stat.version});
    return written ? outcome<>{} : outcome<>{failed_with(written.error(), limits_path(path))};
}

} // namespace conclave::shell::commands
