/// One HTTP/2 connection with a member of an etcd.
#pragma once

#include "test/bench/descriptor.hpp"
#include "test/bench/endpoint.hpp"

#include <conclave/types.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <string>
#include <vector>

namespace conclave::bench {

/// Unary gRPC calls, several at a time, one stream each. `flush` and `receive` do not wait. Flow
/// control, header compression and pings are nghttp2's. Whatever goes wrong throws
/// `connection_failure`, a call that etcd refuses throws `failure`.
class etcd_channel {
public:
    /// @param on_reply  called with the slot of each call that has succeeded
    etcd_channel(
        const endpoint& member, std::size_t slots, std::function<void(std::size_t)> on_reply
    );
    etcd_channel(const etcd_channel&) = delete;
    etcd_channel& operator=(const etcd_channel&) = delete;

    /// Begins a KV.Put. `slot` is free until it is told to `on_reply`.
    void put(std::size_t slot, bytes_view key, bytes_view value);

    /// @return whether nothing is left to send.
    bool flush();

    /// Reads what is there and reports replies.
    void receive();

    [[nodiscard]] int fd() const { return socket_.get(); }

private:
    struct call {
        std::string request; ///< length-prefixed message
        std::size_t sent = 0;
        bool has_succeeded = false;
    };

    struct session_deleter {
        void operator()(nghttp2_session* which) const { nghttp2_session_del(which); }
    };

    void start_session();
    [[noreturn]] void fail(std::string_view what) const;

    static ssize_t read_request(
        nghttp2_session*,
        std::int32_t stream,
        std::uint8_t* into,
        std::size_t size,
        std::uint32_t* flags,
        nghttp2_data_source* source,
        void* self
    );
    static int on_header(
        nghttp2_session* session,
        const nghttp2_frame* frame,
        const std::uint8_t* name,
        std::size_t name_size,
        const std::uint8_t* value,
        std::size_t value_size,
        std::uint8_t flags,
        void* self
    );
    static int
    on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t code, void* self);

    std::string name_;
    descriptor socket_;
    std::vector<call> calls_;
    std::function<void(std::size_t)> on_reply_;
    std::unique_ptr<nghttp2_session, session_deleter> session_;
    std::string outgoing_;
    std::vector<std::uint8_t> scratch_;
};

} // namespace conclave::bench
