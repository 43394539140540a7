#include "test/unit/history/simulated_clients.hpp"

#include <fmt/format.h>

#include <queue>
#include <random>

namespace conclave::history {

namespace {

struct node {
    bool exists = false;
    std::int32_t version{};
    std::string value;
};

/// A node and how it was at each zxid that changed it.
struct versions {
    std::map<std::int64_t, node> by_zxid{{0, node{}}};
    std::optional<instant> acknowledged; ///< when the last change was, if it was

    [[nodiscard]] const node& now() const { return by_zxid.rbegin()->second; }

    [[nodiscard]] const node& at(std::int64_t position) const {
        return std::prev(by_zxid.upper_bound(position))->second;
    }
};

class simulation {
public:
    explicit simulation(const simulation_settings& settings)
        : settings_(settings), random_(settings.seed), clients_(settings.client_count) {}

    simulated_history run() {
        for (std::size_t client = 0; client < clients_.size(); ++client) {
            schedule(below(10), moment::invoke, client, 0);
        }
        while (!queue_.empty()) {
            const occasion next = queue_.top();
            queue_.pop();
            now_ = next.at;
            if (next.what == moment::invoke) {
                invoke(next.client);
            } else if (next.what == moment::undo) {
                undo(history_of(next.operation).path);
            } else {
                take_effect(next.operation, next.what == moment::repeat);
            }
        }
        return {std::move(seen_), is_faulty_};
    }

private:
    enum class moment { invoke, effect, repeat, undo };

    struct occasion {
        instant at{};
        std::uint64_t order{};
        moment what{};
        std::size_t client{};
        std::size_t operation{};

        bool operator<(const occasion& other) const {
            return std::pair{at, order} > std::pair{other.at, other.order};
        }
    };

    struct client_state {
        int session = 0;
        std::int64_t position{}; ///< of the last reply
    };

    std::size_t below(std::size_t limit) { return random_() % limit; }

    bool by_chance(std::size_t percent) { return below(100) < percent; }

    void schedule(instant at, moment what, std::size_t client, std::size_t operation) {
        queue_.push({at, ++order_, what, client, operation});
    }

    operation& history_of(std::size_t index) { return seen_.operations[index]; }

    /// One fault per run, in the later part, where there is something to be broken.
    bool breaks(fault wanted) const {
        return settings_.injected == wanted && !is_faulty_ &&
               seen_.operations.size() > settings_.operation_count / 4;
    }

    void invoke(std::size_t client);
    void take_effect(std::size_t index, bool is_repeated);
    void read(operation& what);
    void change(operation& what, bool is_repeated);
    node changed(const operation& what, const node& before) const;
    void undo(const std::string& path);
    void answer(operation& what);
    void record_change(const operation& what, const node& after);

    simulation_settings settings_;
    std::mt19937_64 random_;
    std::vector<client_state> clients_;
    std::vector<std::size_t> client_of_;
    std::map<std::string, versions> nodes_;
    std::priority_queue<occasion> queue_;
    std::uint64_t order_ = 0;
    instant now_ = 0;
    std::int64_t zxid_ = 1;
    history seen_;
    bool is_faulty_ = false;
};

void simulation::invoke(std::size_t number) {
    if (seen_.operations.size() >= settings_.operation_count) {
        return;
    }
    operation what;
    what.session = fmt::format("{}.{}", number, clients_[number].session);
    what.path = fmt::format("/n{}", below(settings_.node_count));
    what.invoked = now_;
    const std::size_t kind = below(100);
    if (kind < 30) {
        what.kind = operation_kind::read;
    } else if (kind < 55) {
        what.kind = operation_kind::synced_read;
    } else if (kind < 90) {
        what.kind = operation_kind::write;
    } else if (kind < 97) {
        what.kind = operation_kind::create;
    } else {
        what.kind = operation_kind::remove;
    }
    const node& about = nodes_[what.path].now();
    if (what.kind == operation_kind::write && by_chance(30)) {
        what.expected_version = about.version;
    }
    if (what.kind == operation_kind::write || what.kind == operation_kind::create) {
        what.value = fmt::format("v{}", seen_.operations.size());
    }
    const std::size_t index = seen_.operations.size();
    const bool is_lost = is_change(what.kind) && by_chance(3);
    what.ended = is_lost ? outcome::unknown : outcome::succeeded;
    seen_.operations.push_back(what);
    client_of_.push_back(number);
    if (!is_lost) {
        schedule(now_ + static_cast<instant>(below(20)), moment::effect, number, index);
        return;
    }
    ++clients_[number].session;
    clients_[number].position = 0;
    schedule(now_ + 30, moment::invoke, number, 0);
    if (by_chance(60)) {
        schedule(now_ + static_cast<instant>(below(200)), moment::effect, number, index);
    }
}

void simulation::take_effect(std::size_t index, bool is_repeated) {
    operation& what = history_of(index);
    if (is_change(what.kind)) {
        const std::string before = nodes_[what.path].now().value;
        change(what, is_repeated);
        const bool has_changed = nodes_[what.path].now().value != before;
        is_faulty_ = is_faulty_ || (is_repeated && has_changed);
        if (has_changed && what.kind == operation_kind::write && what.ended == outcome::unknown &&
            !is_repeated && breaks(fault::double_apply)) {
            schedule(now_ + 40, moment::repeat, client_of_[index], index);
        } else if (has_changed && what.ended == outcome::succeeded && breaks(fault::rollback)) {
            is_faulty_ = true;
            schedule(now_ + 60, moment::undo, client_of_[index], index);
        }
    } else {
        read(what);
    }
    if (what.ended != outcome::unknown) {
        answer(what);
        versions& about = nodes_[what.path];
        if (is_change(what.kind) && about.by_zxid.rbegin()->first == what.position->value) {
            about.acknowledged = what.completed;
        }
        schedule(
            what.completed + 1 + static_cast<instant>(below(10)),
            moment::invoke,
            client_of_[index],
            0
        );
    }
}

void simulation::read(operation& what) {
    client_state& by =
        clients_[client_of_[static_cast<std::size_t>(&what - seen_.operations.data())]];
    const versions& about = nodes_[what.path];
    const bool is_settled = about.acknowledged && *about.acknowledged < what.invoked;
    std::int64_t position = zxid_;
    if (what.kind == operation_kind::read && breaks(fault::session_reorder) && by.position > 0 &&
        about.by_zxid.size() > 2) {
        position = std::prev(about.by_zxid.upper_bound(by.position))->first - 1;
        is_faulty_ = position >= 0;
        position = std::max<std::int64_t>(position, 0);
    } else if (what.kind == operation_kind::read) {
        position -=
            static_cast<std::int64_t>(below(static_cast<std::size_t>(zxid_ - by.position + 1)));
    } else if (is_settled && breaks(fault::stale_synced_read)) {
        is_faulty_ = true;
        position = about.by_zxid.rbegin()->first - 1;
    }
    const node& found = about.at(position);
    what.position = zxid{position};
    if (!found.exists) {
        what.ended = outcome::failed;
        what.error = failure::no_node;
        return;
    }
    what.value = found.value;
    what.version = found.version;
}

void simulation::change(operation& what, bool is_repeated) {
    const node before = nodes_[what.path].now();
    ++zxid_;
    const bool is_known = what.ended != outcome::unknown;
    std::optional<failure> error;
    if (what.kind == operation_kind::create) {
        error = before.exists ? std::optional{failure::node_exists} : std::nullopt;
    } else if (!before.exists) {
        error = failure::no_node;
    } else if (what.expected_version && *what.expected_version != before.version && !is_repeated) {
        error = failure::bad_version;
    }
    if (is_known) {
        what.position = zxid{zxid_};
    }
    if (error) {
        if (is_known) {
            what.ended = outcome::failed;
            what.error = *error;
        }
        return;
    }
    const node after = changed(what, before);
    if (is_known && after.exists) {
        what.version = after.version;
    }
    if (is_known && breaks(fault::lost_write)) {
        is_faulty_ = true;
        return;
    }
    nodes_[what.path].by_zxid[zxid_] = after;
    nodes_[what.path].acknowledged.reset();
    record_change(what, after);
}

node simulation::changed(const operation& what, const node& before) const {
    if (what.kind == operation_kind::remove) {
        return {};
    }
    const bool is_new = what.kind == operation_kind::create;
    return {true, is_new ? 0 : before.version + 1, *what.value};
}

void simulation::undo(const std::string& path) {
    auto& all = nodes_[path].by_zxid;
    if (all.size() > 1) {
        all.erase(std::prev(all.end()));
    }
}

void simulation::answer(operation& what) {
    what.completed = now_ + static_cast<instant>(below(20));
    client_state& by =
        clients_[client_of_[static_cast<std::size_t>(&what - seen_.operations.data())]];
    by.position = std::max(by.position, what.position->value);
}

void simulation::record_change(const operation& what, const node& after) {
    record made;
    made.at = zxid{zxid_};
    made.path = what.path;
    made.kind = what.kind == operation_kind::create   ? record_kind::create
                : what.kind == operation_kind::remove ? record_kind::remove
                                                      : record_kind::write;
    if (after.exists) {
        made.value = after.value;
    }
    seen_.records.push_back(made);
}

} // namespace

simulated_history simulate(const simulation_settings& settings) {
    return simulation{settings}.run();
}

} // namespace conclave::history
