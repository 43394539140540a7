#include "test/bench/etcd_channel.hpp"

#include "test/bench/failure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace conclave::bench {

namespace {

constexpr std::size_t scratch_size = std::size_t{256} * 1024;

/// So that the member never waits for leave to send.
constexpr std::int32_t window_size = 1 << 30;

nghttp2_nv header(std::string_view name, std::string_view value) {
    const auto octets = [](std::string_view text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void append_varint(std::string& to, std::size_t value) {
    for (; value >= 0x80; value >>= 7U) {
        to += static_cast<char>(value | 0x80);
    }
    to += static_cast<char>(value);
}

/// PutRequest { bytes key = 1; bytes value = 2; } with gRPC's prefix: not compressed, and how long.
void write_put(std::string& into, bytes_view key, bytes_view value) {
    into.assign(5, '\0');
    into += '\x0a';
    append_varint(into, key.size());
    into += key;
    into += '\x12';
    append_varint(into, value.size());
    into += value;
    const std::size_t size = into.size() - 5;
    for (unsigned index = 0; index < 4; ++index) {
        into[4 - index] = static_cast<char>(size >> (8 * index));
    }
}

descriptor dial(const endpoint& member) {
    descriptor socket{::socket(member.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int enabled = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);
    const auto* address = reinterpret_cast<const sockaddr*>(&member.address);
    if (socket.get() < 0 || ::connect(socket.get(), address, member.address_size) != 0) {
        throw connection_failure(
            fmt::format("cannot connect to {}: {}", member.name, std::strerror(errno))
        );
    }
    return socket;
}

} // namespace

etcd_channel::etcd_channel(
    const endpoint& member, std::size_t slots, std::function<void(std::size_t)> on_reply
)
    : name_(member.name)
    , socket_(dial(member))
    , calls_(slots)
    , on_reply_(std::move(on_reply))
    , scratch_(scratch_size) {
    start_session();
}

void etcd_channel::start_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &etcd_channel::on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &etcd_channel::on_close);
    nghttp2_session* created = nullptr;
    nghttp2_session_client_new(&created, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(created);
    const std::array<nghttp2_settings_entry, 2> settings{{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(window_size)},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    }};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, window_size);
}

void etcd_channel::put(std::size_t slot, bytes_view key, bytes_view value) {
    call& made = calls_[slot];
    write_put(made.request, key, value);
    made.sent = 0;
    made.has_succeeded = false;
    const std::array headers{
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":path", "/etcdserverpb.KV/Put"),
        header(":authority", name_),
        header("content-type", "application/grpc"),
        header("te", "trailers"),
    };
    nghttp2_data_provider body{};
    body.source.ptr = &made;
    body.read_callback = &etcd_channel::read_request;
    const std::int32_t stream = nghttp2_submit_request(
        session_.get(), nullptr, headers.data(), headers.size(), &body, &made
    );
    if (stream < 0) {
        fail(nghttp2_strerror(stream));
    }
}

ssize_t etcd_channel::
    read_request(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size, std::uint32_t* flags, nghttp2_data_source* source, void*) {
    call& made = *static_cast<call*>(source->ptr);
    const std::size_t count = std::min(size, made.request.size() - made.sent);
    std::memcpy(into, made.request.data() + made.sent, count);
    made.sent += count;
    if (made.sent == made.request.size()) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(count);
}

int etcd_channel::
    on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*) {
    const std::string_view key{reinterpret_cast<const char*>(name), name_size};
    const std::string_view text{reinterpret_cast<const char*>(value), value_size};
    auto* made =
        static_cast<call*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
    if (made != nullptr && key == "grpc-status") {
        made->has_succeeded = text == "0";
    }
    return 0;
}

int etcd_channel::on_close(
    nghttp2_session* session, std::int32_t stream, std::uint32_t code, void* self
) {
    auto& channel = *static_cast<etcd_channel*>(self);
    const auto* made = static_cast<call*>(nghttp2_session_get_stream_user_data(session, stream));
    if (made == nullptr || code != NGHTTP2_NO_ERROR || !made->has_succeeded) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    channel.on_reply_(static_cast<std::size_t>(made - channel.calls_.data()));
    return 0;
}

bool etcd_channel::flush() {
    const std::uint8_t* chunk = nullptr;
    for (;;) {
        const ssize_t size = nghttp2_session_mem_send(session_.get(), &chunk);
        if (size < 0) {
            fail(nghttp2_strerror(static_cast<int>(size)));
        }
        if (size == 0) {
            break;
        }
        outgoing_.append(reinterpret_cast<const char*>(chunk), static_cast<std::size_t>(size));
    }
    std::size_t sent = 0;
    while (sent < outgoing_.size()) {
        const ssize_t count = ::send(
            socket_.get(),
            outgoing_.data() + sent,
            outgoing_.size() - sent,
            MSG_DONTWAIT | MSG_NOSIGNAL
        );
        if (count < 0 && errno == EAGAIN) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            fail(std::strerror(errno));
        }
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    outgoing_.erase(0, sent);
    return outgoing_.empty();
}

void etcd_channel::receive() {
    const ssize_t count = ::recv(socket_.get(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        fail(count == 0 ? "closed the connection" : std::strerror(errno));
    }
    const ssize_t taken =
        nghttp2_session_mem_recv(session_.get(), scratch_.data(), static_cast<std::size_t>(count));
    if (taken != count) {
        throw failure(fmt::format("etcd {} refused a Put, or broke the protocol", name_));
    }
}

void etcd_channel::fail(std::string_view what) const {
    throw connection_failure(fmt::format("etcd {}: {}", name_, what));
}

} // namespace conclave::bench
