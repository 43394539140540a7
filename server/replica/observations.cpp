#include "server/replica/observations.hpp"

#include "server/replica/request_path.hpp"

#include <fmt/format.h>

#include <utility>

#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

template <class Value>
void append(std::deque<Value>& to, Value added, std::size_t kept) {
    to.push_back(std::move(added));
    if (to.size() > kept) {
        to.pop_front();
    }
}

double in_ms(latency_histogram::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

void log_slow(const slow_request& what) {
    bytes stages;
    for (std::size_t index = 0; index < stage_count; ++index) {
        stages += fmt::format(" {}_ms={:.1f}", stage_names[index], in_ms(what.stages[index]));
    }
    log(log_level::warning,
        "slow request operation={} path={} session=0x{:x} peer={} zxid=0x{:x} total_ms={:.1f}{}",
        name_of_request(what.type),
        what.path,
        what.session.value,
        what.peer,
        what.at.value,
        in_ms(what.total),
        stages);
}

} // namespace

bytes text_of(const peer_address& peer) {
    return fmt::format("{}:{}", peer.ip, peer.port);
}

void observations::note_request(opcode type, bytes_view body, bool is_write) {
    const auto index =
        static_cast<std::size_t>(static_cast<std::int64_t>(type) - std::int64_t{opcode_min});
    if (index < opcode_count) {
        ++operations_[index].count;
        operations_[index].octets += body.size();
    }
    if (const bytes_view path = path_of_request(type, body); !path.empty()) {
        talkers_.add(path, is_write, body.size());
    }
}

std::vector<operation_count> observations::operations() const {
    std::vector<operation_count> listed;
    for (std::size_t index = 0; index < opcode_count; ++index) {
        if (operations_[index].count != 0) {
            const auto number = static_cast<std::int32_t>(index) + opcode_min;
            listed.push_back(
                {static_cast<opcode>(number), operations_[index].count, operations_[index].octets}
            );
        }
    }
    return listed;
}

void observations::note_slow(slow_request what) {
    constexpr std::int64_t second_ms = 1000;
    constexpr int lines_per_second = 5;
    ++slow_count_;
    if (const std::int64_t second = what.wall_ms / second_ms; second != line_second_) {
        line_second_ = second;
        line_count_ = 0;
    }
    if (what.path.size() > path_size_max) {
        what.path.resize(path_size_max);
    }
    if (++line_count_ <= lines_per_second) {
        log_slow(what);
    }
    append(slow_, std::move(what), slow_kept);
}

void observations::complete_slow(std::uint64_t number, latency_histogram::duration reply) {
    const std::uint64_t age = slow_count_ - number;
    if (age < slow_.size()) {
        slow_request& found = slow_[slow_.size() - 1 - age];
        found.stages[index_of(stage::reply)] = reply;
        found.total += reply;
    }
}

void observations::note_departure(const connection& gone, std::int64_t wall_ms) {
    const std::uint64_t number = ++departure_count_;
    departed_[gone.session] = {text_of(gone.peer), wall_ms, number};
    departures_.emplace_back(gone.session, number);
    if (departures_.size() > departed_kept) {
        const auto& [oldest, its_number] = departures_.front();
        const auto at = departed_.find(oldest);
        if (at != departed_.end() && at->second.number == its_number) {
            departed_.erase(at);
        }
        departures_.pop_front();
    }
}

void observations::note_end(ended_session what, const connection* connected) {
    const auto departure = departed_.find(what.id);
    if (connected != nullptr) {
        what.peer = text_of(connected->peer);
    } else if (departure != departed_.end()) {
        what.peer = departure->second.peer;
        what.disconnected_wall_ms = departure->second.wall_ms;
    }
    if (departure != departed_.end()) {
        departed_.erase(departure);
    }
    append(ended_, std::move(what), ended_kept);
}

void observations::note_election(election_note what) {
    append(elections_, what, elections_kept);
}

} // namespace conclave::replica
