/// Who may do what, and who we are.
#include "client/shell/access_text.hpp"
#include "client/shell/commands/commands.hpp"
#include "client/shell/commands/options.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

/// Gives a list to a whole subtree, many nodes in one round trip.
class recursive_access {
public:
    recursive_access(shell& in, client::acl entries, client::acl_version version)
        : in_(in), entries_(std::move(entries)), version_(version) {}

    outcome<> set(const std::string& root) {
        std::vector<std::string> waiting{root};
        while (!waiting.empty()) {
            const std::size_t taken = std::min(waiting.size(), batch_count);
            const auto first = waiting.end() - static_cast<std::ptrdiff_t>(taken);
            const std::vector<std::string> batch{first, waiting.end()};
            waiting.erase(first, waiting.end());
            if (auto done = set_batch(batch, waiting); !done) {
                return done;
            }
        }
        return {};
    }

private:
    static constexpr std::size_t batch_count = 512;

    /// The list may take the right to look below from us as well as give it, so a node whose
    /// children are not known before is asked again afterwards. zkCli.sh asks only then.
    outcome<> set_batch(const std::vector<std::string>& batch, std::vector<std::string>& below) {
        std::vector<std::string> unlisted = batch;
        if (!in_.is_zkcli()) {
            auto left = list(batch, below);
            if (!left) {
                return unexpected{left.error()};
            }
            unlisted = *std::move(left);
        }
        if (auto changed = change(batch); !changed) {
            return changed;
        }
        const auto closed = list(unlisted, below);
        if (!closed) {
            return unexpected{closed.error()};
        }
        return closed->empty() ? outcome<>{}
                               : failed_with(make_error_code(errc::no_auth), closed->front());
    }

    outcome<> change(const std::vector<std::string>& paths) {
        std::vector<operation::set_acl> changes;
        for (const std::string& path : paths) {
            changes.push_back({path, entries_, version_});
        }
        const auto replies = in_.server().ask_all(std::move(changes));
        for (std::size_t at = 0; at < replies.size(); ++at) {
            if (replies[at] || replies[at].error() == errc::no_node) {
                continue;
            }
            if (!in_.is_zkcli() || replies[at].error().category() != protocol_category()) {
                return failed_with(replies[at].error(), paths[at]);
            }
            // It says so, and goes on.
            const auto code = static_cast<errc>(replies[at].error().value());
            in_.output().remark(fmt::format("KeeperErrorCode = {} for {}", name(code), paths[at]));
        }
        return {};
    }

    /// Adds the children to `below`. @return the nodes that may not be listed
    outcome<std::vector<std::string>>
    list(const std::vector<std::string>& paths, std::vector<std::string>& below) {
        std::vector<operation::get_children> questions;
        for (const std::string& path : paths) {
            questions.push_back({path});
        }
        const auto replies = in_.server().ask_all(std::move(questions));
        std::vector<std::string> closed;
        for (std::size_t at = 0; at < replies.size(); ++at) {
            if (replies[at]) {
                for (const std::string& name : replies[at]->names) {
                    below.push_back(path::join(paths[at], name));
                }
            } else if (replies[at].error() == errc::no_auth) {
                closed.push_back(paths[at]);
            } else if (replies[at].error() != errc::no_node) {
                return failed_with(replies[at].error(), paths[at]);
            }
        }
        return closed;
    }

    shell& in_;
    client::acl entries_;
    client::acl_version version_;
};

outcome<> set_acl_recursively(
    shell& in, const std::string& path, const client::acl& entries, client::acl_version version
) {
    if (in.is_zkcli()) {
        if (const auto root = in.server().ask(operation::get{path}); !root) {
            return failed_with(root.error(), path);
        }
    } else if (const auto root = in.server().ask(operation::exists{path}); !root || !*root) {
        return failed_with(root ? make_error_code(errc::no_node) : root.error(), path);
    }
    return recursive_access{in, entries, version}.set(path);
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
    if (failed) {
        return failed_with(failed, {});
    }
    in.remember_identity({given.word(0), credentials});
    return {};
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
