/// The network with a core that a test scripts.
#pragma once

#include "server/net/client_connection.hpp"
#include "server/net/client_network.hpp"
#include "test/unit/net/posix_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace conclave::test {

/// Echoes frames and answers words, unless told otherwise. Runs on the core thread; what it has
/// seen may be asked for from the test's thread.
class scripted_core final : public net::client_service {
public:
    using step = net::delivery::next_step;

    struct sightings {
        std::size_t connects = 0;
        std::size_t disconnects = 0;
        std::size_t rooms = 0;
        std::vector<bytes> frames; ///< payloads
        std::vector<bytes> words;  ///< with their argument
    };

    /// What to do with a run of frames (payloads). Set before the first connection.
    std::function<void(const net::connection_pointer&, const std::vector<bytes>&)> react =
        [this](const net::connection_pointer& from, const std::vector<bytes>& payloads) {
            bytes reply;
            for (const bytes& each : payloads) {
                reply += framed(each);
            }
            deliver(from, std::move(reply), step::read);
        };

    void join(net::client_network& network) { network_ = &network; }

    void
    deliver(const net::connection_pointer& to, bytes frames, step next, bool tells_room = false) {
        network_->deliver({to, std::move(frames), next, tells_room});
        flush();
    }

    [[nodiscard]] sightings seen() const {
        const std::lock_guard lock{mutex_};
        return seen_;
    }

    /// Waits for what is seen to fulfil a condition; false if that takes too long.
    template <class Condition>
    [[nodiscard]] bool await(Condition condition) const {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return condition(seen_); });
    }

    void on_connect(const net::connection_pointer& from) override {
        clients.insert(from);
        note([](sightings& all) { ++all.connects; });
    }

    void on_frames(const net::connection_pointer& from, bytes_view frames) override {
        std::vector<bytes> payloads;
        frame_reader reader{std::size_t{1} << 30U};
        reader.append(frames);
        bytes_view payload;
        while (reader.next(payload) == frame_reader::status::frame) {
            payloads.emplace_back(payload);
        }
        note([&](sightings& all) {
            all.frames.insert(all.frames.end(), payloads.begin(), payloads.end());
        });
        react(from, payloads);
    }

    void on_ready(const net::connection_pointer& from) override {
        note([](sightings& all) { all.words.emplace_back("ready"); });
        deliver(from, {}, step::read);
    }

    void on_room(const net::connection_pointer&) override {
        note([](sightings& all) { ++all.rooms; });
    }

    void
    on_word(const net::connection_pointer& from, bytes_view word, bytes_view argument) override {
        note([&](sightings& all) { all.words.push_back(bytes{word} + bytes{argument}); });
        deliver(from, word == "ruok" ? "imok" : "", step::close);
    }

    void on_disconnect(const net::connection_pointer& gone) override {
        clients.erase(gone);
        note([](sightings& all) { ++all.disconnects; });
    }

    [[nodiscard]] std::optional<std::size_t> word_argument_size(bytes_view first_four
    ) const override {
        if (first_four == "stmk") {
            return 8;
        }
        return first_four == "ruok" || first_four == "none" ? std::optional<std::size_t>{0}
                                                            : std::nullopt;
    }

    std::set<net::connection_pointer> clients; ///< core thread

private:
    template <class Change>
    void note(Change change) {
        const std::lock_guard lock{mutex_};
        change(seen_);
        changed_.notify_all();
    }

    /// Not at once: the call may come from within a flush.
    void flush();

    net::client_network* network_ = nullptr;
    bool is_flush_posted_ = false;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    sightings seen_;

    friend class network_fixture;
    boost::asio::io_context* context_ = nullptr;
};

inline void scripted_core::flush() {
    if (!is_flush_posted_) {
        is_flush_posted_ = true;
        boost::asio::post(*context_, [this] {
            is_flush_posted_ = false;
            network_->flush();
        });
    }
}

inline net::network_settings on_any_port(int io_threads = 0) {
    net::network_settings settings;
    settings.listeners = {{"127.0.0.1", 0}};
    settings.io_threads = io_threads;
    settings.connection_count_max_per_address = 0;
    settings.limits.sweep_interval = std::chrono::milliseconds{5};
    return settings;
}

/// Listens from the beginning; accepts from `start` on.
class network_fixture {
public:
    explicit network_fixture(const net::network_settings& settings)
        : loops(static_cast<std::size_t>(settings.io_threads)), network(settings, core, loops) {
        core.join(network);
        core.context_ = &loops.core();
    }

    ~network_fixture() {
        loops.core().stop();
        if (core_thread_.joinable()) {
            core_thread_.join();
        }
        loops.stop_io_threads();
        core.clients.clear();
    }

    network_fixture(const network_fixture&) = delete;
    network_fixture& operator=(const network_fixture&) = delete;

    network_fixture& start() {
        network.start_accepting();
        loops.start_io_threads();
        core_thread_ = std::thread{[this, work = boost::asio::make_work_guard(loops.core())] {
            loops.core().run();
        }};
        return *this;
    }

    /// Does it on the core thread and waits until it is done.
    void on_core(std::function<void()> what) {
        std::promise<void> done;
        boost::asio::post(loops.core(), [&] {
            what();
            done.set_value();
        });
        done.get_future().wait();
    }

    [[nodiscard]] std::uint16_t port() const { return network.local_endpoints().front().port(); }

    net::event_loops loops;
    scripted_core core;
    net::client_network network;

private:
    std::thread core_thread_;
};

} // namespace conclave::test
