#include "server/tls/openssl.hpp"

#include <openssl/err.h>

namespace conclave::tls {

std::string take_error_text() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return {};
    }
    if (const char* const reason = ERR_reason_error_string(code)) {
        return reason;
    }
    return "error " + std::to_string(code) + " of OpenSSL";
}

} // namespace conclave::tls
