#include "server/tls/session.hpp"

#include "server/tls/socket_bio.hpp"
#include "server/tls/subject_name.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace conclave::tls {

namespace {

/// Why the certificate of the other side was not believed.
std::string verification_text(const SSL* of) {
    const long result = SSL_get_verify_result(of);
    return result == X509_V_OK
               ? std::string{}
               : fmt::format(
                     "its certificate is not accepted ({})", X509_verify_cert_error_string(result)
                 );
}

} // namespace

session::session(const context& shared, int descriptor, side own)
    : native_(SSL_new(shared.native())) {
    bio_pointer socket = make_socket_bio(descriptor);
    if (native_ == nullptr || socket == nullptr) {
        throw std::runtime_error{"cannot set up a TLS session: " + take_error_text()};
    }
    BIO* const both_ways = socket.release();
    SSL_set_bio(native_.get(), both_ways, both_ways);
    own == side::acceptor ? SSL_set_accept_state(native_.get())
                          : SSL_set_connect_state(native_.get());
}

/// What the last call of OpenSSL means.
progress session::outcome_of(int returned) {
    if (returned > 0) {
        return progress::done;
    }
    const int system_error = errno;
    switch (SSL_get_error(native_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
        return progress::wants_read;
    case SSL_ERROR_WANT_WRITE:
        return progress::wants_write;
    case SSL_ERROR_ZERO_RETURN:
        return progress::ended;
    case SSL_ERROR_SYSCALL:
        failure_ = system_error == 0 ? "the connection ended" : std::strerror(system_error);
        return progress::failed;
    default:
        break;
    }
    failure_ = verification_text(native_.get());
    if (const std::string why = take_error_text(); failure_.empty()) {
        failure_ = why.empty() ? "the connection ended" : why;
    }
    return progress::failed;
}

progress session::shake_hands() {
    ERR_clear_error();
    errno = 0;
    const progress is = outcome_of(SSL_do_handshake(native_.get()));
    // What was sent right behind the handshake may have been read with it.
    holds_input_ = is == progress::done && SSL_has_pending(native_.get()) == 1;
    const X509* const certificate = SSL_get0_peer_certificate(native_.get());
    if (is == progress::done && certificate != nullptr) {
        peer_subject_ = subject_text(X509_get_subject_name(certificate));
    }
    return is;
}

transfer session::read_some(std::span<char> into) {
    if (!failure_.empty()) {
        return {progress::failed, 0};
    }
    std::size_t size = 0;
    progress is = progress::done;
    while (is == progress::done && size < into.size()) {
        ERR_clear_error();
        errno = 0;
        std::size_t more = 0;
        const int returned =
            SSL_read_ex(native_.get(), into.data() + size, into.size() - size, &more);
        is = outcome_of(returned);
        size += more;
    }
    holds_input_ = is != progress::wants_read && is != progress::wants_write;
    // What came after these octets is met again by the next call.
    return {size == 0 ? is : progress::done, size};
}

transfer session::write_some(bytes_view from) {
    if (!failure_.empty()) {
        return {progress::failed, 0};
    }
    ERR_clear_error();
    errno = 0;
    std::size_t size = 0;
    const int returned = SSL_write_ex(native_.get(), from.data(), from.size(), &size);
    return {outcome_of(returned), size};
}

progress session::end_output() {
    if (!failure_.empty()) {
        return progress::failed;
    }
    ERR_clear_error();
    errno = 0;
    const int returned = SSL_shutdown(native_.get());
    // 0: the other side has not ended its output, and need not.
    return returned == 0 ? progress::done : outcome_of(returned);
}

bool session::is_peer_named(const std::string& host) const {
    X509* const certificate = SSL_get0_peer_certificate(native_.get());
    return certificate != nullptr &&
           (X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
            X509_check_host(
                certificate, host.data(), host.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr
            ) == 1);
}

} // namespace conclave::tls
