/// A connection to a server, with or without TLS.
#pragma once

#include "client/src/delivery.hpp"

#include <conclave/client/settings.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace conclave::client {

using tcp = asio::ip::tcp;
using io_handler = asio::any_completion_handler<void(error_code, std::size_t)>;
using plain_handler = asio::any_completion_handler<void(error_code)>;

/// Octets in and out. One read and one write at a time; buffers live until the handler is called.
class stream {
public:
    stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    virtual ~stream() = default;

    /// What is left to do on a socket that is connected: for TLS, the handshake.
    virtual void async_open(plain_handler handler) = 0;
    virtual void async_read_some(asio::mutable_buffer into, io_handler handler) = 0;
    virtual void async_write(asio::const_buffer all, io_handler handler) = 0;
    /// Everything that is under way ends with operation_aborted.
    virtual void close() = 0;
};

/// TLS if the settings have a context for it. `host` is the name that the certificate must carry.
[[nodiscard]] std::unique_ptr<stream>
make_stream(tcp::socket socket, const settings& chosen, const std::string& host);

} // namespace conclave::client
