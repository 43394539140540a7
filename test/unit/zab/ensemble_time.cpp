/// How time passes in an ensemble, and what it has come to.
#include "test/unit/zab/ensemble_node.hpp"

#include <fmt/format.h>

#include <random>

namespace conclave::test {

namespace {

constexpr milliseconds time_step{10};
constexpr std::size_t steps_to_quiescence = 100'000;

} // namespace

// ---- time ----

void ensemble::advance(id server, milliseconds by) {
    auto& of = at(server);
    of.clock += by;
    if (of.core != nullptr) {
        of.core->advance(of.clock, of.clock / milliseconds{1});
        settle(of);
    }
}

void ensemble::run_for(milliseconds duration, const std::function<void()>& each_step) {
    for (milliseconds passed{}; passed < duration; passed += time_step) {
        for (const auto& [server, each] : servers_) {
            if (each->moves()) {
                advance(server, time_step);
            } else {
                each->clock += time_step; // it will notice when it runs again
            }
        }
        if (each_step) {
            each_step();
        }
        stabilize();
    }
}

bool ensemble::run_until(const std::function<bool()>& holds, milliseconds limit) {
    for (milliseconds passed{}; !holds() && passed < limit; passed += time_step) {
        run_for(time_step);
    }
    return holds();
}

std::string ensemble::elect() {
    stabilize();
    return run_until([&] { return leader() != 0; }, patience) ? "" : disagreement();
}

std::string ensemble::agree() {
    stabilize();
    run_until([&] { return disagreement().empty(); }, patience);
    return disagreement();
}

std::size_t ensemble::move_count() const {
    return servers_.size() * (servers_.size() + 1);
}

/// One of the links, or of the disks, by number.
bool ensemble::move(std::size_t which) {
    const auto server_number = [&](std::size_t index) {
        return std::next(servers_.begin(), static_cast<std::ptrdiff_t>(index))->first;
    };
    const id to = server_number(which % servers_.size());
    const node& receiver = at(to);
    if (!receiver.moves()) {
        return false;
    }
    if (which / servers_.size() < servers_.size()) {
        const id from = server_number(which / servers_.size());
        return !held_.contains({from, to}) && deliver(from, to);
    }
    return !receiver.is_disk_held && (persist(to) || store_piece(to));
}

bool ensemble::step() {
    for (std::size_t tried = 0; tried < move_count(); ++tried) {
        if (move(next_move_++ % move_count())) {
            return true;
        }
    }
    return false;
}

void ensemble::stabilize() {
    for (std::size_t steps = 0; step(); ++steps) {
        must_hold(steps < steps_to_quiescence, "the servers do not come to rest");
    }
}

void ensemble::stabilize_in_random_order(std::uint64_t seed) {
    std::mt19937_64 random{seed};
    do {
        next_move_ = random() % move_count();
    } while (step());
}

// ---- what is ----

const zab::core& ensemble::operator[](id server) const {
    return *at(server).core;
}

bool ensemble::is_running(id server) const {
    return at(server).core != nullptr;
}

ensemble::id ensemble::leader() const {
    id found = 0;
    for (const auto& [server, each] : servers_) {
        const bool leads =
            each->core != nullptr && each->core->current_role() == zab::role::leading;
        if (leads && (found == 0 || each->core->current_epoch() > (*this)[found].current_epoch())) {
            found = server;
        }
    }
    return found;
}

std::vector<bytes> ensemble::applied(id server) const {
    std::vector<bytes> bodies;
    for (const auto& [place, each] : history_) {
        if (place <= at(server).applied.at && each->kind == zab::entry_kind::application) {
            bodies.push_back(each->body);
        }
    }
    return bodies;
}

std::vector<zxid> ensemble::log(id server) const {
    std::vector<zxid> places;
    for (const zab::shared_entry& each : at(server).drive.image().entries) {
        places.push_back(each->at);
    }
    return places;
}

std::string ensemble::disagreement() const {
    const id leads = leader();
    std::string found = leads == 0 ? "nobody leads" : "";
    for (const auto& [server, each] : servers_) {
        if (each->core == nullptr) {
            continue;
        }
        const zab::core& core = *each->core;
        const bool is_in_place = server == leads || (core.current_role() == zab::role::following &&
                                                     core.leader() == server_id{leads});
        if (leads == 0 || !is_in_place || each->applied != at(leads).applied) {
            const auto place = Catch::StringMaker<zxid>::convert;
            found += fmt::format(
                "; {} has role {} in epoch {}, promised {}, last {}, durable {}, committed {}, "
                "applied {}{}",
                server,
                static_cast<int>(core.current_role()),
                core.current_epoch().value,
                core.promised().to.value,
                place(core.last().at),
                place(core.durable()),
                place(core.committed()),
                place(each->applied.at),
                core.quarantine()
            );
        }
    }
    return found;
}

std::uint64_t ensemble::total(std::uint64_t zab::core_counters::*counter) const {
    std::uint64_t sum = 0;
    for (const auto& [server, each] : servers_) {
        sum += each->core == nullptr ? 0 : each->core->statistics().*counter;
    }
    return sum;
}

} // namespace conclave::test
