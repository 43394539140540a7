/// Messages and links between servers.
#include "test/simulation/core/server.hpp"

#include <algorithm>
#include <utility>

namespace conclave::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;

bool world::is_connected(server_id one, server_id other) const {
    return !cut_.contains({one, other});
}

void world::transmit(server& from, zab::outgoing what) {
    server& to = *servers_.at(what.to);
    const bool is_lost = !is_healing_ && chance() < plan_.loss * (plan_.is_datagram ? 1 : 0.01);
    if (!from.linked.contains(to.id) || !is_connected(from.id, to.id)) {
        return;
    }
    if (is_lost) {
        if (!plan_.is_datagram) {
            ++result_.reached["link reset"];
            const server_id one = from.id;
            const server_id other = to.id;
            after(nanoseconds{1}, [this, one, other] {
                set_link(one, other, false, false);
                after(between(milliseconds{1}, milliseconds{200}), [this, one, other] {
                    set_link(one, other, true, false);
                });
            });
        }
        return;
    }
    const bool is_slow = !is_healing_ && chance() < plan_.slow_message;
    nanoseconds takes = is_slow ? between(milliseconds{1}, milliseconds{800})
                                : between(microseconds{30}, microseconds{300});
    const std::uint64_t from_boot = from.boot;
    const std::uint64_t boot = to.boot;
    const bool is_doubled = !is_healing_ && plan_.is_datagram && chance() < plan_.duplication;
    const auto deliver = [this, &to, boot, from_boot, from_id = from.id](zab::message&& message) {
        if (to.boot != boot || boot == 0) {
            return;
        }
        const bool link_is_old = !plan_.is_datagram && (servers_.at(from_id)->boot != from_boot ||
                                                        !to.linked.contains(from_id));
        if (link_is_old) {
            return;
        }
        input(to, [&](zab::core& core) {
            core.advance(clock_of(to), now_ / milliseconds{1});
            core.receive(from_id, std::move(message));
        });
    };
    const auto send_at = [&](nanoseconds at, zab::message message) {
        const nanoseconds resumed = std::max(at, to.paused_until);
        after(resumed - now_, [deliver, message = std::move(message)]() mutable {
            deliver(std::move(message));
        });
    };
    nanoseconds at = now_ + takes;
    if (!plan_.is_datagram || is_healing_) {
        at = std::max(at, from.arrival[to.id] + nanoseconds{1});
        from.arrival[to.id] = at;
    }
    if (is_doubled) {
        send_at(now_ + between(microseconds{30}, milliseconds{500}), what.what);
    }
    send_at(at, std::move(what.what));
}

void world::tell_links(server& of) {
    for (auto& [id, other] : servers_) {
        if (id != of.id && other->core != nullptr && is_connected(id, of.id) &&
            is_connected(of.id, id)) {
            set_link(of.id, id, true, false);
        }
    }
}

void world::set_link(server_id one, server_id other, bool is_up, bool is_abrupt) {
    if (one == other) {
        return;
    }
    const auto tell = [&](server& at, server_id peer) {
        if (at.linked.contains(peer) == is_up) {
            return;
        }
        if (is_up) {
            at.linked.insert(peer);
        } else {
            at.linked.erase(peer);
        }
        const std::uint64_t boot = at.boot;
        after(
            std::max(at.paused_until - now_, nanoseconds{0}) +
                between(microseconds{10}, milliseconds{2}),
            [this, &at, boot, peer, is_up, is_abrupt] {
                if (at.boot != boot || at.core == nullptr || at.linked.contains(peer) != is_up) {
                    return;
                }
                input(at, [&](zab::core& core) {
                    core.advance(clock_of(at), now_ / milliseconds{1});
                    if (is_up) {
                        core.link_up(peer);
                    } else {
                        core.link_down(
                            peer, is_abrupt ? zab::link_loss::refused : zab::link_loss::silent
                        );
                    }
                });
            }
        );
    };
    server& first = *servers_.at(one);
    server& second = *servers_.at(other);
    if (is_up && (first.core == nullptr || second.core == nullptr || !is_connected(one, other) ||
                  !is_connected(other, one))) {
        return;
    }
    tell(first, other);
    tell(second, one);
}

} // namespace conclave::simulation
