/// The watches of the shell.
#pragma once

#include <conclave/client/operation.hpp>
#include <conclave/client/watch.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace conclave::shell {

/// What a watch of the shell looks at.
enum class watch_target : std::uint8_t { data, children, persistent, recursive };

/// Holds the watches that commands have set, and passes on what they tell. Like ZooKeeper's own
/// shell it is one listener however many watches it has: two watches of one path that see the same
/// change tell it once, and a second watch of the same kind replaces the first.
///
/// At most 100,000 watches: the oldest go first. Owner: the shell; on its one thread.
class watch_board {
public:
    using listener = std::function<void(const client::watch_event&)>;

    /// @param told        called from the event loop
    /// @param remarked    the same, for a sentence about a watch that has lost events
    watch_board(
        boost::asio::io_context& context,
        listener told,
        std::function<void(std::string_view)> remarked
    );
    ~watch_board();

    watch_board(const watch_board&) = delete;
    watch_board& operator=(const watch_board&) = delete;

    void add(std::string path, watch_target target, client::watch owned);

    /// Gives up the watches of a path that `type` means. @return what they looked at, each once
    std::vector<watch_target> remove(std::string_view path, client::watch_type type);

    /// Gives up all of them.
    void clear();

    [[nodiscard]] std::size_t size() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

/// True if watches of this target are among those that `type` means.
[[nodiscard]] bool is_meant(watch_target target, client::watch_type type);

} // namespace conclave::shell
