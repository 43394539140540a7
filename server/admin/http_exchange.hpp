/// What the HTTP server and the routes behind it say to each other.
#pragma once

#include "server/admin/http_message.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>

namespace conclave::admin {

/// A part of a stream, made once for all readers that get it.
class stream_part {
public:
    explicit stream_part(bytes_view content)
        : chunk_(fmt::format("{:x}\r\n{}\r\n", content.size(), content))
        , content_(bytes_view{chunk_}.substr(
              chunk_.size() - content.size() - line_end_size, content.size()
          )) {}

    stream_part(const stream_part&) = delete;
    stream_part& operator=(const stream_part&) = delete;

    /// Lives as long as the part.
    [[nodiscard]] bytes_view content() const { return content_; }

    /// The same as HTTP/1.1 frames it.
    [[nodiscard]] bytes_view chunk() const { return chunk_; }

private:
    static constexpr std::size_t line_end_size = 2;

    bytes chunk_;
    bytes_view content_;
};

/// Shared by the readers that have not taken it yet.
using stream_part_pointer = std::shared_ptr<const stream_part>;

[[nodiscard]] inline stream_part_pointer make_part(bytes_view content) {
    return std::make_shared<const stream_part>(content);
}

/// One request and the way to answer it. Admin thread only, its destruction included.
class http_exchange {
public:
    virtual ~http_exchange() = default;

    [[nodiscard]] virtual const http_request& request() const = 0;

    /// Answers. Once, and not after `begin_stream`.
    virtual void respond(http_response response) = 0;

    /// Answers with a body whose end is not known: the head goes out, `send` continues it. `gone`
    /// is called once when the peer has left, or does not keep up and was left behind. With as many
    /// streams as there may be, the peer is told so and `gone` called before this returns.
    virtual void begin_stream(http_response head, std::function<void()> gone) = 0;

    /// No effect once the peer is gone, or for an empty part. `gone` may be called before it
    /// returns.
    virtual void send(const stream_part_pointer& part) = 0;

    /// Calls `then` once, when the peer's side of the connection has taken all that was sent: for
    /// who makes the next part only then. Never, if the peer is gone or the stream has ended.
    virtual void on_drained(std::function<void()> then) = 0;

    /// Ends the stream behind what was sent.
    virtual void end_stream() = 0;

    /// Ends the stream so that the peer sees that something is missing.
    virtual void abort_stream() = 0;
};

using exchange_pointer = std::shared_ptr<http_exchange>;

/// Decides about requests and answers them. Port: the admin endpoint implements it; tests bring
/// their own.
class http_service {
public:
    virtual ~http_service() = default;

    /// What becomes of a request whose head is there.
    struct admission {
        std::optional<http_response> refusal; ///< sent instead of reading the body
        std::size_t body_size_max = 0;
    };

    /// Called before anything of the body is read.
    [[nodiscard]] virtual admission admit(const http_request& head) = 0;

    /// Called with the body. Answers now or later, by `respond` or `begin_stream`.
    virtual void serve(const exchange_pointer& asked) = 0;
};

} // namespace conclave::admin
