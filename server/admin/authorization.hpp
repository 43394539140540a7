/// Who may do what at the HTTP endpoint: one table, one function.
#pragma once

#include "server/admin/http_message.hpp"
#include "server/replica/node_reading.hpp"

#include <conclave/identity.hpp>

#include <array>
#include <optional>

namespace conclave::admin {

enum class operation {
    probe,       ///< is it alive, is it ready
    see_console, ///< the page itself, which holds no data
    read_metrics,
    read_status,      ///< commands, ensemble, sessions, configuration
    read_node,        ///< data, children, ACLs, watches; ACLs of nodes count besides
    reset_statistics, ///< what ZooKeeper's AdminServer lets everybody do
    write_node,       ///< ACLs of nodes count besides
    back_up,          ///< take everything along; `may_back_up` counts besides
    operate,          ///< log level, sessions of others
};

inline constexpr std::array all_operations{
    operation::probe,
    operation::see_console,
    operation::read_metrics,
    operation::read_status,
    operation::read_node,
    operation::reset_statistics,
    operation::write_node,
    operation::back_up,
    operation::operate,
};

/// "read_node"; what /v1/access calls it.
[[nodiscard]] bytes_view name_of(operation what);

/// Each may do what those before it may.
enum class role {
    anybody,
    user,     ///< named itself, with a password, as for the scheme "digest": ACLs know it by both
    operator_ ///< holds the token, or is the super user
};

/// What made the request, as far as a browser tells.
enum class provenance {
    direct,                ///< no browser, or a page of this server
    cross_site_navigation, ///< a link somewhere was followed: the page is shown, no script sees it
    cross_origin,          ///< a script or a form of another site
};

struct caller {
    role is = role::anybody;
    identities who; ///< for the ACLs of nodes
    provenance from = provenance::direct;
};

struct access_policy {
    bool writes_enabled = false;
    bool authorization_required = false; ///< operators only, also for reading
};

enum class verdict {
    allowed,
    cross_origin,
    writes_disabled,
    not_authenticated, ///< proving who one is might help
    not_permitted,
};

/// The only place where this is decided.
[[nodiscard]] verdict authorize(const access_policy& policy, const caller& by, operation what);

/// What is needed to tell who somebody is.
struct credential_settings {
    bytes token;                       ///< of operators; empty: there is none
    std::optional<bytes> super_digest; ///< the digest id of the super user
    bytes digest_algorithm = "SHA1";
    bool digest_enabled = true;
    bool skip_acl = false;
};

/// Understands `Authorization: Bearer TOKEN`, `Basic ...` (name and password of the scheme
/// "digest") and ZooKeeper's own `digest NAME:PASSWORD`. @return  nothing if something is claimed
/// that is not so.
[[nodiscard]] std::optional<caller>
identify(const http_request& asked, const credential_settings& known);

/// Everything at once is for operators, and, as ZooKeeper has it, for those who have all
/// permissions on "/": as themselves, not because everybody has.
[[nodiscard]] bool
may_back_up(const caller& by, bytes_view root_acl, const tree::access_settings& access);

[[nodiscard]] http_response refusal_of_backup();

/// How a verdict is answered. Precondition: it is not `allowed`.
[[nodiscard]] http_response refusal_of(verdict why);

} // namespace conclave::admin
