#include "server/tls/store.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace conclave::tls {

namespace {

/// Far above the certificates of all public authorities together.
constexpr std::size_t file_size_max = std::size_t{16} << 20U;

[[noreturn]] void fail(const std::string& path, std::string_view why) {
    throw std::runtime_error{fmt::format("cannot use {}: {}", path, why)};
}

std::string read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, freed_by<std::fclose>> file{std::fopen(path.c_str(), "rbe")};
    if (file == nullptr) {
        fail(path, std::strerror(errno));
    }
    std::string content;
    char part[16384];
    std::size_t size = 0;
    while ((size = std::fread(part, 1, sizeof part, file.get())) > 0) {
        content.append(part, size);
        if (content.size() > file_size_max) {
            fail(path, "it is larger than 16 MiB");
        }
    }
    if (std::ferror(file.get()) != 0) {
        fail(path, std::strerror(errno));
    }
    return content;
}

std::string password_of(const store_settings& store) {
    if (store.password_file.empty()) {
        return store.password;
    }
    const std::string content = read_file(store.password_file);
    return content.substr(0, content.find_first_of("\r\n"));
}

store_type type_of(const store_settings& store) {
    if (store.type != store_type::by_suffix) {
        return store.type;
    }
    const auto ends_with = [&](std::string_view suffix) {
        return std::string_view{store.location}.ends_with(suffix);
    };
    if (ends_with(".pem")) {
        return store_type::pem;
    }
    if (ends_with(".p12") || ends_with(".pfx")) {
        return store_type::pkcs12;
    }
    if (ends_with(".jks")) {
        return store_type::jks;
    }
    if (ends_with(".bcfks")) {
        return store_type::bcfks;
    }
    fail(
        store.location,
        "its name does not end in .pem or .p12; say what it is with the key that ends in .type"
    );
}

[[noreturn]] void refuse_java_store(const store_settings& store, std::string_view type) {
    fail(
        store.location,
        fmt::format(
            "{0} stores are Java's alone; convert it with: keytool -importkeystore "
            "-srcstoretype {0} -srckeystore {1} -deststoretype PKCS12 -destkeystore "
            "store.p12",
            type,
            store.location
        )
    );
}

bio_pointer reader_of(const std::string& content) {
    return bio_pointer{BIO_new_mem_buf(content.data(), static_cast<int>(content.size()))};
}

/// Gives the password that is there; asks nobody on the terminal.
int give_password(char* into, int size_max, int, void* password) {
    const auto& text = *static_cast<const std::string*>(password);
    if (text.size() > static_cast<std::size_t>(size_max)) {
        return -1;
    }
    std::memcpy(into, text.data(), text.size());
    return static_cast<int>(text.size());
}

/// All objects of one kind in a PEM file, in their order; others are passed over.
template <class Pointer, auto Read>
std::vector<Pointer> read_all(const std::string& content) {
    const bio_pointer from = reader_of(content);
    std::vector<Pointer> all;
    while (Pointer next{Read(from.get(), nullptr, nullptr, nullptr)}) {
        all.push_back(std::move(next));
    }
    (void)take_error_text(); // that of the end of the file
    return all;
}

std::vector<certificate_pointer> read_certificates(const std::string& content) {
    return read_all<certificate_pointer, PEM_read_bio_X509>(content);
}

/// What a PKCS12 file holds; members that are not in it are null or empty.
own_identity parse_pkcs12(const store_settings& store) {
    const std::string content = read_file(store.location);
    const pkcs12_pointer parsed{d2i_PKCS12_bio(reader_of(content).get(), nullptr)};
    if (parsed == nullptr) {
        (void)take_error_text();
        fail(store.location, "it is no PKCS12 file");
    }
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (PKCS12_parse(parsed.get(), password_of(store).c_str(), &key, &certificate, &others) != 1) {
        const std::string why = take_error_text();
        fail(
            store.location,
            why == "unsupported" ? "it is encrypted with an outdated cipher; write it anew with "
                                   "current tools"
                                 : why
        );
    }
    own_identity found{key_pointer{key}, certificate_pointer{certificate}, {}};
    for (int index = 0; index < sk_X509_num(others); ++index) {
        found.intermediates.emplace_back(sk_X509_value(others, index));
    }
    sk_X509_free(others);
    return found;
}

own_identity parse_pem(const store_settings& store) {
    const std::string content = read_file(store.location);
    std::string password = password_of(store);
    own_identity found;
    found.key.reset(
        PEM_read_bio_PrivateKey(reader_of(content).get(), nullptr, &give_password, &password)
    );
    if (found.key == nullptr) {
        const std::string why = take_error_text();
        fail(
            store.location,
            content.find("PRIVATE KEY-----") == std::string::npos
                ? "there is no private key in it"
                : "its private key cannot be read (" + why + ")"
        );
    }
    found.intermediates = read_certificates(content);
    if (!found.intermediates.empty()) {
        found.certificate = std::move(found.intermediates.front());
        found.intermediates.erase(found.intermediates.begin());
    }
    return found;
}

trust parse_pkcs12_trust(const store_settings& store) {
    own_identity parsed = parse_pkcs12(store);
    trust found{std::move(parsed.intermediates), {}};
    if (parsed.certificate != nullptr) {
        found.certificates.push_back(std::move(parsed.certificate));
    }
    return found;
}

trust parse_pem_trust(const store_settings& store) {
    const std::string content = read_file(store.location);
    return {
        read_certificates(content), read_all<revocation_pointer, PEM_read_bio_X509_CRL>(content)};
}

/// Calls the reader of the store's format.
template <class Pem, class Pkcs12>
auto load(const store_settings& from, Pem read_pem, Pkcs12 read_pkcs12) {
    switch (type_of(from)) {
    case store_type::pkcs12:
        return read_pkcs12(from);
    case store_type::jks:
        refuse_java_store(from, "JKS");
    case store_type::bcfks:
        refuse_java_store(from, "BCFKS");
    case store_type::pem:
    case store_type::by_suffix:
        break;
    }
    return read_pem(from);
}

} // namespace

own_identity load_own_identity(const store_settings& from) {
    own_identity found = load(from, parse_pem, parse_pkcs12);
    if (found.key == nullptr) {
        fail(from.location, "there is no private key in it");
    }
    if (found.certificate == nullptr) {
        fail(from.location, "there is no certificate in it");
    }
    if (X509_check_private_key(found.certificate.get(), found.key.get()) != 1) {
        (void)take_error_text();
        fail(from.location, "its private key does not belong to its first certificate");
    }
    return found;
}

trust load_trust(const store_settings& from) {
    trust found = load(from, parse_pem_trust, parse_pkcs12_trust);
    if (found.certificates.empty()) {
        fail(from.location, "there is no certificate in it");
    }
    return found;
}

std::vector<std::string> files_of(const store_settings& store) {
    std::vector<std::string> files;
    for (const std::string& each : {store.location, store.password_file}) {
        if (!each.empty()) {
            files.push_back(each);
        }
    }
    return files;
}

} // namespace conclave::tls
