#include "test/bench/endpoint.hpp"

#include "test/bench/failure.hpp"

#include <fmt/core.h>

#include <cstring>
#include <memory>
#include <netdb.h>

namespace conclave::bench {

namespace {

endpoint resolve(std::string_view server) {
    const std::size_t colon = server.rfind(':');
    if (colon == std::string_view::npos) {
        throw failure(fmt::format("server \"{}\" is not host:port", server));
    }
    std::string host{server.substr(0, colon)};
    const std::string port{server.substr(colon + 1)};
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) {
        throw failure(fmt::format("cannot resolve {}: {}", server, ::gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
    endpoint result;
    result.name = server;
    std::memcpy(&result.address, found->ai_addr, found->ai_addrlen);
    result.address_size = found->ai_addrlen;
    return result;
}

} // namespace

std::vector<endpoint> resolve_servers(std::string_view servers) {
    std::vector<endpoint> endpoints;
    while (!servers.empty()) {
        const std::string_view server = servers.substr(0, servers.find(','));
        servers.remove_prefix(std::min(server.size() + 1, servers.size()));
        endpoints.push_back(resolve(server));
    }
    if (endpoints.empty()) {
        throw failure("no server given");
    }
    return endpoints;
}

} // namespace conclave::bench
