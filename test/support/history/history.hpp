/// What clients saw of an ensemble: the material that the checkers of this folder judge.
///
/// Plain values without behaviour. A history is complete or it proves nothing: each operation that
/// any client invoked on a path must be in it, with an unknown outcome if nothing is known of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conclave/types.hpp"

namespace conclave::history {

/// A point of the one clock by which all clients of a run stamp; any unit.
using instant = std::int64_t;

enum class operation_kind {
    read,              ///< answered from the state of one server, possibly an old one
    synced_read,       ///< sync and read behind it, as one operation
    write,             ///< setData; with `expected_version` a compare-and-set
    create,            ///< with a given name
    create_sequential, ///< `path` as asked, without the number
    remove,            ///< delete; only of `expected_version` if that is given
    sync,
};

/// What is known of the effect. A known failure took effect as an observation of the node, see
/// `failure`.
enum class outcome {
    succeeded,
    failed,
    unknown, ///< takes effect once, at any time after the invocation, or never
};

enum class failure {
    no_node, ///< the node itself was not there
    node_exists,
    bad_version,
    other, ///< an answer that tells nothing of the node and changed nothing
};

struct operation {
    std::size_t line{};  ///< where it is in its file, for explanations; 0 = nowhere
    std::string session; ///< who invoked it
    operation_kind kind{};
    std::string path;
    instant invoked{};
    instant completed{}; ///< without meaning if the outcome is unknown

    outcome ended = outcome::succeeded;
    failure error = failure::other; ///< if it failed

    std::optional<std::string> value; ///< written, or read
    std::optional<std::int32_t> expected_version;
    std::optional<std::int32_t> version; ///< read, or after the write
    std::optional<zxid> position;        ///< zxid in the header of the reply
    std::string created_path;            ///< of a sequential create that succeeded
    bool is_ephemeral = false;           ///< what is created belongs to `session`
    std::optional<std::string> owner;    ///< session that owns the node that was read; "" = none
};

/// A node that was there before the first operation.
struct initial_node {
    std::string value;
    std::int32_t version{};
};

enum class record_kind { create, write, remove, close_session };

/// An entry of the agreed history, as a log or a simulator's oracle tells it.
struct record {
    std::size_t line{};
    zxid at;
    record_kind kind{};
    std::string path; ///< empty for close_session
    std::optional<std::string> value;
    std::string session; ///< whose request it was, if known
};

enum class event_kind {
    watch_set, ///< the reply that left a watch, with its header zxid
    watch_fired,
    reply,   ///< any other reply, with its header zxid
    expired, ///< the client was told that its session is gone
    closed,  ///< the reply to the close request
};

enum class watch_kind { data, child };

enum class watch_change { created, changed, deleted, children };

/// Something that arrived at a client. The events of a session stand in the order of arrival.
struct event {
    std::size_t line{};
    std::string session;
    event_kind kind{};
    std::string path;
    watch_kind watch{};    ///< what was set
    watch_change change{}; ///< what was told
    std::optional<zxid> position;
};

struct history {
    std::vector<operation> operations;
    std::map<std::string, initial_node> initial;
    std::vector<record>
        records; ///< in order of their zxid, or empty if the agreed history is not known
    std::vector<event> events;
};

[[nodiscard]] constexpr bool is_read(operation_kind kind) {
    return kind == operation_kind::read || kind == operation_kind::synced_read;
}

/// Asks for a change of a node.
[[nodiscard]] constexpr bool is_change(operation_kind kind) {
    return !is_read(kind) && kind != operation_kind::sync;
}

/// One line for people: line, session, times, what was asked and what was answered.
[[nodiscard]] std::string describe(const operation& what);
[[nodiscard]] std::string describe(const event& what);
[[nodiscard]] std::string describe(const record& what);

} // namespace conclave::history
