#include "conclave/testing/server.hpp"

#include "server/testing/service.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <future>
#include <stdexcept>
#include <thread>

namespace conclave::testing {

/// The thread that everything happens on.
class server::runner {
public:
    explicit runner(const server_settings& chosen)
        : service_(context_, chosen), port_(service_.port()), thread_([this] { context_.run(); }) {}

    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    ~runner() {
        context_.stop();
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// Calls `what(service)` on the thread and waits for its result.
    template <class Call>
    auto ask(Call what) {
        std::packaged_task<decltype(what(std::declval<service&>()))()> task{
            [this, what = std::move(what)] {
                return what(service_);
            }};
        auto answer = task.get_future();
        asio::post(context_, [&task] { task(); });
        return answer.get();
    }

private:
    asio::io_context context_{1};
    service service_;
    std::uint16_t port_;
    std::thread thread_;
};

namespace {

std::runtime_error no_port(const boost::system::system_error& failed) {
    return std::runtime_error{
        std::string{"cannot listen on a port of 127.0.0.1 for a test: "} + failed.what()};
}

} // namespace

server::server(const server_settings& chosen) {
    try {
        runner_ = std::make_unique<runner>(chosen);
    } catch (const boost::system::system_error& failed) {
        throw no_port(failed);
    }
}

server::~server() = default;

std::string server::address() const {
    return "127.0.0.1:" + std::to_string(port());
}

std::uint16_t server::port() const {
    return runner_->port();
}

bool server::expire(session_id which) {
    return runner_->ask([which](service& of) { return of.expire(which); });
}

void server::advance(std::chrono::milliseconds by) {
    runner_->ask([by](service& of) { of.advance(by); });
}

void server::drop_connections() {
    runner_->ask([](service& of) { of.drop_connections(); });
}

void server::partition() {
    runner_->ask([](service& of) { of.partition(); });
}

void server::heal() {
    runner_->ask([](service& of) { of.heal(); });
}

void server::break_after(std::size_t request_count, last_request fate, session_id of) {
    runner_->ask([=](service& at) { at.break_after({request_count, fate, of}); });
}

std::size_t server::connection_count() const {
    return runner_->ask([](service& of) { return of.connection_count(); });
}

std::size_t server::request_count() const {
    return runner_->ask([](service& of) { return of.request_count(); });
}

std::size_t server::notification_count() const {
    return runner_->ask([](service& of) { return of.notification_count(); });
}

std::size_t server::session_count() const {
    return runner_->ask([](service& of) { return of.session_count(); });
}

} // namespace conclave::testing
