/// One connection to the HTTP server. Private to this folder: it drags Beast along.
#pragma once

#include "server/admin/http_exchange.hpp"
#include "server/admin/http_server.hpp"
#include "server/admin/http_stream.hpp"
#include "server/admin/stream_queue.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <optional>

namespace conclave::admin {

namespace beast = boost::beast;

/// Through which of the listeners a connection came.
struct door_facts {
    std::size_t index = 0;
    bool is_local = false;
    http_security security;
};

/// Reads a request, has it answered, reads the next one. Kept alive by what it waits for, and by
/// the exchange that the service holds while it answers.
class http_connection final : public http_exchange,
                              public std::enable_shared_from_this<http_connection> {
public:
    using executor = http_stream::executor_type;
    using socket = http_stream::socket;

    /// What connections of one server share.
    struct surroundings {
        http_limits limits;
        http_service* service = nullptr;
        std::size_t connection_count = 0;
        std::size_t stream_count = 0;
        stream_backlog backlog;
        bool is_stopping = false;
    };

    /// `shared` must outlive the connection.
    http_connection(socket accepted, door_facts door, surroundings& shared);
    ~http_connection() override;
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    void start();

    /// Answers without looking at the request, and closes: there are too many connections.
    void turn_away();

    /// Closes it if nothing is under way, else once that is over. Streams end at once.
    void wind_up();

    [[nodiscard]] const http_request& request() const override { return request_; }

    void respond(http_response response) override;
    void begin_stream(http_response head, std::function<void()> gone) override;
    void send(const stream_part_pointer& part) override;
    void on_drained(std::function<void()> then) override;
    void end_stream() override;
    void abort_stream() override;

private:
    using parser = beast::http::request_parser<beast::http::string_body>;

    enum class phase { reading, serving, responding, streaming, draining, closed };

    void secure();
    void refuse_plain();
    void read_head();
    void on_head(const beast::error_code& failed);
    void read_body(std::size_t size_max);
    void serve();
    void refuse_malformed(const beast::error_code& failed);
    [[nodiscard]] std::optional<http_response> take_head();
    void write(bytes content, bool keeps_alive);
    void on_written(bool keeps_alive);
    [[nodiscard]] bool may_stream() const;
    [[nodiscard]] bool keeps_up(std::size_t size) const;
    void write_stream();
    void write_stream_octets(bytes_view octets);
    void await_end_of_peer();
    void drain();
    void read_and_forget();
    void close();
    void leave();
    void limit(std::chrono::milliseconds from_now);
    void on_deadline();

    surroundings& shared_;
    http_stream stream_;
    asio::steady_timer deadline_;
    door_facts door_;
    beast::flat_buffer buffer_;
    std::optional<parser> parser_;
    phase phase_ = phase::reading;
    http_request request_;
    bytes output_; ///< being written, if it is no part of a stream
    stream_queue queue_;
    bool is_writing_ = false;
    bool is_chunked_ = false;
    bool is_counted_ = true;      ///< among the connections
    bool is_streaming_ = false;   ///< it counts as a stream
    bool is_ending_ = false;      ///< the stream is over once everything is written
    bool is_end_written_ = false; ///< the mark behind the last chunk, too
    bool has_begun_ = false;      ///< something of the current request has arrived
    bool is_late_ = false;        ///< the request did not arrive in time
    std::function<void()> gone_;
    std::function<void()> drained_;
    std::array<char, 512> forgotten_{};
    std::size_t drained_size_ = 0;
};

} // namespace conclave::admin
