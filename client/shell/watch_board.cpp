#include "client/shell/watch_board.hpp"

#include <conclave/client/error.hpp>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <deque>
#include <set>
#include <tuple>

namespace conclave::shell {

namespace {

constexpr std::size_t watches_max = 100'000;

} // namespace

/// Shared with the handlers of its watches, which may be called once more after the board is gone.
struct watch_board::state : std::enable_shared_from_this<watch_board::state> {
    using watch_key = std::pair<std::string, watch_target>;

    struct held_watch {
        client::watch owned;
        std::uint64_t id = 0;
    };

    /// An event with the watch that told it.
    struct told_event {
        std::uint64_t by = 0;
        client::watch_event what;
    };

    state(boost::asio::io_context& on, listener to, std::function<void(std::string_view)> sentences)
        : context(on), told(std::move(to)), remarked(std::move(sentences)) {}

    void await(const watch_key& key, held_watch& held) {
        held.owned.async_next([weak = weak_from_this(), key, id = held.id](
                                  boost::system::error_code failed, const client::watch_event& event
                              ) {
            if (const auto self = weak.lock()) {
                self->on_next(key, id, failed, event);
            }
        });
    }

    void on_next(
        const watch_key& key,
        std::uint64_t id,
        boost::system::error_code failed,
        const client::watch_event& event
    ) {
        const auto found = watches.find(key);
        if (found == watches.end() || found->second.id != id) {
            return;
        }
        if (failed == make_error_code(client::error::events_lost)) {
            remarked(fmt::format("{}: events came too fast, and some were lost", key.first));
            return await(key, found->second);
        }
        if (failed) {
            watches.erase(found);
            return;
        }
        gathered.push_back({id, event});
        if (key.second == watch_target::persistent || key.second == watch_target::recursive) {
            await(key, found->second);
        } else {
            watches.erase(found);
        }
        tell_soon();
    }

    /// Once everything that one notification has set off is here.
    void tell_soon() {
        if (gathered.size() == 1) {
            boost::asio::post(context, [weak = weak_from_this()] {
                if (const auto self = weak.lock()) {
                    self->tell();
                }
            });
        }
    }

    /// The n-th time that a watch tells a change is the n-th time that it happened.
    void tell() {
        using change = std::tuple<client::watch_event::kind, std::string, std::int64_t>;
        std::map<std::pair<std::uint64_t, change>, int> counts;
        std::set<std::pair<change, int>> seen;
        for (const told_event& each : std::exchange(gathered, {})) {
            const change what{each.what.what, each.what.path, each.what.at.value};
            const int nth = ++counts[{each.by, what}];
            if (seen.insert({what, nth}).second) {
                told(each.what);
            }
        }
    }

    boost::asio::io_context& context;
    listener told;
    std::function<void(std::string_view)> remarked;
    std::map<watch_key, held_watch> watches;
    std::deque<std::pair<watch_key, std::uint64_t>> by_age;
    std::vector<told_event> gathered;
    std::uint64_t last_id = 0;
};

watch_board::watch_board(
    boost::asio::io_context& context, listener told, std::function<void(std::string_view)> remarked
)
    : state_(std::make_shared<state>(context, std::move(told), std::move(remarked))) {}

watch_board::~watch_board() = default;

void watch_board::add(std::string path, watch_target target, client::watch owned) {
    const state::watch_key key{std::move(path), target};
    state::held_watch& held = state_->watches[key];
    held.owned = std::move(owned);
    held.id = ++state_->last_id;
    state_->await(key, held);
    state_->by_age.emplace_back(key, held.id);
    while (state_->watches.size() > watches_max || state_->by_age.size() > 2 * watches_max) {
        const auto& [oldest, id] = state_->by_age.front();
        const auto found = state_->watches.find(oldest);
        if (found != state_->watches.end() && found->second.id == id) {
            state_->watches.erase(found);
        }
        state_->by_age.pop_front();
    }
}

std::vector<watch_target> watch_board::remove(std::string_view path, client::watch_type type) {
    std::vector<watch_target> removed;
    for (const watch_target target :
         {watch_target::children,
          watch_target::data,
          watch_target::persistent,
          watch_target::recursive}) {
        if (is_meant(target, type) && state_->watches.erase({std::string{path}, target}) > 0) {
            removed.push_back(target);
        }
    }
    return removed;
}

void watch_board::clear() {
    state_->watches.clear();
    state_->by_age.clear();
}

std::size_t watch_board::size() const {
    return state_->watches.size();
}

bool is_meant(watch_target target, client::watch_type type) {
    switch (type) {
    case client::watch_type::any:
        return true;
    case client::watch_type::children:
        return target == watch_target::children;
    case client::watch_type::data:
        return target == watch_target::data;
    case client::watch_type::persistent:
        return target == watch_target::persistent;
    case client::watch_type::recursive:
        return target == watch_target::recursive;
    }
    return false;
}

} // namespace conclave::shell
