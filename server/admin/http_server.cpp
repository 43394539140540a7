#include "server/admin/http_server.hpp"

#include "server/admin/http_connection.hpp"

#include <conclave/log_line.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <pthread.h>
#include <stdexcept>
#include <thread>

namespace conclave::admin {

namespace {

using acceptor = asio::basic_socket_acceptor<tcp, http_connection::executor>;

constexpr std::chrono::milliseconds accept_retry_interval{100};

/// How many connections beyond the limit are told so; further ones are just closed.
constexpr std::size_t turned_away_count_max = 32;

/// All addresses of that name: "localhost" is two.
std::vector<tcp::endpoint> endpoints_of(asio::io_context& context, const http_door& door) {
    boost::system::error_code failed;
    const asio::ip::address literal = asio::ip::make_address(door.host, failed);
    if (!failed) {
        return {{literal, door.port}};
    }
    tcp::resolver resolver{context};
    std::vector<tcp::endpoint> found;
    for (const auto& each :
         resolver.resolve(door.host, std::to_string(door.port), tcp::resolver::passive, failed)) {
        found.push_back(each.endpoint());
    }
    return found;
}

} // namespace

class http_server::parts {
public:
    parts(std::vector<http_door> doors, http_limits limits, http_service& service)
        : stop_timer_(context_) {
        shared_.limits = limits;
        shared_.service = &service;
        for (std::size_t index = 0; index < doors.size(); ++index) {
            open(doors[index], index);
        }
    }

    void start() {
        for (const std::unique_ptr<entrance>& each : entrances_) {
            accept(*each);
        }
        thread_ = std::thread{[this] {
            ::pthread_setname_np(::pthread_self(), "admin");
            context_.run();
        }};
    }

    void stop() {
        if (!thread_.joinable()) {
            return;
        }
        asio::post(context_, [this] { begin_stop(); });
        thread_.join();
    }

    void post(std::function<void()> what) { asio::post(context_, std::move(what)); }

    void call_after(std::chrono::milliseconds delay, std::function<void()> what) {
        auto timer = std::make_shared<asio::steady_timer>(context_, delay);
        timer->async_wait(
            [timer, what = std::move(what), this](const boost::system::error_code& failed) {
                if (!failed && !shared_.is_stopping) {
                    what();
                }
            }
        );
    }

    [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }

private:
    struct entrance {
        acceptor listener;
        asio::steady_timer retry;
        door_facts facts;
    };

    void open(const http_door& door, std::size_t index) {
        const std::vector<tcp::endpoint> endpoints = endpoints_of(context_, door);
        const auto fail = [&door](const std::string& why) {
            throw std::runtime_error{
                fmt::format("cannot listen on {}:{}: {}", door.host, door.port, why)};
        };
        if (endpoints.empty()) {
            fail("the name is not known");
        }
        for (tcp::endpoint at : endpoints) {
            if (at.port() == 0 && ports_.size() > index) {
                at.port(ports_[index]);
            }
            auto added = std::make_unique<entrance>(entrance{
                acceptor{context_},
                asio::steady_timer{context_},
                {index, at.address().is_loopback(), door.security}});
            try {
                added->listener.open(at.protocol());
                added->listener.set_option(acceptor::reuse_address{true});
                if (at.address().is_v6()) {
                    added->listener.set_option(asio::ip::v6_only{endpoints.size() > 1});
                }
                added->listener.bind(at);
                added->listener.listen();
            } catch (const boost::system::system_error& failed) {
                fail(failed.code().message());
            }
            if (ports_.size() == index) {
                ports_.push_back(added->listener.local_endpoint().port());
            }
            entrances_.push_back(std::move(added));
        }
    }

    void accept(entrance& at) {
        at.listener.async_accept(
            [this, &at](const boost::system::error_code& failed, http_connection::socket accepted) {
                if (shared_.is_stopping) {
                    return;
                }
                if (failed) {
                    return accept_later(at); // out of descriptors, most likely
                }
                admit(std::move(accepted), at.facts);
                accept(at);
            }
        );
    }

    void accept_later(entrance& at) {
        at.retry.expires_after(accept_retry_interval);
        at.retry.async_wait([this, &at](const boost::system::error_code& cancelled) {
            if (!cancelled && !shared_.is_stopping) {
                accept(at);
            }
        });
    }

    void admit(http_connection::socket accepted, const door_facts& door) {
        const std::size_t count = shared_.connection_count;
        if (count >= shared_.limits.connection_count_max + turned_away_count_max) {
            return; // the socket closes
        }
        auto added = std::make_shared<http_connection>(std::move(accepted), door, shared_);
        constexpr std::size_t slack = 64;
        if (connections_.size() > 2 * count + slack) {
            std::erase_if(connections_, [](const auto& each) { return each.expired(); });
        }
        connections_.push_back(added);
        count >= shared_.limits.connection_count_max ? added->turn_away() : added->start();
    }

    void begin_stop() {
        shared_.is_stopping = true;
        for (const std::unique_ptr<entrance>& each : entrances_) {
            boost::system::error_code ignored; // the descriptor is gone in any case
            each->listener.close(ignored);
            each->retry.cancel();
        }
        for (const auto& each : connections_) {
            if (const auto connection = each.lock()) {
                connection->wind_up();
            }
        }
        await_last(std::chrono::steady_clock::now() + shared_.limits.stop_timeout);
    }

    /// Ends the thread when the last connection is gone, or when that takes too long.
    void await_last(std::chrono::steady_clock::time_point deadline) {
        constexpr std::chrono::milliseconds interval{5};
        if (shared_.connection_count == 0 || std::chrono::steady_clock::now() >= deadline) {
            return context_.stop();
        }
        stop_timer_.expires_after(interval);
        stop_timer_.async_wait([this, deadline](const boost::system::error_code&) {
            await_last(deadline);
        });
    }

    // In this order: what is queued in the context may hold the last reference to a connection.
    http_connection::surroundings shared_;
    std::vector<std::weak_ptr<http_connection>> connections_;
    std::vector<std::uint16_t> ports_;
    asio::io_context context_{1};
    std::vector<std::unique_ptr<entrance>> entrances_;
    asio::steady_timer stop_timer_;
    std::thread thread_;
};

http_server::http_server(std::vector<http_door> doors, http_limits limits, http_service& service)
    : parts_(std::make_unique<parts>(std::move(doors), limits, service)) {}

http_server::~http_server() {
    stop();
}

void http_server::start() {
    parts_->start();
}

void http_server::stop() {
    parts_->stop();
}

void http_server::post(std::function<void()> what) {
    parts_->post(std::move(what));
}

void http_server::call_after(std::chrono::milliseconds delay, std::function<void()> what) {
    parts_->call_after(delay, std::move(what));
}

const std::vector<std::uint16_t>& http_server::ports() const {
    return parts_->ports();
}

} // namespace conclave::admin
