#include "test/bench/etcd_put.hpp"

#include "test/bench/etcd_channel.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/load.hpp"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <memory>
#include <random>
#include <sys/epoll.h>

namespace conclave::bench {

namespace {

using clock = driver::clock;

constexpr std::chrono::seconds patience{30};

/// So often the loop looks at the clock when no reply comes.
constexpr int poll_interval_ms = 10;

/// A closed loop on one thread, as `driver` is one for the ZooKeeper protocol.
class put_load final : public load {
public:
    put_load(const options& asked, std::span<const endpoint> members)
        : key_count_(asked.nodes)
        , value_(asked.payload_bytes, 'x')
        , poll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t index = 0; index < asked.connections; ++index) {
            lane& added = *lanes_.emplace_back(std::make_unique<lane>());
            added.sent_at.resize(asked.pipeline);
            for (std::size_t slot = 0; slot < asked.pipeline; ++slot) {
                added.free.push_back(slot);
            }
            added.channel = std::make_unique<etcd_channel>(
                members[index % members.size()],
                asked.pipeline,
                [this, &added](std::size_t slot) { on_reply(added, slot); }
            );
            epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
            ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, added.channel->fd(), &event);
        }
    }

    void run(clock::time_point stop_at, std::uint64_t operation_count_max) override {
        is_draining_ = false;
        drive(stop_at, operation_count_max);
    }

    void drain() override {
        is_draining_ = true;
        drive(clock::time_point::max(), std::numeric_limits<std::uint64_t>::max());
    }

    void reset_tally() override { tally_ = {}; }

    [[nodiscard]] const tally& counted() const override { return tally_; }

private:
    struct lane {
        std::unique_ptr<etcd_channel> channel;
        std::vector<clock::time_point> sent_at; ///< by slot
        std::vector<std::size_t> free;          ///< slots
        bool waits_to_write = false;
    };

    void drive(clock::time_point stop_at, std::uint64_t operation_count_max) {
        for (std::size_t index = 0; index < lanes_.size(); ++index) {
            fill(index);
        }
        std::array<epoll_event, 256> events{};
        auto last_reply_at = clock::now();
        while (in_flight_count_ > 0 && tally_.operation_count() < operation_count_max) {
            const int ready = ::epoll_wait(
                poll_.get(), events.data(), static_cast<int>(events.size()), poll_interval_ms
            );
            now_ = clock::now();
            for (int at = 0; at < ready; ++at) {
                const std::size_t index = events[static_cast<std::size_t>(at)].data.u64;
                lanes_[index]->channel->receive();
                fill(index);
            }
            if (ready > 0) {
                last_reply_at = now_;
            } else if (now_ - last_reply_at > patience) {
                throw connection_failure(fmt::format("no reply for {} s", patience.count()));
            }
            if (now_ >= stop_at) {
                return;
            }
        }
    }

    /// Begins as many calls as there is room for, and sends what it can.
    void fill(std::size_t index) {
        lane& which = *lanes_[index];
        while (!is_draining_ && !which.free.empty()) {
            const std::size_t slot = which.free.back();
            which.free.pop_back();
            which.sent_at[slot] = clock::now();
            const std::uint32_t key = std::uniform_int_distribution{0U, key_count_ - 1}(random_);
            which.channel->put(slot, fmt::format("/bench/d{:06}/n{:09}", key / 1000, key), value_);
            ++in_flight_count_;
        }
        const bool must_wait = !which.channel->flush();
        if (must_wait == which.waits_to_write) {
            return;
        }
        which.waits_to_write = must_wait;
        epoll_event event{
            .events = must_wait ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.u64 = index}};
        ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, which.channel->fd(), &event);
    }

    void on_reply(lane& from, std::size_t slot) {
        const std::chrono::nanoseconds took = now_ - from.sent_at[slot];
        tally_.write_latency_ns.record(static_cast<std::uint64_t>(took.count()));
        from.free.push_back(slot);
        --in_flight_count_;
    }

    std::uint32_t key_count_;
    std::string value_;
    descriptor poll_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::minstd_rand random_;
    clock::time_point now_; ///< when the replies that are being taken arrived
    std::uint64_t in_flight_count_ = 0;
    bool is_draining_ = false;
    tally tally_;
};

} // namespace

report measure_etcd_put(const options& asked) {
    const auto members = resolve_servers(asked.servers);
    report result;
    result.add("operation", name(asked.operation));
    result.add("connections", std::uint64_t{asked.connections});
    result.add("pipeline", std::uint64_t{asked.pipeline});
    result.add("payload_bytes", std::uint64_t{asked.payload_bytes});
    put_load driven{asked, members};
    measure(asked, driven, result);
    add_memory(result, asked);
    return result;
}

} // namespace conclave::bench
