#include "conclave/identity.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>

#include "conclave/jute.hpp"

namespace conclave {

namespace {

const unsigned char* octets(bytes_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

using keyed_hash = std::array<unsigned char, EVP_MAX_MD_SIZE>;

keyed_hash hash_with(const secret& key, bytes_view message) {
    keyed_hash hash{};
    unsigned int size = 0;
    HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        octets(message),
        message.size(),
        hash.data(),
        &size
    );
    return hash;
}

} // namespace

bytes base64(bytes_view data) {
    bytes encoded((data.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(encoded.data()),
        octets(data),
        static_cast<int>(data.size())
    );
    encoded.resize(static_cast<std::size_t>(size));
    return encoded;
}

bytes digest_id(bytes_view credentials, const char* algorithm) {
    const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method{
        EVP_MD_fetch(nullptr, algorithm, nullptr), &EVP_MD_free};
    if (method == nullptr) {
        return {};
    }
    std::array<char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    const int succeeded = EVP_Digest(
        credentials.data(),
        credentials.size(),
        reinterpret_cast<unsigned char*>(hash.data()),
        &size,
        method.get(),
        nullptr
    );
    if (succeeded != 1) {
        return {};
    }
    bytes id{credentials.substr(0, credentials.find(':'))};
    id += ':';
    id += base64({hash.data(), size});
    return id;
}

bytes session_password(const secret& key, session_id id) {
    bytes message;
    jute::writer{message}(id);
    const keyed_hash hash = hash_with(key, message);
    constexpr std::size_t password_size = 16;
    return {reinterpret_cast<const char*>(hash.data()), password_size};
}

cluster_id cluster_id_of(const secret& key) {
    // Longer than a session id, so that it can be nobody's password.
    const keyed_hash hash = hash_with(key, "conclave cluster");
    cluster_id id{};
    std::copy_n(hash.begin(), id.size(), id.begin());
    return id;
}

bool equal_in_constant_time(bytes_view left, bytes_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace conclave
