/// Certificates made on the spot.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace conclave::test {

/// A directory for files of a test; gone with it.
class scratch_directory {
public:
    scratch_directory();
    ~scratch_directory();
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

    /// Puts the content in place of the file at once. @return  its path.
    std::string write(const std::string& name, const std::string& content) const;

private:
    std::string path_;
};

/// What stands in a certificate.
struct certificate_request {
    /// From the most general to the most special, by OpenSSL's short names or numbers.
    std::vector<std::pair<std::string, std::string>> subject;
    std::string alternative_names = "IP:127.0.0.1,DNS:localhost"; ///< as in openssl.cnf
    bool is_authority = false;
    bool is_expired = false;
};

inline certificate_request for_subject(const std::string& common_name) {
    return {{{"CN", common_name}}};
}

/// A key and a certificate for it.
class credentials {
public:
    /// Signed by itself if `issuer` is null.
    explicit credentials(const certificate_request& request, const credentials* issuer = nullptr);

    [[nodiscard]] X509* certificate() const { return certificate_.get(); }

    [[nodiscard]] std::string certificate_pem() const;

    /// With a password, it is encrypted.
    [[nodiscard]] std::string key_pem(const std::string& password = {}) const;

    /// Key and certificate, as a key store has them.
    [[nodiscard]] std::string pem() const { return key_pem() + certificate_pem(); }

    /// A PKCS12 file with key and certificate.
    [[nodiscard]] std::string pkcs12(const std::string& password) const;

    /// A list of this authority that takes back what it has issued.
    [[nodiscard]] std::string revocation_pem(const std::vector<const credentials*>& revoked) const;

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

/// An authority unlike any other, one server, a client, and somebody whom nobody vouches for; with
/// the files of the server.
struct public_key_infrastructure {
    scratch_directory directory;
    credentials authority{{{{"CN", directory.file("authority")}}, "", true}};
    credentials server{for_subject("server"), &authority};
    credentials alice{{{{"C", "DE"}, {"O", "Example"}, {"CN", "alice"}}}, &authority};
    credentials stranger{for_subject("stranger")};
    std::string key_store = directory.write("server.pem", server.pem());
    std::string trust_store = directory.write("trust.pem", authority.certificate_pem());
};

} // namespace conclave::test
