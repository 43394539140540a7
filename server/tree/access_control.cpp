#include "server/tree/access_control.hpp"

#include "server/tree/ip_range.hpp"

#include <algorithm>

namespace conclave::tree {

namespace {

constexpr acl_record open_entry{permission::all, "world", "anyone"};

/// Visits the entries of an encoded list until the visitor returns false. Stored lists are well
/// formed: `make_acl` wrote them and the record's checksum covers them.
template <class Visitor>
void for_each_entry(bytes_view acl, Visitor visit) {
    jute::reader in{acl};
    std::int32_t count = 0;
    in(count);
    for (std::int32_t index = 0; index < count; ++index) {
        std::int32_t permissions = 0;
        bytes_view scheme;
        bytes_view id;
        in(permissions, scheme, id);
        if (!in.ok() || !visit(permissions, scheme, id)) {
            return;
        }
    }
}

bool matches_ip(bytes_view range_text, const identities& who) {
    const std::optional<ip_range> range = ip_range::parse(range_text);
    return range && std::any_of(who.begin(), who.end(), [&](const identity& one) {
               if (one.scheme != "ip") {
                   return false;
               }
               const std::optional<ip_range> address = ip_range::parse(one.id);
               return address && range->contains(*address);
           });
}

bool matches(
    bytes_view scheme, bytes_view id, const identities& who, const access_settings& settings
) {
    if (scheme == "world") {
        return id == "anyone";
    }
    if (scheme == "ip") {
        return matches_ip(id, who);
    }
    if (scheme == "digest" && !settings.digest_enabled) {
        return false;
    }
    return std::any_of(who.begin(), who.end(), [&](const identity& one) {
        return one.scheme == scheme && one.id == id;
    });
}

bool is_super(const identities& who) {
    return std::any_of(who.begin(), who.end(), [](const identity& one) {
        return one.scheme == "super";
    });
}

} // namespace

bool is_allowed(
    bytes_view acl, std::int32_t needed, const identities& who, const access_settings& settings
) {
    if (acl.empty() || settings.skip_acl || is_super(who)) {
        return true;
    }
    bool is_empty = true;
    bool is_granted = false;
    for_each_entry(acl, [&](std::int32_t permissions, bytes_view scheme, bytes_view id) {
        is_empty = false;
        is_granted = (permissions & needed) != 0 && matches(scheme, id, who, settings);
        return !is_granted;
    });
    return is_granted || is_empty;
}

void append_acl(bytes& out, bytes_view acl, bool redact) {
    jute::writer to{out};
    if (acl.empty()) {
        to(std::int32_t{1}, open_entry);
        return;
    }
    if (!redact) {
        out.append(acl);
        return;
    }
    const std::size_t count_position = to.position();
    std::int32_t count = 0;
    to(count);
    for_each_entry(acl, [&](std::int32_t permissions, bytes_view scheme, bytes_view id) {
        ++count;
        if (scheme == "digest" && id.find(':') != bytes_view::npos) {
            to(permissions, scheme, bytes{id.substr(0, id.find(':'))} + ":x");
        } else {
            to(permissions, scheme, id);
        }
        return true;
    });
    to.patch_int(count_position, count);
}

} // namespace conclave::tree
