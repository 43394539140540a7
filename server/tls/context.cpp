#include "server/tls/context.hpp"

#include "server/tls/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace conclave::tls {

namespace {

/// Certificates between a peer's own and one that is believed.
constexpr int chain_length_max = 10;

/// OpenSSL fails in these calls only when memory is short or a value is out of its range.
void must(bool succeeded, std::string_view what) {
    if (!succeeded) {
        throw std::runtime_error{fmt::format("cannot {}: {}", what, take_error_text())};
    }
}

void set_behaviour(SSL_CTX* to) {
    SSL_CTX_set_options(
        to,
        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
            SSL_OP_CIPHER_SERVER_PREFERENCE |
            SSL_OP_IGNORE_UNEXPECTED_EOF // frames show by themselves whether one is cut off
    );
    SSL_CTX_set_session_cache_mode(to, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(to, 0);
    SSL_CTX_set_mode(
        to,
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
            SSL_MODE_RELEASE_BUFFERS // an idle connection holds no buffers
    );
    // Without it, a flood of records without data cannot keep a read from returning.
    SSL_CTX_clear_mode(to, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(to, 1);
    SSL_CTX_set_dh_auto(to, 1);
}

int version_of(const std::string& protocol) {
    if (protocol == "TLSv1.2") {
        return TLS1_2_VERSION;
    }
    if (protocol == "TLSv1.3") {
        return TLS1_3_VERSION;
    }
    throw std::runtime_error{
        fmt::format("the protocol {} is not supported: use TLSv1.2 or TLSv1.3", protocol)};
}

void set_protocols(SSL_CTX* to, const std::vector<std::string>& protocols) {
    int lowest = TLS1_3_VERSION;
    int highest = TLS1_2_VERSION;
    for (const std::string& each : protocols) {
        lowest = std::min(lowest, version_of(each));
        highest = std::max(highest, version_of(each));
    }
    if (protocols.empty()) {
        std::swap(lowest, highest);
    }
    must(
        SSL_CTX_set_min_proto_version(to, lowest) == 1 &&
            SSL_CTX_set_max_proto_version(to, highest) == 1,
        "set the versions of TLS"
    );
}

void append(std::string& list, std::string_view suite) {
    list += list.empty() ? "" : ":";
    list += suite;
}

/// Java and the standard have one name for each suite, OpenSSL another one before TLS 1.3.
std::string openssl_name(const std::string& suite) {
    const std::string_view found = OPENSSL_cipher_name(suite.c_str());
    return found == "(NONE)" ? suite : std::string{found};
}

void set_cipher_suites(SSL_CTX* to, const std::vector<std::string>& suites) {
    if (suites.empty()) {
        return;
    }
    std::string newer; // of TLS 1.3
    std::string older;
    for (const std::string& each : suites) {
        const std::string name = openssl_name(each);
        const bool is_newer = name.starts_with("TLS_");
        append(is_newer ? newer : older, name);
        const bool is_known = is_newer ? SSL_CTX_set_ciphersuites(to, name.c_str()) == 1
                                       : SSL_CTX_set_cipher_list(to, name.c_str()) == 1;
        if (!is_known) {
            (void)take_error_text();
            throw std::runtime_error{fmt::format("there is no cipher suite {}", each)};
        }
    }
    // A version none of whose suites are wanted is not wanted either.
    if (newer.empty()) {
        must(SSL_CTX_set_max_proto_version(to, TLS1_2_VERSION) == 1, "set the versions of TLS");
    } else {
        must(SSL_CTX_set_ciphersuites(to, newer.c_str()) == 1, "set the cipher suites");
    }
    if (older.empty()) {
        must(SSL_CTX_set_min_proto_version(to, TLS1_3_VERSION) == 1, "set the versions of TLS");
    } else {
        must(SSL_CTX_set_cipher_list(to, older.c_str()) == 1, "set the cipher suites");
    }
}

void use(SSL_CTX* to, const own_identity& own, const std::string& path) {
    const auto must_use = [&](bool succeeded) {
        if (!succeeded) {
            throw std::runtime_error{fmt::format("cannot use {}: {}", path, take_error_text())};
        }
    };
    must_use(SSL_CTX_use_certificate(to, own.certificate.get()) == 1);
    must_use(SSL_CTX_use_PrivateKey(to, own.key.get()) == 1);
    for (const certificate_pointer& each : own.intermediates) {
        must_use(SSL_CTX_add1_chain_cert(to, each.get()) == 1);
    }
}

void believe(SSL_CTX* to, const trust& whom, bool checks_revocation) {
    X509_STORE* const store = SSL_CTX_get_cert_store(to);
    for (const certificate_pointer& each : whom.certificates) {
        must(X509_STORE_add_cert(store, each.get()) == 1, "use a certificate");
        must(SSL_CTX_add_client_CA(to, each.get()) == 1, "use a certificate");
    }
    for (const revocation_pointer& each : whom.revocations) {
        must(X509_STORE_add_crl(store, each.get()) == 1, "use a revocation list");
    }
    // As in Java, whatever stands in the trust store is believed, also what is not a root.
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    if (checks_revocation) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    }
    must(X509_STORE_set_flags(store, flags) == 1, "use the trust store");
    SSL_CTX_set_verify_depth(to, chain_length_max);
}

int verify_mode(client_auth wanted) {
    switch (wanted) {
    case client_auth::none:
        return SSL_VERIFY_NONE;
    case client_auth::want:
        return SSL_VERIFY_PEER;
    case client_auth::need:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

} // namespace

context::context(const settings& from) : native_(SSL_CTX_new(TLS_method())) {
    SSL_CTX* const made = native_.get();
    must(made != nullptr, "set up TLS");
    set_behaviour(made);
    set_protocols(made, from.protocols);
    set_cipher_suites(made, from.cipher_suites);
    use(made, load_own_identity(from.key_store), from.key_store.location);
    if (from.authentication != client_auth::none) {
        const trust whom = load_trust(from.trust_store);
        if (from.checks_revocation && whom.revocations.empty()) {
            throw std::runtime_error{fmt::format(
                "revocation is to be checked, but {} holds no revocation list: append them to it "
                "in PEM form; they are not fetched from anywhere",
                from.trust_store.location
            )};
        }
        believe(made, whom, from.checks_revocation);
    }
    SSL_CTX_set_verify(made, verify_mode(from.authentication), nullptr);
}

} // namespace conclave::tls
