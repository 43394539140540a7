#include "client/shell/access_text.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conclave::shell {

namespace {

struct permission_letter {
    char letter;
    std::int32_t bit;
};

constexpr std::array permission_letters{
    permission_letter{'c', permission::create},
    permission_letter{'d', permission::remove},
    permission_letter{'r', permission::read},
    permission_letter{'w', permission::write},
    permission_letter{'a', permission::admin},
};

/// zkCli.sh leaves the entry out, says so, and lets the list fail if nothing is left; here one bad
/// entry is enough, since a list with less in it than was asked for protects nobody.
unexpected<failure> bad_entry(std::string sentence) {
    return unexpected{
        failure{exit_code::usage, std::move(sentence), make_error_code(errc::invalid_acl), "null"}};
}

} // namespace

std::string permissions_text(std::int32_t permissions) {
    std::string text;
    for (const auto& [letter, bit] : permission_letters) {
        if ((permissions & bit) != 0) {
            text += letter;
        }
    }
    return text;
}

std::optional<std::int32_t> parse_permissions(std::string_view letters) {
    std::int32_t permissions = 0;
    for (const char each : letters) {
        const auto* const found = std::find_if(
            permission_letters.begin(),
            permission_letters.end(),
            [each](const auto& known) { return known.letter == each; }
        );
        if (found == permission_letters.end()) {
            return std::nullopt;
        }
        permissions |= found->bit;
    }
    return permissions;
}

outcome<client::acl> parse_acl(std::string_view text) {
    client::acl entries;
    for (const std::string_view entry : text::split(text, ',')) {
        const std::size_t first = entry.find(':');
        const std::size_t last = entry.rfind(':');
        if (first == std::string_view::npos || first == last) {
            return bad_entry(fmt::format("{} does not have the form scheme:id:perm", entry));
        }
        const auto permissions = parse_permissions(entry.substr(last + 1));
        if (!permissions) {
            return bad_entry(fmt::format(
                "{} does not have permissions of the letters cdrwa behind its last colon", entry
            ));
        }
        entries.emplace_back(
            *permissions,
            std::string{entry.substr(0, first)},
            std::string{entry.substr(first + 1, last - first - 1)}
        );
    }
    return entries;
}

std::string acl_entry_text(const client::acl_entry& entry) {
    return fmt::format(
        "{}:{}:{}", entry.who.scheme, entry.who.id, permissions_text(entry.permissions)
    );
}

} // namespace conclave::shell
