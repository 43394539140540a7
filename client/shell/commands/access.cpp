/// Who may do what, and who we are.
#include "client/shell/access_text.hpp"
#include "client/shell/commands/commands.hpp"
#include "client/shell/commands/options.hpp"
#include "client/shell/subtree.hpp"

#include <fmt/format.h>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

outcome<> set_acl_recursively(
    shell& in, const std::string& path, const client::acl& entries, client::acl_version version
) {
    const auto tree = read_subtree(in.server(), path);
    if (!tree) {
        return unexpected{tree.error()};
    }
    constexpr std::size_t batch_count = 512;
    for (std::size_t begin = 0; begin < tree->size(); begin += batch_count) {
        const std::size_t end = std::min(begin + batch_count, tree->size());
        std::vector<operation::set_acl> batch;
        for (std::size_t at = begin; at < end; ++at) {
            batch.push_back({tree->path_of(at), entries, version});
        }
        const auto replies = in.server().ask_all(std::move(batch));
        for (std::size_t at = begin; at < end; ++at) {
            const auto& reply = replies[at - begin];
            if (!reply && reply.error() != errc::no_node) {
                return failed_with(reply.error(), tree->path_of(at));
            }
        }
    }
    return {};
}

} // namespace

outcome<> get_acl(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    auto found = in.server().ask(operation::get_acl{path});
    if (!found) {
        return failed_with(found.error(), path);
    }
    in.print(answer::access_list{
        std::move(found->entries), given.has("s") ? std::optional{found->stat} : std::nullopt});
    return {};
}

outcome<> set_acl(shell& in, const arguments& given) {
    const auto version = version_option(given);
    if (!version) {
        return unexpected{version.error()};
    }
    const auto entries = parse_acl(given.word(1));
    if (!entries) {
        return unexpected{entries.error()};
    }
    const std::string& path = given.word(0);
    if (given.has("R")) {
        return set_acl_recursively(in, path, *entries, client::acl_version{*version});
    }
    const auto stat =
        in.server().ask(operation::set_acl{path, *entries, client::acl_version{*version}});
    if (!stat) {
        return failed_with(stat.error(), path);
    }
    if (given.has("s")) {
        in.print(answer::node_status{path, *stat});
    }
    return {};
}

outcome<> add_auth(shell& in, const arguments& given) {
    const std::string credentials = given.count() > 1 ? given.word(1) : "";
    const std::error_code failed = in.server().add_auth(given.word(0), credentials);
    return failed ? outcome<>{failed_with(failed, {})} : outcome<>{};
}

outcome<> who_am_i(shell& in, const arguments&) {
    auto who = in.server().ask(operation::who_am_i{});
    if (!who) {
        return failed_with(who.error(), {});
    }
    in.print(answer::identities{*std::move(who)});
    return {};
}

} // namespace conclave::shell::commands
