#include "conclave/identity.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "conclave/jute.hpp"

namespace conclave {

namespace {

const unsigned char* octets(bytes_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
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
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
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
    constexpr std::size_t password_size = 16;
    return {reinterpret_cast<const char*>(hash.data()), password_size};
}

bool equal_in_constant_time(bytes_view left, bytes_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace conclave
