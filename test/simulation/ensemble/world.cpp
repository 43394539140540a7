#include "test/simulation/ensemble/world.hpp"

#include "test/simulation/ensemble/members.hpp"
#include "test/support/history/linearizability.hpp"

#include <algorithm>
#include <utility>

namespace conclave::ensemble {

using std::chrono::milliseconds;
using std::chrono::seconds;

world::world(world_options options)
    : options_(options)
    , random_(options.seed)
    , network_random_(random_.split())
    , disk_random_(random_.split())
    , fault_random_(random_.split())
    , plan_(draw_plan(random_.split()))
    , journal_(events_, options.is_traced) {
    for (std::uint32_t id = 1; id <= plan_.server_count(); ++id) {
        add_server(id);
    }
    for (std::uint32_t number = 0; number < plan_.clients; ++number) {
        clients_.push_back(std::make_unique<client>(
            number, plan_, random_.split(), *this, history_, order_, reached_
        ));
    }
}

world::~world() = default;

void world::add_server(std::uint32_t id) {
    const bool is_founder = id <= plan_.voters + plan_.observers;
    if (is_founder) {
        founders_.members.push_back(member_of(id, id <= plan_.voters));
    }
    auto added = std::make_unique<server>();
    added->id = server_id{id};
    added->storage = {options_.seed + 1, id};
    added->may_found = is_founder;
    added->clock_rate = 1 + plan_.clock_skew * (random_.fraction() * 2 - 1);
    added->wall_ahead_ms = static_cast<std::int64_t>(random_.below(2000));
    servers_.emplace(server_id{id}, std::move(added));
}

/// At random moments, `interval` apart on average, until the faults end.
void world::every(nanoseconds interval, void (world::*what)()) {
    if (interval == nanoseconds{}) {
        return;
    }
    events_.after(fault_random_.between(nanoseconds{1}, interval * 2), [this, interval, what] {
        if (!is_healing_) {
            (this->*what)();
            every(interval, what);
        }
    });
}

world_result world::run() {
    for (const auto& [id, each] : servers_) {
        server& first = *each;
        events_.after(fault_random_.between(nanoseconds{0}, milliseconds{100}), [this, &first] {
            if (!first.is_running()) {
                start(first);
            }
        });
    }
    for (std::uint32_t number = 0; number < plan_.clients; ++number) {
        events_.after(random_.between(milliseconds{1}, milliseconds{500}), [this, number] {
            act(number);
        });
    }
    every(plan_.crash_every, &world::crash_one);
    every(plan_.leader_crash_every, &world::crash_leader);
    every(plan_.power_loss_every, &world::crash_all);
    every(plan_.partition_every, &world::partition);
    every(plan_.pause_every, &world::pause_one);
    every(plan_.transfer_every, &world::transfer_one);
    every(plan_.full_disk_every, &world::fill_disk);
    every(plan_.client_cut_every, &world::cut_client);
    every(plan_.checkpoint_every, &world::checkpoint_one);
    every(plan_.clock_jump_every, &world::clock_jump);
    every(plan_.wipe_every, &world::wipe_one);
    while (events_.done_count() < options_.events && events_.step()) {
    }
    heal_everything();
    settle_down();
    check_quiet();
    check_final_state();
    if (plan_.is_plain) {
        search_linearization();
    }
    history_.count(reached_);
    return {events_.done_count(), journal_.hash(), history_.entry_count(), events_.now(), reached_};
}

void world::heal_everything() {
    journal_.note('n', 0, "all faults end");
    is_healing_ = true;
    heal();
    std::vector<connection_number> held;
    for (const auto& [which, each] : connections_) {
        if (each.is_cut) {
            held.push_back(which);
        }
    }
    std::sort(held.begin(), held.end());
    for (const connection_number which : held) {
        release_held(which);
    }
    for (const auto& [id, each] : servers_) {
        server& healed = *each;
        healed.paused_until = {};
        resume(healed);
        events_.after(milliseconds{200}, [this, &healed] {
            if (!healed.is_running()) {
                start(healed);
            }
        });
    }
    for (const auto& each : clients_) {
        each->behave();
    }
}

bool world::is_level() const {
    const bool servers_are = std::all_of(servers_.begin(), servers_.end(), [&](const auto& each) {
        const server& one = *each.second;
        return one.is_running() && one.running->is_serving() &&
               one.running->last_applied() == history_.newest().at;
    });
    return servers_are && history_.open_session_count() == clients_.size() &&
           std::all_of(clients_.begin(), clients_.end(), [](const auto& each) {
               return each->is_settled();
           });
}

/// I41: everybody agrees soon, every question is answered, and only the sessions of those who are
/// there remain.
void world::settle_down() {
    const nanoseconds asking_until = events_.now() + seconds{5};
    while (events_.now() < asking_until && events_.step()) {
    }
    for (const auto& each : clients_) {
        each->stop_asking();
    }
    // Elections, then reconnects, then the timeouts of sessions that nobody holds any more.
    const nanoseconds patience = events_.now() + seconds{60};
    while (!is_level()) {
        if (events_.now() > patience || !events_.step()) {
            violated("I41: no agreement although all is well:{}", describe());
        }
    }
}

/// I42: nobody has reason to move any more.
void world::check_quiet() {
    const coverage before = reached_;
    const connection_number connections_before = next_connection_;
    const std::uint64_t events_before = events_.done_count();
    constexpr seconds tail{8};
    const nanoseconds end = events_.now() + tail;
    while (events_.now() < end && events_.step()) {
    }
    const std::uint64_t events_per_second_max = 600 * servers_.size();
    if (reached_.leaders != before.leaders) {
        violated("I42: an election although all is well:{}", describe());
    }
    if (next_connection_ != connections_before) {
        violated("I42: a client had to connect again although all is well:{}", describe());
    }
    if (reached_.sessions_expired != before.sessions_expired) {
        violated("G11: the session of a client that pings expires:{}", describe());
    }
    const std::uint64_t events = events_.done_count() - events_before;
    if (events > events_per_second_max * static_cast<std::uint64_t>(tail.count())) {
        violated("I42: {} events in {} quiet seconds", events, tail.count());
    }
    for (const nanoseconds patience = end + seconds{1}; !is_level() && events_.now() < patience;) {
        events_.step(); // a ping may be on its way
    }
    if (!is_level()) {
        violated("I42: disagreement although all is well:{}", describe());
    }
}

void world::check_final_state() {
    const auto leaders = std::count_if(servers_.begin(), servers_.end(), [](const auto& each) {
        return each.second->running->is_leading();
    });
    if (leaders != 1) {
        violated("I41: {} leaders when all is well", leaders);
    }
    for (const auto& [id, each] : servers_) {
        check_server_state(*each);
    }
}

void world::check_server_state(const server& of) {
    const tree::tree& real = of.running->nodes();
    for (const auto& [path, versions] : history_.nodes()) {
        const node_version& expected = versions.back();
        const std::optional<tree::node_view> node = real.find(path);
        const bool is_same = node.has_value() == expected.exists &&
                             (!node || (node->to_stat() == expected.about &&
                                        node->data.has_value() == (expected.data != nullptr) &&
                                        (!node->data || *node->data == *expected.data)));
        if (!is_same) {
            violated("server {} differs from the model at {}", of.id.value, path);
        }
    }
    if (real.node_count() != static_cast<std::int64_t>(history_.node_count()) + 1) {
        violated("server {} has another number of nodes than the model", of.id.value);
    }
    if (real.current_digest() != real.compute_digest()) {
        violated("I33: the digest of server {} is not the sum over its nodes", of.id.value);
    }
    if (of.running->sessions().count() != history_.open_session_count()) {
        violated("server {} has another number of sessions than the model", of.id.value);
    }
    const replica::status status = of.running->current_status(clock_of(of));
    if (status.outstanding != 0) {
        violated("I41: server {} still owes {} answers", of.id.value, status.outstanding);
    }
    std::size_t watch_count = 0;
    std::int64_t connection_count = 0;
    for (const auto& [which, via] : connections_) {
        if (via.server == of.id && via.client_is_there) {
            const watch_book::lists& wanted = clients_[via.client]->watches();
            std::set<bytes> data = wanted.data;
            data.insert(wanted.exist.begin(), wanted.exist.end());
            watch_count += data.size() + wanted.child.size() + wanted.persistent.size() +
                           wanted.recursive.size();
            ++connection_count;
        }
    }
    if (of.running->watches().watch_count() != watch_count) {
        violated(
            "I28: server {} holds {} watches, its clients {}",
            of.id.value,
            of.running->watches().watch_count(),
            watch_count
        );
    }
    if (status.connection_count != connection_count) {
        violated(
            "I38: server {} keeps {} connections of {}",
            of.id.value,
            status.connection_count,
            connection_count
        );
    }
}

/// zab 7.4.3: by what clients saw alone, without the history.
void world::search_linearization() {
    history::history seen;
    for (const auto& each : clients_) {
        seen.operations.insert(seen.operations.end(), each->record().begin(), each->record().end());
    }
    history::search_limits limits;
    limits.step_count_max = 300'000;
    const history::report found = history::check_linearizability(seen, limits);
    if (found.result == history::verdict::violated) {
        violated("G1: {}", found.explanations.front());
    }
    reached_.linearizations_searched += found.result == history::verdict::holds ? 1 : 0;
}

/// Where everybody stands, for the report of a violation.
std::string describe_members(const replica::ensemble_status& known) {
    std::string text = known.is_joint ? "changing:" : "";
    for (const replica::member_status& each : known.members) {
        text += fmt::format("{}{}", each.is_voter ? 'v' : 'o', each.id.value);
    }
    return text;
}

std::string world::describe() const {
    std::string all;
    for (const auto& [id, each] : servers_) {
        if (!each->is_running()) {
            all += fmt::format("\n  server {} is down", id.value);
            continue;
        }
        all += fmt::format(
            "\n  server {} {}serving as {} applied=0x{:x} log ends at 0x{:x} members={} "
            "connections={}",
            id.value,
            each->running->is_serving() ? "" : "not ",
            each->running->mode(),
            each->running->last_applied().value,
            each->log.image().end().at.value,
            describe_members(each->running->current_ensemble_status()),
            each->running->current_status(clock_of(*each)).connection_count
        );
    }
    all += fmt::format(
        "\n  newest committed=0x{:x}, {} sessions open",
        history_.newest().at.value,
        history_.open_session_count()
    );
    for (const auto& each : clients_) {
        all += "\n  " + each->describe();
    }
    return all;
}

} // namespace conclave::ensemble
