/// Lists of ACL entries as clients send them (zookeeper-protocol 9.3).
#include "server/tree/access_control.hpp"
#include "server/tree/distinguished_name.hpp"
#include "server/tree/ip_range.hpp"

#include <conclave/path.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace conclave::tree {

namespace {

/// True for "user:hash". Java's split, with which ZooKeeper counts the parts, drops empty ones at
/// the end: so "a:b:" passes and "a:" does not.
bool is_digest_id(bytes_view id) {
    const std::size_t last = id.find_last_not_of(':');
    if (last == bytes_view::npos) {
        return false;
    }
    const bytes_view parts = id.substr(0, last + 1);
    return std::count(parts.begin(), parts.end(), ':') == 1;
}

/// True for the identities that "auth" stands for: those that were proved.
bool is_authenticated(const identity& who, const access_settings& settings) {
    return (who.scheme == "digest" && settings.digest_enabled) || who.scheme == "sasl" ||
           who.scheme == "x509";
}

/// Collects the rewritten list.
class acl_writer {
public:
    acl_writer(const identities& who, const access_settings& settings)
        : who_(who), settings_(settings) {
        to_(std::int32_t{0});
    }

    result<void, errc> add(const acl_record& entry) {
        if (!entry.scheme) {
            return unexpected{errc::invalid_acl};
        }
        if (*entry.scheme == "auth") {
            return add_authenticated(entry.permissions);
        }
        const bool is_known = *entry.scheme == "world" || *entry.scheme == "ip" ||
                              (*entry.scheme == "digest" && settings_.digest_enabled) ||
                              (*entry.scheme == "x509" && settings_.x509_enabled);
        if (!is_known) {
            return unexpected{errc::invalid_acl};
        }
        if (!entry.id) {
            return unexpected{errc::marshalling_error};
        }
        if (!is_valid_id(*entry.scheme, *entry.id)) {
            return unexpected{errc::invalid_acl};
        }
        append(entry.permissions, *entry.scheme, utf8::replace_invalid(*entry.id));
        return {};
    }

    [[nodiscard]] bool is_too_large() const { return encoded_.size() > acl_size_max; }

    [[nodiscard]] bytes take() {
        to_.patch_int(0, count_);
        return std::move(encoded_);
    }

private:
    result<void, errc> add_authenticated(std::int32_t permissions) {
        bool is_anybody = false;
        for (const identity& one : who_) {
            if (is_authenticated(one, settings_)) {
                append(permissions, one.scheme, one.id);
                is_anybody = true;
            }
        }
        if (!is_anybody) {
            return unexpected{errc::invalid_acl};
        }
        return {};
    }

    static bool is_valid_id(bytes_view scheme, bytes_view id) {
        if (scheme == "world") {
            return id == "anyone";
        }
        if (scheme == "x509") {
            return is_distinguished_name(id);
        }
        return scheme == "ip" ? ip_range::parse(id).has_value() : is_digest_id(id);
    }

    void append(std::int32_t permissions, bytes_view scheme, bytes_view id) {
        to_(permissions, scheme, id);
        ++count_;
    }

    const identities& who_;
    const access_settings& settings_;
    bytes encoded_;
    jute::writer to_{encoded_};
    std::int32_t count_ = 0;
};

bool is_open(const std::vector<acl_record>& entries) {
    return entries.size() == 1 && entries.front().permissions == permission::all &&
           entries.front().scheme == "world" && entries.front().id == "anyone";
}

} // namespace

result<bytes> make_acl(
    const std::vector<acl_record>& entries, const identities& who, const access_settings& settings
) {
    if (entries.empty()) {
        return unexpected{errc::invalid_acl};
    }
    if (is_open(entries)) {
        return bytes{open_acl};
    }
    using entry_key =
        std::tuple<std::int32_t, std::optional<bytes_view>, std::optional<bytes_view>>;
    std::set<entry_key> seen;
    acl_writer list{who, settings};
    for (const acl_record& entry : entries) {
        if (!seen.emplace(entry.permissions, entry.scheme, entry.id).second) {
            continue;
        }
        if (const auto added = list.add(entry); !added) {
            return unexpected{added.error()};
        }
        if (list.is_too_large()) {
            return unexpected{errc::invalid_acl};
        }
    }
    return list.take();
}

} // namespace conclave::tree
