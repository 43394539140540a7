#include "test/support/certificates.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace conclave::test {

namespace {

constexpr long hour_s = 3600;

void must(bool succeeded) {
    if (!succeeded) {
        throw std::runtime_error{"OpenSSL cannot make a certificate"};
    }
}

std::string content_of(BIO* of) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(of, &data);
    std::string content{data, static_cast<std::size_t>(size)};
    BIO_free(of);
    return content;
}

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    must(made != nullptr && X509_add_ext(to, made, -1) == 1);
    X509_EXTENSION_free(made);
}

long next_serial() {
    static std::atomic<long> last{0};
    return ++last;
}

} // namespace

scratch_directory::scratch_directory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "conclave-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error{"cannot make a directory for a test"};
    }
    path_ = pattern;
}

scratch_directory::~scratch_directory() {
    std::error_code ignored; // what stays behind disturbs no other test
    std::filesystem::remove_all(path_, ignored);
}

std::string scratch_directory::write(const std::string& name, const std::string& content) const {
    const std::string fresh = file(name + ".new");
    std::ofstream{fresh, std::ios::binary} << content;
    std::filesystem::rename(fresh, file(name));
    return file(name);
}

credentials::credentials(const certificate_request& request, const credentials* issuer)
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    X509* const made = certificate_.get();
    X509* const signer = issuer == nullptr ? made : issuer->certificate();
    must(X509_set_version(made, X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(made), next_serial());
    X509_gmtime_adj(X509_getm_notBefore(made), -2 * hour_s);
    X509_gmtime_adj(X509_getm_notAfter(made), request.is_expired ? -hour_s : hour_s);
    X509_NAME* const name = X509_get_subject_name(made);
    for (const auto& [type, value] : request.subject) {
        must(
            X509_NAME_add_entry_by_txt(
                name,
                type.c_str(),
                MBSTRING_UTF8,
                reinterpret_cast<const unsigned char*>(value.data()),
                static_cast<int>(value.size()),
                -1,
                0
            ) == 1
        );
    }
    must(X509_set_issuer_name(made, X509_get_subject_name(signer)) == 1);
    must(X509_set_pubkey(made, key_.get()) == 1);
    add_extension(
        made,
        signer,
        NID_basic_constraints,
        request.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE"
    );
    if (!request.alternative_names.empty()) {
        add_extension(made, signer, NID_subject_alt_name, request.alternative_names);
    }
    EVP_PKEY* const signing_key = issuer == nullptr ? key_.get() : issuer->key_.get();
    must(X509_sign(made, signing_key, EVP_sha256()) != 0);
}

std::string credentials::certificate_pem() const {
    BIO* const out = BIO_new(BIO_s_mem());
    must(PEM_write_bio_X509(out, certificate_.get()) == 1);
    return content_of(out);
}

std::string credentials::key_pem(const std::string& password) const {
    BIO* const out = BIO_new(BIO_s_mem());
    must(
        PEM_write_bio_PKCS8PrivateKey(
            out,
            key_.get(),
            password.empty() ? nullptr : EVP_aes_128_cbc(),
            password.data(),
            static_cast<int>(password.size()),
            nullptr,
            nullptr
        ) == 1
    );
    return content_of(out);
}

std::string credentials::pkcs12(const std::string& password) const {
    PKCS12* const made = PKCS12_create(
        password.c_str(), "own", key_.get(), certificate_.get(), nullptr, 0, 0, 0, 0, 0
    );
    must(made != nullptr);
    BIO* const out = BIO_new(BIO_s_mem());
    must(i2d_PKCS12_bio(out, made) == 1);
    PKCS12_free(made);
    return content_of(out);
}

std::string credentials::revocation_pem(const std::vector<const credentials*>& revoked) const {
    X509_CRL* const made = X509_CRL_new();
    must(X509_CRL_set_issuer_name(made, X509_get_subject_name(certificate_.get())) == 1);
    ASN1_TIME* const from = X509_gmtime_adj(nullptr, -hour_s);
    ASN1_TIME* const until = X509_gmtime_adj(nullptr, hour_s);
    X509_CRL_set1_lastUpdate(made, from);
    X509_CRL_set1_nextUpdate(made, until);
    for (const credentials* each : revoked) {
        X509_REVOKED* const entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each->certificate()));
        X509_REVOKED_set_revocationDate(entry, from);
        must(X509_CRL_add0_revoked(made, entry) == 1);
    }
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    must(X509_CRL_sign(made, key_.get(), EVP_sha256()) != 0);
    BIO* const out = BIO_new(BIO_s_mem());
    must(PEM_write_bio_X509_CRL(out, made) == 1);
    X509_CRL_free(made);
    return content_of(out);
}

} // namespace conclave::test
