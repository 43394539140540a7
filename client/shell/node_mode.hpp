/// What kind of node a node is, as far as its `Stat` tells.
#pragma once

#include <conclave/client/node.hpp>

#include <optional>
#include <string_view>

namespace conclave::shell {

struct node_mode {
    enum class kind : std::uint8_t { persistent, ephemeral, container, ttl };

    kind what = kind::persistent;
    std::chrono::milliseconds ttl{0}; ///< of `ttl` nodes

    friend bool operator==(const node_mode&, const node_mode&) = default;
};

/// `ephemeral` or `persistent`: servers do not tell clients which of the others are containers or
/// have a time to live.
[[nodiscard]] node_mode mode_of(const client::node_stat& stat);

/// "persistent" and so on.
[[nodiscard]] std::string_view name(node_mode::kind kind);
[[nodiscard]] std::optional<node_mode::kind> parse_mode(std::string_view name);

/// How to create such a node again.
[[nodiscard]] client::create_options create_options_for(const node_mode& mode);

} // namespace conclave::shell
