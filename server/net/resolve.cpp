#include "server/net/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace conclave::net {

namespace {

std::vector<tcp::endpoint> resolve_one(tcp::resolver& resolver, const listen_address& address) {
    error_code failed;
    const asio::ip::address literal = asio::ip::make_address(address.host, failed);
    if (!failed) {
        return {{literal, address.port}};
    }
    std::vector<tcp::endpoint> found;
    for (const auto& entry : resolver.resolve(
             address.host, std::to_string(address.port), tcp::resolver::passive, failed
         )) {
        found.push_back(entry.endpoint());
    }
    if (failed || found.empty()) {
        throw std::runtime_error{fmt::format(
            "cannot listen on {}:{}: the name is not known ({})",
            address.host,
            address.port,
            failed.message()
        )};
    }
    return found;
}

} // namespace

std::vector<tcp::endpoint>
resolve(asio::io_context& context, const std::vector<listen_address>& addresses) {
    tcp::resolver resolver{context};
    std::vector<tcp::endpoint> all;
    for (const listen_address& address : addresses) {
        for (const tcp::endpoint& found : resolve_one(resolver, address)) {
            // Port 0 asks for any free port, which is a new one each time.
            if (found.port() == 0 || std::find(all.begin(), all.end(), found) == all.end()) {
                all.push_back(found);
            }
        }
    }
    return all;
}

bool has_v4_at(const std::vector<tcp::endpoint>& all, std::uint16_t port) {
    return std::any_of(all.begin(), all.end(), [port](const tcp::endpoint& each) {
        return each.address().is_v4() && each.port() == port;
    });
}

tcp::endpoint unwrapped(const tcp::endpoint& peer) {
    const asio::ip::address address = peer.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) {
        return peer;
    }
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), peer.port()};
}

std::string endpoint_text(const tcp::endpoint& endpoint) {
    const bool is_v6 = endpoint.address().is_v6();
    return fmt::format(
        "{}{}{}:{}",
        is_v6 ? "[" : "",
        endpoint.address().to_string(),
        is_v6 ? "]" : "",
        endpoint.port()
    );
}

} // namespace conclave::net
