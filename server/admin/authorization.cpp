#include "server/admin/authorization.hpp"

#include "server/admin/base64.hpp"

#include <conclave/path.hpp>
#include <conclave/protocol.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace conclave::admin {

namespace {

bool is_reading(operation what) {
    return what != operation::reset_statistics && what != operation::write_node &&
           what != operation::back_up && what != operation::operate;
}

bool is_public(operation what) {
    return what == operation::probe || what == operation::see_console;
}

/// Anybody can make up a name and a password, as with digest ACLs: that opens the nodes whose ACLs
/// name them, and nothing that is closed to strangers.
role needed_for(operation what, const access_policy& policy) {
    const bool is_closed = policy.authorization_required && !is_public(what);
    if (what == operation::operate || is_closed) {
        return role::operator_;
    }
    return what == operation::write_node || what == operation::back_up ? role::user : role::anybody;
}

bytes lower_case(bytes_view text) {
    bytes lowered{text};
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](unsigned char each) {
        return static_cast<char>(std::tolower(each));
    });
    return lowered;
}

/// "[::1]:80" and "localhost:80" without their ports.
bytes_view host_name(bytes_view host) {
    if (host.starts_with('[')) {
        return host.substr(0, host.find(']') + 1);
    }
    return host.substr(0, host.find(':'));
}

/// A listener of this machine alone may be reached through a name that a stranger makes lead here;
/// a browser would then take the stranger's page for one of this server.
bool is_own_name(bytes_view host) {
    const bytes name = lower_case(host_name(host));
    const bool is_v4 = !name.empty() && std::all_of(name.begin(), name.end(), [](char each) {
        return each == '.' || (each >= '0' && each <= '9');
    });
    return name.empty() || is_v4 || name.starts_with('[') || name == "localhost" ||
           name.ends_with(".localhost");
}

provenance provenance_of(const http_request& asked) {
    const bytes_view host = asked.field("host");
    if (asked.is_local && !is_own_name(host)) {
        return provenance::cross_origin;
    }
    const bytes_view origin = asked.field("origin");
    if (!origin.empty()) {
        const std::size_t scheme = origin.find("://");
        const bool is_same =
            scheme != bytes_view::npos && lower_case(origin.substr(scheme + 3)) == lower_case(host);
        return is_same ? provenance::direct : provenance::cross_origin;
    }
    const bytes_view site = asked.field("sec-fetch-site");
    if (site == "cross-site" || site == "same-site") {
        return asked.field("sec-fetch-mode") == "navigate" ? provenance::cross_site_navigation
                                                           : provenance::cross_origin;
    }
    return provenance::direct;
}

bool add_digest(caller& to, bytes_view credentials, const credential_settings& known) {
    if (!known.digest_enabled || credentials.find(':') == bytes_view::npos) {
        return false;
    }
    bytes id = digest_id(utf8::replace_invalid(credentials), known.digest_algorithm.c_str());
    if (known.super_digest == id) {
        to.is = role::operator_;
        to.who.push_back({"super", ""});
    } else {
        to.is = role::user;
    }
    to.who.push_back({"digest", std::move(id)});
    return true;
}

} // namespace

bytes_view name_of(operation what) {
    switch (what) {
    case operation::probe:
        return "probe";
    case operation::see_console:
        return "see_console";
    case operation::read_metrics:
        return "read_metrics";
    case operation::read_status:
        return "read_status";
    case operation::read_node:
        return "read_node";
    case operation::reset_statistics:
        return "reset_statistics";
    case operation::write_node:
        return "write_node";
    case operation::back_up:
        return "back_up";
    case operation::operate:
        break;
    }
    return "operate";
}

verdict authorize(const access_policy& policy, const caller& by, operation what) {
    if (by.from == provenance::cross_origin ||
        (by.from == provenance::cross_site_navigation && !is_reading(what))) {
        return verdict::cross_origin;
    }
    if (what == operation::write_node && !policy.writes_enabled) {
        return verdict::writes_disabled;
    }
    if (by.is < needed_for(what, policy)) {
        return by.is == role::anybody ? verdict::not_authenticated : verdict::not_permitted;
    }
    return verdict::allowed;
}

std::optional<caller> identify(const http_request& asked, const credential_settings& known) {
    caller found;
    found.from = provenance_of(asked);
    found.who.push_back({"ip", asked.peer_ip});
    const bytes_view claim = asked.field("authorization");
    if (claim.empty()) {
        return found;
    }
    const std::size_t space = std::min(claim.find(' '), claim.size());
    const bytes scheme = lower_case(claim.substr(0, space));
    const bytes_view credentials = claim.substr(std::min(space + 1, claim.size()));
    if (scheme == "bearer" && !known.token.empty() &&
        equal_in_constant_time(known.token, credentials)) {
        found.is = role::operator_;
        found.who.push_back({"super", ""});
        return found;
    }
    if (scheme == "basic") {
        const std::optional<bytes> decoded = base64_decoded(credentials);
        return decoded && add_digest(found, *decoded, known) ? std::optional{found} : std::nullopt;
    }
    return scheme == "digest" && add_digest(found, credentials, known) ? std::optional{found}
                                                                       : std::nullopt;
}

bool may_back_up(const caller& by, bytes_view root_acl, const tree::access_settings& access) {
    if (by.is == role::operator_) {
        return true;
    }
    if (by.is != role::user || root_acl.empty()) { // an empty one is for everybody
        return false;
    }
    std::vector<acl_record> entries;
    jute::reader in{root_acl};
    in(entries);
    std::erase_if(entries, [](const acl_record& each) { return each.scheme == "world"; });
    bytes own;
    jute::writer{own}(entries);
    constexpr std::int32_t each_of[] = {
        permission::read,
        permission::write,
        permission::create,
        permission::remove,
        permission::admin};
    return in.ok() && !entries.empty() &&
           std::all_of(std::begin(each_of), std::end(each_of), [&](std::int32_t needed) {
               return tree::is_allowed(own, needed, by.who, access);
           });
}

http_response refusal_of_backup() {
    return problem(
        403,
        "a backup holds everything: it takes the token of admin.tokenFile, the super user, or an "
        "ACL "
        "on / that grants cdrwa to you by name"
    );
}

http_response refusal_of(verdict why) {
    if (why == verdict::cross_origin) {
        return problem(
            403,
            "refused because another site's page asked; use the console of this server, and a name "
            "that is its own"
        );
    }
    if (why == verdict::writes_disabled) {
        return problem(
            403, "changes over HTTP are switched off; admin.enableWrites=true allows them"
        );
    }
    if (why == verdict::not_permitted) {
        return problem(
            403,
            "this takes the token of admin.tokenFile, or the name and password of the super user"
        );
    }
    http_response refusal = problem(
        401,
        "this takes a proof of who you are: Authorization: Bearer TOKEN (admin.tokenFile), or "
        "Basic "
        "with a name and a password as in digest ACLs"
    );
    // No Basic here: the console asks by itself, a browser's own window would be in its way.
    refusal.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"conclave\"");
    return refusal;
}

} // namespace conclave::admin
