/// What the znodes must be: a second, slow and simple implementation of what transactions do,
/// against which every answer of the real server is compared.
#pragma once

#include "server/replica/transaction.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conclave/protocol.hpp"

namespace conclave::simulation {

struct model_node {
    std::optional<bytes> data;
    std::int64_t owner{};
    stat about; ///< kept as clients see it
    std::int32_t child_counter{};
};

/// The state after a prefix of the history. Copyable; knows nothing of the server's data
/// structures.
class model {
public:
    model();

    /// Applies the transaction that stands at `at`.
    void apply(zxid at, std::int64_t time_ms, const replica::transaction& what);

    /// An entry without effect on the znodes (EpochStart).
    void skip(zxid at) { at_ = at; }

    [[nodiscard]] zxid at() const { return at_; }

    [[nodiscard]] const model_node* find(const bytes& path) const;

    [[nodiscard]] std::set<bytes> children_of(const bytes& path) const;

    [[nodiscard]] const std::map<bytes, model_node>& nodes() const { return nodes_; }

    [[nodiscard]] const std::set<session_id>& sessions() const { return sessions_; }

    /// When the node was last created, deleted or written (or had its children changed): for the
    /// watch checker. Zero if never.
    [[nodiscard]] zxid last_data_trigger(const bytes& path) const;
    [[nodiscard]] zxid last_child_trigger(const bytes& path) const;

private:
    void create(const tree::create_node& what, std::int64_t time_ms);
    void remove(const bytes& path);

    zxid at_;
    std::map<bytes, model_node> nodes_;
    std::set<session_id> sessions_;
    std::map<bytes, zxid> data_triggers_;
    std::map<bytes, zxid> child_triggers_;
};

} // namespace conclave::simulation
