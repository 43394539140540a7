/// One node at a time.
#include "client/shell/access_text.hpp"
#include "client/shell/commands/commands.hpp"
#include "client/shell/commands/options.hpp"
#include "client/shell/data_text.hpp"

#include <conclave/protocol.hpp>

#include <fmt/format.h>

#include <limits>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

outcome<create_mode> create_mode_of(const arguments& given, bool has_ttl) {
    const bool is_ephemeral = given.has("e");
    const bool is_sequential = given.has("s");
    const bool is_container = given.has("c");
    if (is_container && (is_ephemeral || is_sequential)) {
        return misused("-c cannot be combined with -s or -e. Containers cannot be ephemeral or "
                       "sequential.");
    }
    if (has_ttl && is_ephemeral) {
        return misused("TTLs cannot be used with Ephemeral znodes");
    }
    if (has_ttl && is_container) {
        return misused("TTLs cannot be used with Container znodes");
    }
    if (has_ttl) {
        return is_sequential ? create_mode::persistent_sequential_ttl : create_mode::persistent_ttl;
    }
    if (is_ephemeral) {
        return is_sequential ? create_mode::ephemeral_sequential : create_mode::ephemeral;
    }
    return is_container    ? create_mode::container
           : is_sequential ? create_mode::persistent_sequential
                           : create_mode::persistent;
}

outcome<client::create_options> options_of(const arguments& given) {
    const auto ttl_ms = given.number(
        "t",
        std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max(),
        "-t argument must be a long value"
    );
    if (!ttl_ms) {
        return unexpected{ttl_ms.error()};
    }
    const auto mode = create_mode_of(given, ttl_ms->has_value());
    if (!mode) {
        return unexpected{mode.error()};
    }
    client::create_options options{*mode};
    if (*ttl_ms) {
        if (**ttl_ms <= 0 || **ttl_ms > ttl_max_ms) {
            return misused(
                fmt::format("ttl must be positive and cannot be larger than: {}", ttl_max_ms)
            );
        }
        options.with_ttl(std::chrono::milliseconds{**ttl_ms});
    }
    if (given.count() > 2) {
        auto entries = parse_acl(given.word(2));
        if (!entries) {
            return unexpected{entries.error()};
        }
        options.with_acl(*std::move(entries));
    }
    return options;
}

answer::data_form form_of(const arguments& given) {
    return given.has("b")   ? answer::data_form::base64
           : given.has("x") ? answer::data_form::hex_dump
           : given.has("n") ? answer::data_form::raw
                            : answer::data_form::text;
}

/// Reads the node, with a watch if that is wanted.
outcome<client::node_data> read_node(shell& in, const std::string& path, bool watches) {
    if (!watches) {
        auto node = in.server().ask(operation::get{path});
        return node ? outcome<client::node_data>{*std::move(node)}
                    : outcome<client::node_data>{failed_with(node.error(), path)};
    }
    auto seen = in.server().ask(operation::get_and_watch{path});
    if (!seen) {
        return failed_with(seen.error(), path);
    }
    in.watches().add(path, watch_target::data, std::move(seen->next));
    return std::move(seen->result);
}

} // namespace

outcome<> create(shell& in, const arguments& given) {
    const auto options = options_of(given);
    if (!options) {
        return unexpected{options.error()};
    }
    const std::string& path = given.word(0);
    std::optional<bytes> data;
    if (given.count() > 1) {
        data = given.word(1);
    }
    auto made = in.server().ask(operation::create{path, std::move(data), *options});
    if (!made) {
        return failed_with(made.error(), path);
    }
    in.print(answer::created{made->path});
    return {};
}

outcome<> get(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    auto node = read_node(in, path, wants_watch(in, given, "get [-s] [-w] path"));
    if (!node) {
        return unexpected{node.error()};
    }
    in.print(answer::node_value{
        path,
        std::move(node->data),
        node->is_null,
        form_of(given),
        given.has("s") ? std::optional{node->stat} : std::nullopt});
    return {};
}

outcome<> set(shell& in, const arguments& given) {
    const auto version = version_option(given);
    if (!version) {
        return unexpected{version.error()};
    }
    const std::string& path = given.word(0);
    std::optional<bytes> data = given.word(1);
    if (given.has("b")) {
        data = parse_base64(given.word(1));
        if (!data) {
            return misused("the data is no base64");
        }
    }
    const auto stat =
        in.server().ask(operation::set{path, std::move(data), client::data_version{*version}});
    if (!stat) {
        return failed_with(stat.error(), path);
    }
    if (given.has("s")) {
        in.print(answer::node_status{path, *stat});
    }
    return {};
}

outcome<> remove(shell& in, const arguments& given) {
    auto version = version_option(given);
    if (in.is_zkcli() && given.count() > 1) {
        in.output().remark("'delete path [version]' has been deprecated. Please use 'delete [-v "
                           "version] path' instead.");
        version = version_of(given.word(1));
    }
    if (!version) {
        return unexpected{version.error()};
    }
    const std::string& path = given.word(0);
    const auto removed = in.server().ask(operation::remove{path, client::data_version{*version}});
    return removed ? outcome<>{} : outcome<>{failed_with(removed.error(), path)};
}

outcome<> stat(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    std::optional<client::node_stat> found;
    if (wants_watch(in, given, "stat [-w] path")) {
        auto seen = in.server().ask(operation::exists_and_watch{path});
        if (!seen) {
            return failed_with(seen.error(), path);
        }
        in.watches().add(path, watch_target::data, std::move(seen->next));
        found = seen->result;
    } else {
        const auto seen = in.server().ask(operation::exists{path});
        if (!seen) {
            return failed_with(seen.error(), path);
        }
        found = *seen;
    }
    if (!found) {
        return failed_with(make_error_code(errc::no_node), path);
    }
    in.print(answer::node_status{path, *found});
    return {};
}

outcome<> sync(shell& in, const arguments& given) {
    const auto synced = in.server().ask(operation::sync{given.word(0)});
    if (!synced) {
        return failed_with(synced.error(), given.word(0));
    }
    in.print(answer::done{in.is_zkcli() ? "Sync is OK" : ""});
    return {};
}

} // namespace conclave::shell::commands
