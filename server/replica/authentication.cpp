/// auth and sasl requests, and enforced authentication (zookeeper-protocol 9). Carried out on
/// arrival, so that they hold for every later request; answered in turn, because clients match
/// replies by order.
#include "server/replica/replica.hpp"

#include <algorithm>

#include "conclave/log_line.hpp"
#include "conclave/path.hpp"

namespace conclave::replica {

namespace {

void add_once(identities& to, identity added) {
    if (std::find(to.begin(), to.end(), added) == to.end()) {
        to.push_back(std::move(added));
    }
}

} // namespace

void replica::on_certificate(connection_id from, bytes subject) {
    connection* const holder = find(from);
    if (holder == nullptr || !settings_.preparation.access.x509_enabled) {
        return;
    }
    if (!subject.empty() && subject == settings_.authentication.x509_super_user) {
        log(log_level::info,
            "super user peer={}:{} certificate=\"{}\"",
            holder->peer.ip,
            holder->peer.port,
            subject);
        add_once(holder->who, {"super", subject});
    }
    add_once(holder->who, {"x509", std::move(subject)});
}

bool replica::add_identity(connection& to, const auth_request& request) {
    const bytes_view scheme = request.scheme.value_or(bytes_view{});
    if (scheme == "ip") {
        return true; // every connection has its address already
    }
    if (scheme == "x509") { // a certificate is shown within the handshake of TLS, or not at all
        return std::ranges::any_of(to.who, [](const identity& has) {
            return has.scheme == "x509";
        });
    }
    if (scheme != "digest" || !settings_.preparation.access.digest_enabled ||
        !request.credentials) {
        return false;
    }
    const bytes credentials = utf8::replace_invalid(*request.credentials);
    bytes id = digest_id(credentials, settings_.authentication.digest_algorithm.c_str());
    if (settings_.authentication.super_digest == id) {
        add_once(to.who, {"super", ""});
    }
    // Each write carries all of them, and each check of an ACL looks at all of them.
    identity proved{"digest", std::move(id)};
    const bool is_known = std::find(to.who.begin(), to.who.end(), proved) != to.who.end();
    const bool is_too_much =
        to.who.size() >= settings_.limits.identity_count_max ||
        size_of(to.who) + size_of({proved}) > settings_.limits.identity_size_max;
    if (!is_known && is_too_much) {
        return false;
    }
    add_once(to.who, std::move(proved));
    return true;
}

void replica::authenticate(
    connection& from, const request_header& header, bytes_view body, turn at
) {
    jute::reader in{body};
    if (header.type == opcode::sasl) {
        // No SASL provider is configured: success with a null token; a null token is not answered
        // at all.
        std::optional<bytes_view> token;
        in(token);
        if (!token) {
            return close_after_output(from);
        }
        bytes reply;
        {
            const jute::frame_scope frame{reply};
            jute::writer{reply}(reply_header{header.id, zxid{}, errc::ok}, std::int32_t{-1});
        }
        return answer_in_turn(from, header, at, std::move(reply));
    }
    auth_request request;
    in(request);
    if (in.ok() && add_identity(from, request)) {
        audit_login(from, true);
        return answer(from, header, at, {header.id, zxid{}, errc::ok});
    }
    ++counters_.authentications_failed;
    audit_login(from, false);
    complain(
        "authentication failed peer={}:{} session=0x{:x}",
        from.peer.ip,
        from.peer.port,
        from.session.value
    );
    answer(from, header, at, {header.id, zxid{}, errc::auth_failed});
    close_when_answered(from);
}

bool replica::satisfies_enforced_authentication(const connection& from) const {
    const std::vector<bytes>& schemes = settings_.authentication.enforced_schemes;
    return schemes.empty() ||
           std::any_of(from.who.begin(), from.who.end(), [&](const identity& has) {
               return std::find(schemes.begin(), schemes.end(), has.scheme) != schemes.end();
           });
}

} // namespace conclave::replica
