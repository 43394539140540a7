/// OpenSSL's objects with an owner, and its errors as sentences.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace conclave::tls {

/// Frees what it is the deleter of.
template <auto Free>
struct freed_by {
    template <class Object>
    void operator()(Object* object) const {
        Free(object);
    }
};

using bio_pointer = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using key_pointer = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_pointer = std::unique_ptr<X509, freed_by<X509_free>>;
using revocation_pointer = std::unique_ptr<X509_CRL, freed_by<X509_CRL_free>>;
using pkcs12_pointer = std::unique_ptr<PKCS12, freed_by<PKCS12_free>>;
using context_pointer = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using ssl_pointer = std::unique_ptr<SSL, freed_by<SSL_free>>;

/// The oldest error of this thread that was not taken yet, which is the cause of the others; all
/// are forgotten. Empty if there is none.
[[nodiscard]] std::string take_error_text();

} // namespace conclave::tls
