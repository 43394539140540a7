/// From the address of a server to an open connection.
#pragma once

#include "client/src/stream.hpp"

#include <functional>
#include <random>

namespace conclave::client {

/// One attempt: looks the name up, tries its addresses in random order, and does the TLS handshake.
/// Has no time limit; `cancel` ends it. Lives until it has called back or was cancelled.
class dialer : public std::enable_shared_from_this<dialer> {
public:
    using callback = std::function<void(error_code, std::unique_ptr<stream>)>;

    dialer(const asio::any_io_executor& executor, settings chosen, server_address server)
        : chosen_(std::move(chosen))
        , server_(std::move(server))
        , resolver_(executor)
        , socket_(executor) {}

    /// `done` is called once, unless the attempt is cancelled before.
    void start(callback done);
    void cancel();

private:
    void connect();
    void open();
    void finish(error_code failed);

    settings chosen_;
    server_address server_;
    tcp::resolver resolver_;
    std::vector<tcp::endpoint> endpoints_;
    tcp::socket socket_;
    std::unique_ptr<stream> stream_;
    callback done_;
};

} // namespace conclave::client
