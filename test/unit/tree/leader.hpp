/// A world with a preparation in front: what a leader does with requests.
#pragma once

#include "test/unit/tree/world.hpp"

#include <deque>

namespace conclave::test {

/// Prepares requests and applies them at once or later.
class leader : public world {
public:
    identities who{{"ip", "127.0.0.1"}};
    session_id session{7};
    tree::preparation prepare;
    zxid proposed;

    explicit leader(tree::preparation_settings settings = {}) : prepare(*nodes, settings) {}

    [[nodiscard]] tree::requester by() const { return {session, who}; }

    /// A request of one operation that was prepared: in flight until `apply_all`.
    template <class Change>
    errc propose(const result<Change>& prepared) {
        if (!prepared) {
            prepare.discard();
            return prepared.error();
        }
        propose_all({*prepared});
        return errc::ok;
    }

    void propose_all(std::vector<tree::change> changes) {
        proposed = proposed.next();
        prepare.accept(proposed);
        in_flight.push_back({proposed, std::move(changes)});
    }

    /// Applies the oldest transaction in flight.
    void apply_next() {
        const transaction next = std::move(in_flight.front());
        in_flight.pop_front();
        now = {next.at, now.time_ms + 1};
        for (const tree::change& what : next.changes) {
            if (!apply_again(what)) {
                throw std::logic_error{"a prepared change did not fit"};
            }
        }
        prepare.on_applied(next.at);
    }

    void apply_all() {
        while (!in_flight.empty()) {
            apply_next();
        }
    }

    static create_request create_of(
        bytes_view path, std::int32_t flags = 0, std::optional<bytes_view> data = bytes_view{}
    ) {
        return {path, data, {{permission::all, "world", "anyone"}}, flags};
    }

    result<tree::create_node> try_create(
        bytes_view path,
        std::int32_t flags = 0,
        std::optional<bytes_view> data = bytes_view{},
        opcode type = opcode::create,
        std::int64_t ttl_ms = -1
    ) {
        return prepare.create(type, create_of(path, flags, data), ttl_ms, by());
    }

    // Single requests: prepared, and in flight if they passed.

    errc create(
        bytes_view path,
        std::int32_t flags = 0,
        std::optional<bytes_view> data = bytes_view{},
        opcode type = opcode::create,
        std::int64_t ttl_ms = -1
    ) {
        prepare.begin();
        return propose(try_create(path, flags, data, type, ttl_ms));
    }

    errc remove(bytes_view path, std::int32_t version = -1) {
        prepare.begin();
        return propose(prepare.remove({path, version}, by()));
    }

    errc set(bytes_view path, std::optional<bytes_view> data, std::int32_t version = -1) {
        prepare.begin();
        return propose(prepare.set({path, data, version}, by()));
    }

    errc set_access(bytes_view path, std::vector<acl_record> acl, std::int32_t version = -1) {
        prepare.begin();
        return propose(prepare.set_access({path, std::move(acl), version}, by()));
    }

    errc check(bytes_view path, std::int32_t version = -1) {
        prepare.begin();
        return propose(prepare.check({path, version}, by()));
    }

    std::vector<bytes> close(session_id of) {
        prepare.begin();
        std::vector<bytes> paths = prepare.close(of);
        std::vector<tree::change> changes;
        for (const bytes& path : paths) {
            changes.emplace_back(tree::delete_node{path});
        }
        propose_all(std::move(changes));
        return paths;
    }

    struct transaction {
        zxid at;
        std::vector<tree::change> changes;
    };

    std::deque<transaction> in_flight;
};

} // namespace conclave::test
