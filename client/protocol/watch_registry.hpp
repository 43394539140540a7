/// Which watches a session has, and whom an event concerns.
#pragma once

#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace conclave::client {

/// The number of one watch of this session.
using watch_id = strong_integer<struct watch_id_tag, std::uint64_t>;

/// The lists of setWatches2. `data` and `exist` are one kind of watch to a server, but are set
/// again differently.
enum class watch_kind : std::uint8_t { data, exist, child, persistent, recursive };

inline constexpr std::size_t watch_kind_count = 5;

/// A watch that a request sets when it succeeds.
struct watch_registration {
    watch_id id;
    bytes path; ///< as the server knows it
    watch_kind kind{};
};

/// What removeWatches must say so that the server forgets a watch that nobody owns any more.
struct watch_removal {
    bytes path;
    std::int32_t type{};

    friend bool operator==(const watch_removal&, const watch_removal&) = default;
};

/// A path and a kind can have several owners here, while the server knows it once. A request that
/// is under way counts as an owner (`claim`), so that a removal never overtakes a registration.
/// Knows no time and no connection.
class watch_registry {
public:
    /// A request that sets this watch is under way.
    void claim(const watch_registration& watch);
    /// That request set nothing.
    void unclaim(const watch_registration& watch);
    /// That request has set the watch, on a node that exists or (`exist`) does not. Ends the claim.
    void add(const watch_registration& watch, watch_kind as);

    /// The owner is gone. Says what to tell the server if this was the last one; a watch that is
    /// not there has fired or ended.
    std::optional<watch_removal> remove(watch_id id);

    /// Whom an event concerns, one-shot watches first; those end with it.
    [[nodiscard]] std::vector<watch_id> fire(event_type type, bytes_view path);

    /// All watches, which end with this.
    [[nodiscard]] std::vector<watch_id> take_all();

    /// Paths of a kind, in order, each once.
    [[nodiscard]] std::vector<bytes_view> paths(watch_kind kind) const;
    /// Watches whose events are lost while there is no connection.
    [[nodiscard]] std::vector<std::pair<watch_id, bytes_view>> persistent() const;

    [[nodiscard]] bool empty() const { return places_.empty(); }

    [[nodiscard]] bool contains(watch_id id) const { return places_.contains(id); }

private:
    struct node {
        std::array<std::vector<watch_id>, watch_kind_count> owners;
        std::array<std::size_t, watch_kind_count> claims{};
    };

    using nodes = std::map<bytes, node, std::less<>>;

    struct place {
        bytes path;
        watch_kind kind{};
    };

    static std::size_t index(watch_kind kind) { return static_cast<std::size_t>(kind); }

    static bool is_set_at_server(const node& at, watch_kind kind);
    static std::optional<watch_removal> removal(const node& at, const bytes& path, watch_kind kind);
    void forget_if_unused(nodes::iterator at);
    void take(node& at, watch_kind kind, std::vector<watch_id>& fired);
    void fire_recursive(event_type type, bytes_view path, std::vector<watch_id>& fired) const;

    nodes nodes_;
    std::unordered_map<watch_id, place> places_;
};

} // namespace conclave::client
