#include "server/admin/watch_catch_up.hpp"

#include "server/admin/watch_message.hpp"

#include <conclave/log_line.hpp>
#include <conclave/path.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace conclave::admin {

namespace {

constexpr std::size_t held_size_max = std::size_t{2} << 20U;

/// What the core is asked for at once.
constexpr std::size_t slice_count = 100;
constexpr std::size_t slice_size_max = std::size_t{1} << 20U; ///< octets of data

constexpr std::chrono::milliseconds disk_poll_interval{20};
constexpr int disk_poll_count_max = 500;

/// Who may read a node may hear of it; what is gone is judged by what was above it.
bool may_hear_of(const tree::tree& nodes, const replica::node_reader& by, bytes_view path) {
    for (;;) {
        if (const auto node = nodes.find(path)) {
            return tree::is_allowed(node->acl, permission::read, by.who, by.access);
        }
        if (path == "/") {
            return false;
        }
        path = path::parent_of(path);
    }
}

} // namespace

watch_catch_up::watch_catch_up(
    const watch_surroundings& around,
    subscription wanted,
    zxid last,
    std::function<void(const watch_reader_pointer&)> caught_up,
    std::function<void()> over
)
    : around_(around)
    , wanted_(std::move(wanted))
    , last_(last)
    , caught_up_(std::move(caught_up))
    , over_(std::move(over)) {}

/// What one has seen that this ensemble has not is of another history.
void watch_catch_up::begin(watch_readers those) {
    const auto is_of_another = [this](const watch_reader_pointer& each) {
        return each->after->at > last_;
    };
    const auto foreign =
        std::stable_partition(those.begin(), those.end(), std::not_fn(is_of_another));
    readers_.assign(those.begin(), foreign);
    send_anew({foreign, those.end()});
    open_log();
}

// ---- the log ----

void watch_catch_up::open_log() {
    forget_gone();
    if (readers_.empty() || !over_) {
        return finish();
    }
    if (!around_.past.open) {
        send_anew(std::exchange(readers_, {}));
        return finish();
    }
    const auto by_place = [](const auto& left, const auto& right) {
        return *left->after < *right->after;
    };
    const event_id oldest = *(*std::min_element(readers_.begin(), readers_.end(), by_place))->after;
    // The transaction itself as well: it may have brought about more than one event.
    const zxid behind{std::max<std::int64_t>(oldest.at.value - 1, 0)};
    around_.worker.run(
        [open = around_.past.open, behind, last = last_] { return open(behind, last); },
        [self = shared_from_this(), oldest](const auto& opened) {
            if (!opened) {
                return self->on_log_refused(oldest);
            }
            self->log_ = *opened;
            self->read_on();
        }
    );
}

/// The log does not reach back so far; for others it may.
void watch_catch_up::on_log_refused(event_id oldest) {
    const auto is_served = [oldest](const watch_reader_pointer& each) {
        return *each->after > oldest;
    };
    const auto refused = std::stable_partition(readers_.begin(), readers_.end(), is_served);
    watch_readers those{refused, readers_.end()};
    readers_.erase(refused, readers_.end());
    send_anew(std::move(those));
    open_log();
}

void watch_catch_up::read_on() {
    around_.worker.run(
        [log = log_, scope = wanted_.scope] {
            std::vector<watch_event> found;
            auto read = log->next(scope, found);
            return std::pair{std::move(read), std::move(found)};
        },
        [self = shared_from_this()](auto read) { self->take(read.first, std::move(read.second)); }
    );
}

void watch_catch_up::take(
    const result<past_events::progress, bytes>& read, std::vector<watch_event> found
) {
    using progress = past_events::progress;
    if (!over_) {
        return;
    }
    if (!read || (*read == progress::not_yet && ++waits_ > disk_poll_count_max)) {
        log(log_level::error,
            "readers of a watch stream cannot be told what they missed: {}",
            read ? bytes_view{"the log does not become durable"} : bytes_view{read.error()});
        send_anew(std::exchange(readers_, {}));
        return finish();
    }
    if (*read == progress::not_yet) {
        return around_.context.call_after(disk_poll_interval, [self = shared_from_this()] {
            self->read_on();
        });
    }
    waits_ = 0;
    if (*read == progress::end) {
        return finish();
    }
    untold_.assign(std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    tell_on();
}

// ---- telling ----

void watch_catch_up::tell_on() {
    forget_gone();
    if (!over_ || readers_.empty()) {
        return finish();
    }
    if (untold_.empty()) {
        return read_on();
    }
    std::vector<bytes> paths;
    for (const watch_event& each : untold_) {
        paths.push_back(each.path);
        if (paths.size() == slice_count) {
            break;
        }
    }
    around_.context.core.ask(
        [paths = std::move(paths),
         with_nodes = wanted_.has_values,
         by = replica::node_reader{wanted_.who, around_.context.access}](
            server_view& view, replica::instant
        ) {
            const tree::tree& nodes = view.server().nodes();
            std::vector<seen_node> seen;
            std::size_t size = 0;
            for (const bytes& path : paths) {
                seen_node& made = seen.emplace_back();
                made.may_be_told = may_hear_of(nodes, by, path);
                if (auto read = with_nodes
                                    ? replica::read_node(nodes, by, path)
                                    : result<replica::node_copy>{unexpected{errc::no_node}}) {
                    size += read->data ? read->data->size() : 0;
                    made.node = *std::move(read);
                }
                if (size > slice_size_max) {
                    break;
                }
            }
            return seen;
        },
        [self = shared_from_this()](const std::vector<seen_node>& seen) { self->tell(seen); }
    );
}

void watch_catch_up::tell(const std::vector<seen_node>& seen) {
    for (const seen_node& each : seen) {
        const watch_event told = std::move(untold_.front());
        untold_.pop_front();
        if (!each.may_be_told) {
            continue; // it has no number: a live stream was never told of it
        }
        last_told_ = next_event_id(last_told_, told.at);
        const auto part = make_part(change_message(last_told_, told.type, told.path, each.node));
        for (const watch_reader_pointer& reader : readers_) {
            if (last_told_ > *reader->after) {
                reader->send(part);
            }
        }
    }
    await_readers();
}

void watch_catch_up::await_readers() {
    draining_count_ = 1; // this
    for (const watch_reader_pointer& each : readers_) {
        if (!each->is_gone) {
            ++draining_count_;
            each->is_draining = true;
            each->asked.exchange->on_drained([self = shared_from_this(), each] {
                self->on_drained(*each);
            });
        }
    }
    if (--draining_count_ == 0) {
        tell_on();
    }
}

void watch_catch_up::on_drained(watch_reader& reader) {
    if (std::exchange(reader.is_draining, false) && --draining_count_ == 0) {
        tell_on();
    }
}

void watch_catch_up::on_gone(watch_reader& reader) {
    on_drained(reader);
}

void watch_catch_up::hold(event_id id, stream_part_pointer message) {
    if (id.at <= last_) {
        return;
    }
    held_size_ += message->content().size();
    if (held_size_ <= held_size_max) {
        return held_.push_back(std::move(message));
    }
    for (const watch_reader_pointer& each : std::exchange(readers_, {})) {
        each->asked.exchange->end_stream(); // it comes back with what it has got so far
    }
}

void watch_catch_up::send(const stream_part_pointer& message) const {
    // Sending may show that one of them is gone, and then lead to the next part.
    for (const watch_reader_pointer& each : watch_readers{readers_}) {
        each->send(message);
    }
}

// ---- the end ----

/// They have to read anew, and are told what happens from here on.
void watch_catch_up::send_anew(watch_readers those) {
    const auto reset = make_part(notice_message("reset", wanted_.scope.path, event_id{last_}));
    for (const watch_reader_pointer& each : those) {
        each->send(reset);
        release(each);
    }
}

void watch_catch_up::release(const watch_reader_pointer& reader) {
    for (const auto& each : held_) {
        reader->send(each);
    }
    caught_up_(reader);
}

void watch_catch_up::finish() {
    if (!over_) {
        return;
    }
    const auto ready = make_part(notice_message("ready", wanted_.scope.path, event_id{last_}));
    for (const watch_reader_pointer& each : std::exchange(readers_, {})) {
        each->send(ready);
        release(each);
    }
    caught_up_ = nullptr;
    std::exchange(over_, nullptr)();
}

void watch_catch_up::abandon(const stream_part_pointer& end) {
    over_ = nullptr;
    caught_up_ = nullptr;
    for (const watch_reader_pointer& each : std::exchange(readers_, {})) {
        each->send(end);
        each->asked.exchange->end_stream();
    }
}

void watch_catch_up::forget_gone() {
    std::erase_if(readers_, [](const auto& each) { return each->is_gone; });
}

} // namespace conclave::admin
