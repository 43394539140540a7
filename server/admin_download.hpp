/// Fetches something large from another server's admin endpoint.
#pragma once

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <chrono>
#include <string>

namespace conclave {

/// Files in PEM.
struct download_keys {
    std::string trusted;     ///< certificates of whom to believe; empty: those of the system
    std::string certificate; ///< to be shown, with those up to the root; empty: none
    std::string private_key; ///< of that
};

struct admin_address {
    std::string host;
    std::string port;
    std::string authorization; ///< value of that field; empty: without
    bool is_secure = false;    ///< over TLS; the certificate has to be for the host
    download_keys keys;
    std::chrono::seconds patience{180}; ///< for the other side's next octets, and for a connection
};

/// "HOST:PORT", "[::1]:PORT", "http://HOST:PORT/", "https://HOST:PORT/". A sentence for anything
/// else.
[[nodiscard]] result<admin_address, std::string> parse_admin_address(const std::string& text);

struct download_outcome {
    unsigned status = 0;
    std::string problem; ///< what the server said, unless the status is 200
    std::string cluster; ///< whose it is, hexadecimal, if the server said
};

/// Gives the body of a GET to `sink` as it comes, until that says false. Waits, `patience` at most
/// for the next octets.
/// @return a sentence if the connection failed, or ended before the body did
[[nodiscard]] result<download_outcome, std::string>
download(const admin_address& from, const std::string& target, function_ref<bool(bytes_view)> sink);

} // namespace conclave
