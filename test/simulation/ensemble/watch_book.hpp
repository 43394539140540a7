/// What a client is owed by its watches: which change must be told to it, in which order.
#pragma once

#include "test/simulation/ensemble/chronicle.hpp"

#include <deque>
#include <set>

namespace conclave::ensemble {

/// An event as it came over the wire.
struct told_event {
    zxid at;
    event_type type{};
    bytes path;
};

/// Follows the changes of the chronicle from one reply to the next (I28): an event comes exactly
/// when a watch fires, once, in the order of the history, and before any reply that shows its
/// state. The rules are those of zookeeper-protocol 8.3, written down a second time.
class watch_book {
public:
    /// Watches of a client, as setWatches2 lists them.
    struct lists {
        std::set<bytes> data;
        std::set<bytes> exist;
        std::set<bytes> child;
        std::set<bytes> persistent;
        std::set<bytes> recursive;

        [[nodiscard]] bool empty() const {
            return data.empty() && exist.empty() && child.empty() && persistent.empty() &&
                   recursive.empty();
        }
    };

    /// A connection begins: nothing is armed at the server.
    void begin();

    /// A setWatches2 of `wanted` with `relative` was answered at `at`, behind these events.
    void
    catch_up(const chronicle& history, zxid relative, zxid at, const std::deque<told_event>& told);

    void add_data(const bytes& path, bool exists) {
        (exists ? wanted_.data : wanted_.exist).insert(path);
    }

    void add_child(const bytes& path) { wanted_.child.insert(path); }

    void add_persistent(const bytes& path) { wanted_.persistent.insert(path); }

    void add_recursive(const bytes& path) { wanted_.recursive.insert(path); }

    /// An event arrived. @throws violation if another one, or none, was due.
    void on_event(const chronicle& history, const told_event& told);

    /// A reply shows the state at `at`. @throws violation if an event is missing.
    void on_reply(const chronicle& history, zxid at);

    [[nodiscard]] const lists& wanted() const { return wanted_; }

    /// The session is gone, and the watches with it.
    void forget() { wanted_ = {}; }

private:
    [[nodiscard]] bool fires(const trigger& what) const;
    void consume(const trigger& what);
    void skip_to(const chronicle& history, zxid at);

    lists wanted_;
    std::size_t next_ = 0;  ///< the first change that was not looked at
    bool is_armed_ = false; ///< the server knows the watches
};

} // namespace conclave::ensemble
