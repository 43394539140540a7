#include "test/support/history/node_model.hpp"

namespace conclave::history {

namespace {

bool has_expected_version(const node_step& what, const node_state& at) {
    return !what.expected_version || *what.expected_version == at.version;
}

/// Whether the failure tells the truth about the node.
bool may_fail(const node_step& what, const node_state& at) {
    switch (what.error) {
    case failure::no_node:
        return !at.exists;
    case failure::node_exists:
        return at.exists;
    case failure::bad_version:
        return at.exists && !has_expected_version(what, at);
    case failure::other:
        return true;
    }
    return false;
}

std::optional<node_state> changed(const node_step& what, const node_state& before) {
    switch (what.kind) {
    case step_kind::observe:
        return std::nullopt; // the caller has dealt with it
    case step_kind::write:
        if (!before.exists || !has_expected_version(what, before)) {
            return std::nullopt;
        }
        return node_state{true, before.version + 1, what.value.value_or(0), before.owner};
    case step_kind::create:
        if (before.exists) {
            return std::nullopt;
        }
        return node_state{true, 0, what.value.value_or(0), what.owner};
    case step_kind::remove:
        if (!before.exists || !has_expected_version(what, before)) {
            return std::nullopt;
        }
        return node_state{};
    case step_kind::end_session:
        if (before.exists && before.owner == what.owner) {
            return node_state{};
        }
        return what.ended == outcome::unknown ? std::nullopt : std::optional{before};
    }
    return std::nullopt;
}

} // namespace

std::optional<node_state> apply(const node_step& what, const node_state& before) {
    if (what.ended == outcome::failed) {
        return may_fail(what, before) ? std::optional{before} : std::nullopt;
    }
    if (what.kind == step_kind::observe) {
        const bool is_seen = before.exists && what.value.value_or(before.value) == before.value &&
                             what.version.value_or(before.version) == before.version;
        return is_seen ? std::optional{before} : std::nullopt;
    }
    auto after = changed(what, before);
    if (after && after->exists && what.kind != step_kind::end_session &&
        what.version.value_or(after->version) != after->version) {
        return std::nullopt;
    }
    return after;
}

} // namespace conclave::history
