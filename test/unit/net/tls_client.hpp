/// A TLS client for tests, on a blocking socket.
#pragma once

#include "test/support/certificates.hpp"
#include "test/unit/net/posix_client.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>

namespace conclave::test {

class tls_client {
public:
    /// Shows `own` if it is not null. Believes everybody.
    explicit tls_client(std::uint16_t port, const credentials* own = nullptr, int version = 0)
        : socket_(port) {
        if (own != nullptr) {
            use(*own);
        }
        SSL_CTX_set_max_proto_version(context_.get(), version);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), socket_.descriptor());
    }

    [[nodiscard]] SSL* native() const { return ssl_.get(); }

    [[nodiscard]] posix_client& socket() { return socket_; }

    /// With TLS 1.3 it may succeed although the server refuses what it is shown.
    [[nodiscard]] bool shakes_hands() { return SSL_connect(ssl_.get()) == 1; }

    tls_client& connect() {
        if (!shakes_hands()) {
            throw std::runtime_error{"no TLS handshake"};
        }
        return *this;
    }

    void send(bytes_view data) {
        std::size_t size = 0;
        if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &size) != 1) {
            throw std::runtime_error{"cannot send"};
        }
    }

    /// Exactly so many octets; fewer if the connection ended before.
    bytes receive(std::size_t size) {
        bytes all(size, '\0');
        std::size_t received = 0;
        std::size_t more = 0;
        while (received < size &&
               SSL_read_ex(ssl_.get(), all.data() + received, size - received, &more) == 1) {
            received += more;
        }
        all.resize(received);
        return all;
    }

    /// The payload of one frame.
    bytes receive_frame() {
        std::size_t size = 0;
        for (const char octet : receive(4)) {
            size = size << 8U | static_cast<unsigned char>(octet);
        }
        return receive(size);
    }

    /// True if the server ended its output in good order.
    [[nodiscard]] bool was_ended() const {
        return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }

    /// Who the server has shown to be.
    [[nodiscard]] long server_serial() const {
        return ASN1_INTEGER_get(X509_get_serialNumber(SSL_get0_peer_certificate(ssl_.get())));
    }

private:
    void use(const credentials& own) {
        const std::string pem = own.key_pem();
        BIO* const from = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        EVP_PKEY* const key = PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr);
        SSL_CTX_use_certificate(context_.get(), own.certificate());
        SSL_CTX_use_PrivateKey(context_.get(), key);
        EVP_PKEY_free(key);
        BIO_free(from);
    }

    posix_client socket_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

} // namespace conclave::test
