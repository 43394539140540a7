#include "test/bench/driver.hpp"

#include "test/bench/failure.hpp"

#include <conclave/jute.hpp>

#include <fmt/core.h>

#include <array>
#include <limits>
#include <sys/epoll.h>

namespace conclave::bench {

namespace {

constexpr std::size_t scratch_size = std::size_t{256} * 1024;
constexpr std::chrono::seconds patience{30};

/// So often the loop looks at the clock when no reply comes.
constexpr int poll_interval_ms = 10;

std::int64_t now_in_ns() {
    return std::chrono::nanoseconds{driver::clock::now().time_since_epoch()}.count();
}

/// The source while draining.
class nothing : public request_source {
public:
    std::optional<issued_request> append_next(bytes&, std::int32_t) override {
        return std::nullopt;
    }
};

} // namespace

driver::driver(std::span<connection> connections, std::size_t pipeline)
    : pipeline_(pipeline), poll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(scratch_size) {
    lanes_.resize(connections.size());
    for (std::size_t index = 0; index < lanes_.size(); ++index) {
        lanes_[index].link = &connections[index];
        lanes_[index].ring.resize(pipeline);
        epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
        ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, connections[index].fd(), &event);
    }
}

void driver::run(
    request_source& source, clock::time_point stop_at, std::uint64_t operation_count_max
) {
    for (lane& each : lanes_) {
        fill(each, source, now_in_ns());
        flush(each);
    }
    std::array<epoll_event, 256> events{};
    auto last_reply_at = clock::now();
    while (in_flight_count_ > 0 && tally_.operation_count() < operation_count_max) {
        const int ready = ::epoll_wait(
            poll_.get(), events.data(), static_cast<int>(events.size()), poll_interval_ms
        );
        for (int index = 0; index < ready; ++index) {
            const epoll_event& event = events[static_cast<std::size_t>(index)];
            receive(lanes_[event.data.u64], source);
        }
        const auto now = clock::now();
        if (ready > 0) {
            last_reply_at = now;
        } else if (now - last_reply_at > patience) {
            throw connection_failure(fmt::format("no reply for {} s", patience.count()));
        }
        if (now >= stop_at) {
            return;
        }
    }
}

void driver::drain() {
    nothing no_more;
    run(no_more, clock::time_point::max(), std::numeric_limits<std::uint64_t>::max());
}

void driver::fill(lane& each, request_source& source, std::int64_t now_ns) {
    while (static_cast<std::size_t>(each.next_id - each.awaited_id) < pipeline_) {
        const auto issued = source.append_next(each.link->outgoing(), each.next_id);
        if (!issued) {
            return;
        }
        each.ring[static_cast<std::size_t>(each.next_id) % pipeline_] = {now_ns, *issued};
        ++each.next_id;
        ++in_flight_count_;
    }
}

void driver::flush(lane& each) {
    const bool must_wait = !each.link->flush();
    if (must_wait == each.waits_to_write) {
        return;
    }
    each.waits_to_write = must_wait;
    epoll_event event{
        .events = must_wait ? EPOLLIN | EPOLLOUT : EPOLLIN,
        .data = {.u64 = static_cast<std::uint64_t>(&each - lanes_.data())},
    };
    ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, each.link->fd(), &event);
}

void driver::receive(lane& each, request_source& source) {
    std::int64_t arrived_at_ns = 0;
    each.link->read_frames(scratch_, [&](bytes_view frame) {
        if (arrived_at_ns == 0) {
            arrived_at_ns = now_in_ns();
        }
        on_reply(each, frame, arrived_at_ns);
    });
    if (arrived_at_ns != 0) {
        fill(each, source, arrived_at_ns);
    }
    flush(each);
}

void driver::on_reply(lane& each, bytes_view frame, std::int64_t now_ns) {
    jute::reader reader{frame};
    reply_header header;
    reader(header);
    if (!reader.ok() || header.id.value != each.awaited_id || each.awaited_id == each.next_id) {
        throw failure(fmt::format(
            "server {} sent a reply with xid {} where {} was due",
            each.link->server(),
            header.id.value,
            each.awaited_id
        ));
    }
    const in_flight& request = each.ring[static_cast<std::size_t>(each.awaited_id) % pipeline_];
    ++each.awaited_id;
    --in_flight_count_;
    if (header.error != errc::ok) {
        ++tally_.errors[header.error];
    } else if (reader.rest().size() != request.expected.reply_size) {
        throw failure(fmt::format(
            "server {} sent a record of {} octets where {} were due; was it loaded with another "
            "--payload?",
            each.link->server(),
            reader.rest().size(),
            request.expected.reply_size
        ));
    }
    histogram& latency = request.expected.kind == request_kind::read ? tally_.read_latency_ns
                                                                     : tally_.write_latency_ns;
    latency.record(static_cast<std::uint64_t>(now_ns - request.sent_at_ns));
}

} // namespace conclave::bench
