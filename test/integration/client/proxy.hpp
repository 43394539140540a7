/// A connection between a client and the server that a test can cut.
#pragma once

#include "test/integration/client/fixture.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <vector>

namespace conclave::client::test {

/// Passes octets on, both ways, until told otherwise. On the executor of the test.
class proxy {
public:
    explicit proxy(asio::io_context& context);
    ~proxy();

    proxy(const proxy&) = delete;
    proxy& operator=(const proxy&) = delete;

    /// "127.0.0.1:port"
    [[nodiscard]] std::string address() const;

    /// Closes every connection; new ones are taken.
    void cut();
    /// Connections stay open and nothing passes; new ones are taken and stay silent.
    void hold();
    /// Passes what comes from now on; what was held is lost with its connections.
    void release();

    [[nodiscard]] int connection_count() const;

    /// Octets that were swallowed since `hold`.
    [[nodiscard]] std::size_t held_size() const;

private:
    struct shared;
    std::shared_ptr<shared> shared_;
};

} // namespace conclave::client::test
