#include "server/tls/context.hpp"
#include "server/tls/store.hpp"
#include "test/support/certificates.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using Catch::Contains;

namespace {

tls::settings settings_of(const public_key_infrastructure& keys) {
    tls::settings made;
    made.key_store.location = keys.key_store;
    made.trust_store.location = keys.trust_store;
    return made;
}

std::vector<std::string> cipher_suites_of(const tls::context& context) {
    std::vector<std::string> names;
    STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context.native());
    for (int index = 0; index < sk_SSL_CIPHER_num(all); ++index) {
        names.emplace_back(SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(all, index)));
    }
    return names;
}

} // namespace

TEST_CASE("tls store: PEM and PKCS12 files are told apart by their names", "[tls]") {
    const public_key_infrastructure keys;
    tls::store_settings store{keys.key_store};
    CHECK(tls::load_own_identity(store).intermediates.empty());
    store = {keys.directory.write("server.p12", keys.server.pkcs12("secret"))};
    store.password = "secret";
    CHECK(tls::load_own_identity(store).key != nullptr);
    store = {keys.directory.write("server.store", keys.server.pem())};
    CHECK_THROWS_WITH(tls::load_own_identity(store), Contains("does not end in .pem or .p12"));
    store.type = tls::store_type::pem;
    CHECK(tls::load_own_identity(store).key != nullptr);
}

TEST_CASE("tls store: certificates behind the first one belong to the chain", "[tls]") {
    const public_key_infrastructure keys;
    const std::string chain = keys.server.pem() + keys.authority.certificate_pem();
    const tls::own_identity own =
        tls::load_own_identity({keys.directory.write("chain.pem", chain)});
    CHECK(own.intermediates.size() == 1);
    CHECK(X509_cmp(own.certificate.get(), keys.server.certificate()) == 0);
}

TEST_CASE("tls store: an encrypted key needs its password", "[tls]") {
    const public_key_infrastructure keys;
    tls::store_settings store{keys.directory.write(
        "locked.pem", keys.server.key_pem("secret") + keys.server.certificate_pem()
    )};
    CHECK_THROWS_WITH(tls::load_own_identity(store), Contains("private key cannot be read"));
    store.password = "wrong";
    CHECK_THROWS_WITH(tls::load_own_identity(store), Contains("private key cannot be read"));
    store.password = "secret";
    CHECK(tls::load_own_identity(store).key != nullptr);
    store.password = "wrong";
    store.password_file = keys.directory.write("password", "secret\n");
    CHECK(tls::load_own_identity(store).key != nullptr);
}

TEST_CASE("tls store: what cannot be used is named with its reason", "[tls]") {
    const public_key_infrastructure keys;
    const auto own = [&](const std::string& content) {
        (void)tls::load_own_identity({keys.directory.write("own.pem", content)});
    };
    CHECK_THROWS_WITH(own(""), Contains("own.pem: there is no private key in it"));
    CHECK_THROWS_WITH(own(keys.server.key_pem()), Contains("there is no certificate in it"));
    CHECK_THROWS_WITH(
        own(keys.server.key_pem() + keys.alice.certificate_pem()),
        Contains("its private key does not belong to its first certificate")
    );
    CHECK_THROWS_WITH(
        tls::load_trust({keys.directory.write("trust.pem", "nothing")}),
        Contains("trust.pem: there is no certificate in it")
    );
    CHECK_THROWS_WITH(
        tls::load_own_identity({keys.directory.write("own.p12", "nothing")}),
        Contains("it is no PKCS12 file")
    );
    CHECK_THROWS_WITH(
        tls::load_own_identity({keys.directory.file("missing.pem")}),
        Contains("missing.pem: No such file or directory")
    );
}

TEST_CASE("tls store: a store of Java is refused with a way to convert it", "[tls]") {
    CHECK_THROWS_WITH(
        tls::load_trust({"/etc/trust.jks"}),
        Contains("keytool -importkeystore -srcstoretype JKS -srckeystore /etc/trust.jks")
    );
    CHECK_THROWS_WITH(tls::load_trust({"/etc/trust.bcfks"}), Contains("-srcstoretype BCFKS"));
}

TEST_CASE("tls store: a damaged PKCS12 file or a wrong password is refused", "[tls]") {
    const public_key_infrastructure keys;
    const std::string whole = keys.server.pkcs12("secret");
    tls::store_settings store{keys.directory.write("own.p12", whole)};
    store.password = "wrong";
    CHECK_THROWS_WITH(tls::load_own_identity(store), Contains("own.p12: "));
    store = {keys.directory.write("cut.p12", whole.substr(0, whole.size() / 2))};
    CHECK_THROWS_WITH(tls::load_own_identity(store), Contains("it is no PKCS12 file"));
}

TEST_CASE("tls context: protocols are those that are named", "[tls]") {
    const public_key_infrastructure keys;
    tls::settings from = settings_of(keys);
    const auto range = [&] {
        const tls::context made{from};
        return std::pair{
            SSL_CTX_get_min_proto_version(made.native()),
            SSL_CTX_get_max_proto_version(made.native())};
    };
    CHECK(range() == std::pair<long, long>{TLS1_2_VERSION, TLS1_3_VERSION});
    from.protocols = {"TLSv1.3"};
    CHECK(range() == std::pair<long, long>{TLS1_3_VERSION, TLS1_3_VERSION});
    from.protocols = {"TLSv1.3", "TLSv1.2"};
    CHECK(range() == std::pair<long, long>{TLS1_2_VERSION, TLS1_3_VERSION});
    from.protocols = {"SSLv3"};
    CHECK_THROWS_WITH(range(), Contains("the protocol SSLv3 is not supported"));
}

TEST_CASE("tls context: cipher suites have the names of Java or of OpenSSL", "[tls]") {
    const public_key_infrastructure keys;
    tls::settings from = settings_of(keys);
    for (const char* const name :
         {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"}) {
        from.cipher_suites = {name};
        const tls::context made{from};
        CHECK(cipher_suites_of(made).back() == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        CHECK(SSL_CTX_get_max_proto_version(made.native()) == TLS1_2_VERSION);
    }
    from.cipher_suites = {"TLS_AES_256_GCM_SHA384"};
    CHECK(SSL_CTX_get_min_proto_version(tls::context{from}.native()) == TLS1_3_VERSION);
    from.cipher_suites = {"TLS_AES_256_GCM_SHA384", "TLS_ROT13"};
    CHECK_THROWS_WITH(tls::context{from}, Contains("there is no cipher suite TLS_ROT13"));
}

TEST_CASE("tls context: revocation is checked by lists that are there", "[tls]") {
    const public_key_infrastructure keys;
    tls::settings from = settings_of(keys);
    from.checks_revocation = true;
    CHECK_THROWS_WITH(tls::context{from}, Contains("holds no revocation list"));
    (void)keys.directory.write(
        "trust.pem", keys.authority.certificate_pem() + keys.authority.revocation_pem({&keys.alice})
    );
    const tls::context made{from};
    const auto verdict_on = [&](const credentials& shown) {
        X509_STORE_CTX* const check = X509_STORE_CTX_new();
        X509_STORE_CTX_init(
            check, SSL_CTX_get_cert_store(made.native()), shown.certificate(), nullptr
        );
        X509_verify_cert(check);
        const int verdict = X509_STORE_CTX_get_error(check);
        X509_STORE_CTX_free(check);
        return verdict;
    };
    CHECK(verdict_on(keys.alice) == X509_V_ERR_CERT_REVOKED);
    CHECK(verdict_on(keys.server) == X509_V_OK);
}
