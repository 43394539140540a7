/// The addresses of the servers under test.
#pragma once

#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace conclave::bench {

/// One server: as it was written, and resolved.
struct endpoint {
    std::string name;
    sockaddr_storage address{};
    socklen_t address_size = 0;
};

/// Resolves `host:port[,host:port...]`; IPv6 hosts are written in brackets. Throws `failure`.
std::vector<endpoint> resolve_servers(std::string_view servers);

} // namespace conclave::bench
