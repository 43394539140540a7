#include "test/bench/client/load.hpp"

#include <conclave/client.hpp>

#include <boost/asio/io_context.hpp>

#include <stdexcept>

namespace conclave::bench {

namespace {

/// Each answer starts the next request.
class pipeline {
public:
    pipeline(client::session zk, const load& what) : zk_(std::move(zk)), what_(what) {}

    void start() {
        for (std::uint64_t index = 0; index < what_.window; ++index) {
            next();
        }
    }

    [[nodiscard]] bool is_complete() const { return done_ == what_.operation_count; }

private:
    void next() {
        if (started_ == what_.operation_count) {
            return;
        }
        ++started_;
        if (what_.is_writing) {
            zk_.async_set(
                node_path,
                data_,
                [this](boost::system::error_code failed, const client::node_stat&) {
                    on_done(failed);
                }
            );
        } else {
            zk_.async_get(
                node_path,
                [this](boost::system::error_code failed, const client::node_data&) {
                    on_done(failed);
                }
            );
        }
    }

    void on_done(boost::system::error_code failed) {
        if (failed) {
            throw std::runtime_error{failed.message()};
        }
        ++done_;
        next();
    }

    client::session zk_;
    load what_;
    bytes data_ = bytes(node_size, 'x');
    std::uint64_t started_ = 0;
    std::uint64_t done_ = 0;
};

} // namespace

double run_conclave(const load& what) {
    client::settings chosen;
    chosen.servers = what.server;
    boost::asio::io_context context{1};
    client::session zk{context.get_executor(), chosen};
    bool is_ready = false;
    zk.async_connect([&](boost::system::error_code failed) {
        if (failed) {
            throw std::runtime_error{failed.message()};
        }
    });
    zk.async_create(node_path, bytes(node_size, 'x'), [&](auto, const auto&) { is_ready = true; });
    while (!is_ready) {
        context.run_one();
    }
    pipeline work{zk, what};
    const auto start = std::chrono::steady_clock::now();
    work.start();
    while (!work.is_complete()) {
        context.run_one();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    bool is_closed = false;
    zk.async_close([&](boost::system::error_code) { is_closed = true; });
    while (!is_closed) {
        context.run_one();
    }
    return took.count();
}

} // namespace conclave::bench
