#include "client/shell/word_probe.hpp"

#include <conclave/text.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <memory>

namespace conclave::shell {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t answer_size_max = std::size_t{64} << 20U;

/// One question to one server. Its handlers keep it alive; after `stop` they do nothing more.
class word_probe : public std::enable_shared_from_this<word_probe> {
public:
    word_probe(asio::io_context& context, std::string_view word)
        : resolver_(context), socket_(context), word_(word) {}

    void start(const client::server_address& server) {
        resolver_.async_resolve(
            server.host,
            std::to_string(server.port),
            [self = shared_from_this()](error_code failed, const auto& found) {
                self->on_resolved(failed, found);
            }
        );
    }

    void stop() {
        resolver_.cancel();
        error_code ignored; // it may not be open
        socket_.close(ignored);
    }

    [[nodiscard]] bool is_done() const { return is_done_; }

    [[nodiscard]] word_answer result() const {
        return is_done_ ? word_answer{failed_, text_}
                        : word_answer{std::make_error_code(std::errc::timed_out), {}};
    }

private:
    void on_resolved(error_code failed, const asio::ip::tcp::resolver::results_type& found) {
        if (failed) {
            return finish(failed);
        }
        asio::async_connect(
            socket_,
            found,
            [self = shared_from_this()](error_code refused, const auto&) {
                self->on_connected(refused);
            }
        );
    }

    void on_connected(error_code failed) {
        if (failed) {
            return finish(failed);
        }
        asio::async_write(
            socket_,
            asio::buffer(word_),
            [self = shared_from_this()](error_code broken, std::size_t) {
                self->on_written(broken);
            }
        );
    }

    void on_written(error_code failed) {
        if (failed) {
            return finish(failed);
        }
        asio::async_read(
            socket_,
            asio::dynamic_buffer(text_, answer_size_max),
            [self = shared_from_this()](error_code ended, std::size_t) {
                // A buffer that is full ends it without an error.
                const error_code cut_off = asio::error::message_size;
                self->finish(ended == asio::error::eof ? error_code{} : ended ? ended : cut_off);
            }
        );
    }

    void finish(error_code failed) {
        failed_ = failed;
        is_done_ = true;
    }

    asio::ip::tcp::resolver resolver_;
    asio::ip::tcp::socket socket_;
    std::string word_;
    std::string text_;
    std::error_code failed_;
    bool is_done_ = false;
};

} // namespace

std::vector<word_answer> ask_servers(
    event_loop& loop,
    const std::vector<client::server_address>& servers,
    std::string_view word,
    std::chrono::milliseconds limit
) {
    std::vector<std::shared_ptr<word_probe>> probes;
    for (const client::server_address& server : servers) {
        probes.push_back(std::make_shared<word_probe>(loop.context(), word));
        probes.back()->start(server);
    }
    const auto end = loop.run_for(limit, [&] {
        return std::all_of(probes.begin(), probes.end(), [](const auto& each) {
            return each->is_done();
        });
    });
    std::vector<word_answer> answers;
    for (const auto& probe : probes) {
        answers.push_back(probe->result());
        if (!probe->is_done() && end == wait_end::interrupted) {
            answers.back().failed = std::make_error_code(std::errc::interrupted);
        }
        probe->stop();
    }
    return answers;
}

std::string line_value(std::string_view text, std::string_view name) {
    for (const std::string_view line : text::split(text, '\n')) {
        if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
            return std::string{line.substr(name.size() + 2)};
        }
    }
    return {};
}

} // namespace conclave::shell
