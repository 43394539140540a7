/// The copy of a subtree: what to read next, and what the answers and events make of it. Pure.
#pragma once

#include <conclave/recipes/tree_cache.hpp>

#include <deque>
#include <map>
#include <set>

namespace conclave::recipes::detail {

/// Events and answers are given in the order in which the server sent them. A path is read again
/// for each event on it, so once no read is wanted or under way, everything that happened before
/// the last answer is in the copy: it is settled, and `publish` shows it.
///
/// Invariant: `staged_` holds everything that differs from `shown_`.
class tree_model {
public:
    tree_model(std::string root, const tree_cache_limits& limits);

    /// What to ask the server.
    struct read {
        std::string path;
        bool wants_children = false; ///< else data and stat

        friend auto operator<=>(const read&, const read&) = default;
    };

    /// Reads everything (again): at the start, and when events may have been missed. What is not
    /// found by the time it is settled is gone.
    void begin();

    void on_event(const client::watch_event& event);

    /// The answer to a read of data; nothing: there is no such node, or it may not be read.
    void on_node(const std::string& path, std::optional<client::node_data> node);

    /// The answer to a read of children; none if there is no such node.
    void on_children(const std::string& path, std::vector<std::string> names);

    /// A read was not answered: to be asked again.
    void on_unanswered(read which);

    /// Takes the next read; it is under way from now on.
    [[nodiscard]] std::optional<read> next_read();

    /// A consistent state has been reached.
    [[nodiscard]] bool is_settled() const {
        return wanted_.empty() && listings_.empty() && under_way_ == 0;
    }

    /// So much has been collected that it should be shown although it is not settled.
    [[nodiscard]] bool is_overdue() const;

    /// More than the limits allow.
    [[nodiscard]] bool is_too_large() const;

    /// Shows what has been collected. @return what has changed, in the order of the paths
    std::vector<tree_change> publish();

    /// Shows what has been collected, if nobody needs to know what has changed. Takes no further
    /// memory, which for a whole tree is much.
    void publish_silently();

    [[nodiscard]] const client::node_data* find(std::string_view path) const;
    [[nodiscard]] std::vector<std::string> children(std::string_view path) const;
    void for_each(
        const std::function<void(const std::string& path, const client::node_data& node)>& visit
    ) const;

    [[nodiscard]] std::size_t size() const { return shown_.size(); }

private:
    struct kept {
        client::node_data node;
        std::uint64_t seen_in = 0; ///< the last round of reading that has found it
    };

    struct staged {
        std::optional<client::node_data> node; ///< nothing: it is gone
        std::uint64_t seen_in = 0;
    };

    /// Children that are known by name and still to be read.
    struct listing {
        std::string parent;
        std::vector<std::string> names;
        std::size_t next = 0;
    };

    void stage(const std::string& path, std::optional<client::node_data> node);
    void remove_with_descendants(const std::string& path);
    void forget_unseen();
    void end_filling();
    tree_change::kind show(std::string path, staged node);
    [[nodiscard]] const client::node_data* newest(const std::string& path) const;

    std::string root_;
    tree_cache_limits limits_;
    std::map<std::string, kept, std::less<>> shown_;
    std::map<std::string, staged, std::less<>> staged_;
    std::set<read> wanted_;
    std::deque<listing> listings_;
    std::size_t under_way_ = 0;
    std::uint64_t round_ = 0;
    bool is_filling_ = false;    ///< a round of reading is not over
    std::size_t node_count_ = 0; ///< of `shown_` with what is staged
    std::size_t data_size_ = 0;
};

} // namespace conclave::recipes::detail
