#include "test/integration/client/proxy.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <list>

namespace conclave::client::test {

namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

} // namespace

struct proxy::shared : std::enable_shared_from_this<proxy::shared> {
    explicit shared(asio::io_context& context)
        : io(context), acceptor(context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}) {}

    struct link {
        explicit link(asio::io_context& context) : client(context), server(context) {}

        tcp::socket client;
        tcp::socket server;
        std::array<std::array<char, 4096>, 2> buffers{};

        void close() {
            error_code ignored;
            client.close(ignored);
            server.close(ignored);
        }
    };

    void accept() {
        auto made = std::make_shared<link>(io);
        acceptor.async_accept(made->client, [self = shared_from_this(), made](error_code failed) {
            if (failed) {
                return;
            }
            ++self->count;
            self->links.push_back(made);
            if (!self->is_held) {
                self->open(made);
            }
            self->accept();
        });
    }

    void open(const std::shared_ptr<link>& made) {
        const std::string server = server_under_test();
        const std::size_t colon = server.find(':');
        const tcp::endpoint where{
            asio::ip::make_address(server.substr(0, colon)),
            static_cast<std::uint16_t>(std::stoi(server.substr(colon + 1)))};
        made->server.async_connect(where, [self = shared_from_this(), made](error_code failed) {
            if (failed) {
                return made->close();
            }
            self->pass(made, made->client, made->server, 0);
            self->pass(made, made->server, made->client, 1);
        });
    }

    void pass(
        const std::shared_ptr<link>& made, tcp::socket& from, tcp::socket& to, std::size_t way_index
    ) {
        from.async_read_some(
            asio::buffer(made->buffers[way_index]),
            [self = shared_from_this(), made, &from, &to, way_index](
                error_code failed, std::size_t size
            ) {
                if (failed) {
                    return made->close();
                }
                if (self->is_held) {
                    self->held += size;
                    return; // swallowed, and nothing more is read
                }
                asio::async_write(
                    to,
                    asio::buffer(made->buffers[way_index], size),
                    [self, made, &from, &to, way_index](error_code write_failed, std::size_t) {
                        if (write_failed) {
                            return made->close();
                        }
                        self->pass(made, from, to, way_index);
                    }
                );
            }
        );
    }

    void close_all() {
        for (const auto& each : links) {
            each->close();
        }
        links.clear();
    }

    asio::io_context& io;
    tcp::acceptor acceptor;
    std::list<std::shared_ptr<link>> links;
    bool is_held = false;
    int count = 0;
    std::size_t held = 0;
};

proxy::proxy(asio::io_context& context) : shared_(std::make_shared<shared>(context)) {
    shared_->accept();
}

proxy::~proxy() {
    shared_->acceptor.close();
    shared_->close_all();
}

std::string proxy::address() const {
    return "127.0.0.1:" + std::to_string(shared_->acceptor.local_endpoint().port());
}

void proxy::cut() {
    shared_->close_all();
}

void proxy::hold() {
    shared_->is_held = true;
    shared_->held = 0;
}

void proxy::release() {
    shared_->is_held = false;
    shared_->close_all();
}

int proxy::connection_count() const {
    return shared_->count;
}

std::size_t proxy::held_size() const {
    return shared_->held;
}

} // namespace conclave::client::test
