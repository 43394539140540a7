#include "client/shell/node_mode.hpp"

#include <array>

namespace conclave::shell {

namespace {

constexpr std::array all_kinds{
    node_mode::kind::persistent,
    node_mode::kind::ephemeral,
    node_mode::kind::container,
    node_mode::kind::ttl,
};

} // namespace

node_mode mode_of(const client::node_stat& stat) {
    const bool is_ephemeral = stat.ephemeral_owner != session_id{};
    return {is_ephemeral ? node_mode::kind::ephemeral : node_mode::kind::persistent, {}};
}

std::string_view name(node_mode::kind kind) {
    switch (kind) {
    case node_mode::kind::persistent:
        return "persistent";
    case node_mode::kind::ephemeral:
        return "ephemeral";
    case node_mode::kind::container:
        return "container";
    case node_mode::kind::ttl:
        return "ttl";
    }
    return "unknown";
}

std::optional<node_mode::kind> parse_mode(std::string_view text) {
    for (const node_mode::kind kind : all_kinds) {
        if (name(kind) == text) {
            return kind;
        }
    }
    return std::nullopt;
}

client::create_options create_options_for(const node_mode& mode) {
    switch (mode.what) {
    case node_mode::kind::ephemeral:
        return create_mode::ephemeral;
    case node_mode::kind::container:
        return create_mode::container;
    case node_mode::kind::ttl:
        return client::create_options{create_mode::persistent_ttl}.with_ttl(mode.ttl);
    case node_mode::kind::persistent:
        break;
    }
    return create_mode::persistent;
}

} // namespace conclave::shell
