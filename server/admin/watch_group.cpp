#include "server/admin/watch_group.hpp"

#include "server/admin/watch_catch_up.hpp"
#include "server/admin/watch_message.hpp"

#include <conclave/log_line.hpp>

#include <algorithm>
#include <utility>

namespace conclave::admin {

namespace {

constexpr std::chrono::seconds heartbeat_interval{15};

/// A value may have a megabyte; all of them together have to stay below what a client may have on
/// its way (`local_clients::undelivered_size_max`).
constexpr std::size_t pending_value_count_max = 4;
constexpr std::size_t valueless_size_max = std::size_t{4} << 20U;

http_response head_of_stream() {
    return {200, "text/event-stream", "", {{"X-Accel-Buffering", "no"}}};
}

/// A browser that gets a status other than 200 for them does not come back.
bool asks_for_events(const http_request& asked) {
    return asked.field("accept").find("text/event-stream") != bytes_view::npos;
}

/// Of an event that waits.
std::size_t size_of(const watch_event& told) {
    return sizeof told + told.path.size();
}

std::optional<replica::node_copy> node_in(const local_clients::reply& answer) {
    if (answer.error != errc::ok) {
        return std::nullopt;
    }
    std::optional<bytes_view> octets;
    replica::node_copy node;
    jute::reader{answer.body}(octets, node.about);
    node.data = octets ? std::optional<bytes>{*octets} : std::nullopt;
    return node;
}

} // namespace

watch_group::watch_group(
    const watch_surroundings& around, subscription wanted, std::function<void()> over
)
    : around_(around), wanted_(std::move(wanted)), over_(std::move(over)) {}

watch_group::~watch_group() = default;

void watch_group::begin() {
    const auto self = shared_from_this();
    client_ = around_.clients.open(
        wanted_.peer_ip,
        wanted_.who,
        {[self](const watch_event& told) { self->on_event(told); },
         [self] {
             self->on_session_over();
         }}
    );
    constexpr std::int32_t persistent = 0;
    constexpr std::int32_t recursive = 1;
    bytes record;
    jute::writer{record}(watch_request{
        wanted_.scope.path, wanted_.scope.is_recursive ? recursive : persistent});
    // Everything that readers wait for is answered behind it.
    around_.clients.request(client_, opcode::add_watch, record, [](const auto&) {});
    beat();
}

void watch_group::join(const routed_request& asked, std::optional<event_id> after) {
    const auto reader = std::make_shared<watch_reader>();
    reader->asked = asked;
    reader->after = after;
    ++reader_count_;
    if (after) {
        returning_.push_back(reader);
        catch_up();
    } else {
        fresh_.push_back(reader);
        greet();
    }
}

void watch_group::refuse(const watch_readers& those, errc why) const {
    const auto end = make_part(notice_message("end", wanted_.scope.path, std::nullopt));
    for (const watch_reader_pointer& each : those) {
        const bool comes_back = asks_for_events(each->asked.asked());
        if (why != errc::connection_loss || !comes_back) {
            respond_error(each->asked, why, wanted_.scope.path);
            continue;
        }
        each->asked.exchange->begin_stream(head_of_stream(), [] {});
        each->send(end);
        each->asked.exchange->end_stream();
    }
}

/// Events up to the answered zxid have come before the answer, later ones come behind it. Reading
/// needs the permission that a watch alone does not.
void watch_group::ask_place(std::function<void(errc, zxid)> then) {
    bytes read;
    jute::writer{read}(read_request{wanted_.scope.path, false});
    around_.clients.request(
        client_,
        opcode::exists,
        read,
        [then = std::move(then)](const local_clients::reply& answer) {
            then(answer.error == errc::no_node ? errc::ok : answer.error, answer.at);
        }
    );
}

void watch_group::greet() {
    if (is_greeting_ || fresh_.empty()) {
        return;
    }
    is_greeting_ = true;
    ask_place([self = shared_from_this(), those = std::exchange(fresh_, {})](errc failed, zxid at) {
        self->is_greeting_ = false;
        if (failed != errc::ok) {
            self->refuse(those, failed);
            self->reader_count_ -= those.size();
        } else {
            const auto ready =
                make_part(notice_message("ready", self->wanted_.scope.path, event_id{at}));
            for (const watch_reader_pointer& each : those) {
                each->told_up_to = at;
                self->open(each);
                each->send(ready);
                self->live_.push_back(each);
            }
        }
        self->reader_count_ == 0 ? self->finish() : self->greet();
    });
}

/// One after the other, so that readers that come back together, as after a restart, read the log
/// together.
void watch_group::catch_up() {
    if (is_catching_up_ || returning_.empty()) {
        return;
    }
    is_catching_up_ = true;
    const auto self = shared_from_this();
    bytes record;
    jute::writer{record}(wanted_.scope.path);
    // They may have been told by a server that is ahead of this one.
    around_.clients.request(client_, opcode::sync, record, [](const auto&) {});
    ask_place([self, those = std::exchange(returning_, {})](errc failed, zxid at) {
        if (failed == errc::ok) {
            return self->begin_catch_up(those, at);
        }
        self->refuse(those, failed);
        self->reader_count_ -= those.size();
        self->is_catching_up_ = false;
        self->reader_count_ == 0 ? self->finish() : self->catch_up();
    });
}

void watch_group::begin_catch_up(const watch_readers& those, zxid at) {
    const auto self = shared_from_this();
    catching_up_ = std::make_shared<watch_catch_up>(
        around_,
        wanted_,
        at,
        [self](const watch_reader_pointer& caught_up) { self->live_.push_back(caught_up); },
        [self] {
            self->catching_up_.reset();
            self->is_catching_up_ = false;
            self->catch_up();
        }
    );
    for (const watch_reader_pointer& each : those) {
        each->told_up_to = at;
        open(each);
    }
    catching_up_->begin(those);
}

void watch_group::open(const watch_reader_pointer& reader) {
    reader->asked.exchange->begin_stream(head_of_stream(), [self = shared_from_this(), reader] {
        self->on_gone(*reader);
    });
}

// ---- events ----

void watch_group::on_event(const watch_event& told) {
    const event_id id = last_told_ = next_event_id(last_told_, told.at);
    if (!wanted_.has_values) {
        return tell(id, change_message(id, told.type, told.path, std::nullopt));
    }
    valueless_size_ += size_of(told);
    valueless_.emplace_back(id, told);
    valueless_size_ <= valueless_size_max ? read_values() : fall_behind();
}

/// Asked for all events alike, so that they are told in their order.
void watch_group::read_values() {
    while (pending_value_count_ < pending_value_count_max && !valueless_.empty()) {
        const event_id id = valueless_.front().first;
        const watch_event told = std::move(valueless_.front().second);
        valueless_.pop_front();
        valueless_size_ -= size_of(told);
        bytes record;
        jute::writer{record}(read_request{told.path, false});
        ++pending_value_count_;
        around_.clients.request(
            client_,
            opcode::get_data,
            record,
            [self = shared_from_this(), id, told](const local_clients::reply& answer) {
                --self->pending_value_count_;
                if (answer.error != errc::connection_loss) {
                    self->tell(id, change_message(id, told.type, told.path, node_in(answer)));
                    self->read_values();
                }
            }
        );
    }
}

void watch_group::fall_behind() {
    log(log_level::warning,
        "a watch stream of {} ends: its values are asked for slower than they change",
        wanted_.scope.path);
    around_.clients.drop(client_);
}

void watch_group::tell(event_id id, bytes message) {
    const stream_part_pointer part = make_part(message);
    if (const auto catching_up = catching_up_) {
        catching_up->hold(id, part);
    }
    std::size_t kept = 0; // sending may be what shows that a reader is gone
    for (std::size_t index = 0; index < live_.size(); ++index) {
        if (!live_[index]->is_gone && id.at > live_[index]->told_up_to) {
            live_[index]->send(part);
        }
        if (!live_[index]->is_gone) {
            std::swap(live_[kept++], live_[index]);
        }
    }
    live_.resize(kept);
}

void watch_group::beat() {
    around_.context.call_after(heartbeat_interval, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self == nullptr || !self->over_) {
            return;
        }
        self->ask_place([self](errc failed, zxid at) {
            // Of what is waited for, something may be older than the answer.
            const bool is_told =
                failed == errc::ok && self->pending_value_count_ == 0 && self->valueless_.empty();
            self->send_heartbeats(is_told ? std::optional{at} : std::nullopt);
        });
        self->beat();
    });
}

void watch_group::send_heartbeats(std::optional<zxid> at) {
    std::erase_if(live_, [](const auto& each) { return each->is_gone; });
    const stream_part_pointer comment = make_part(comment_message);
    const stream_part_pointer place = at ? make_part(heartbeat_message(*at)) : comment;
    for (const watch_reader_pointer& each : live_) {
        each->send(at && *at >= each->told_up_to ? place : comment);
    }
    if (const auto catching_up = catching_up_) {
        catching_up->send(comment);
    }
}

// ---- the end ----

void watch_group::on_gone(watch_reader& reader) {
    reader.is_gone = true;
    --reader_count_;
    if (const auto catching_up = catching_up_) {
        catching_up->on_gone(reader);
    }
    if (reader_count_ == 0) {
        finish();
    }
}

/// The server stops, or lost its leader for too long. Who waited for an answer has had it.
void watch_group::on_session_over() {
    const auto self = shared_from_this();
    valueless_.clear();
    finish();
    refuse(std::exchange(fresh_, {}), errc::connection_loss);
    refuse(std::exchange(returning_, {}), errc::connection_loss);
    const auto end = make_part(notice_message("end", wanted_.scope.path, std::nullopt));
    if (catching_up_ != nullptr) {
        std::exchange(catching_up_, nullptr)->abandon(end);
    }
    for (const watch_reader_pointer& each : std::exchange(live_, {})) {
        each->send(end);
        each->asked.exchange->end_stream();
    }
}

void watch_group::finish() {
    if (over_) {
        around_.clients.close(client_);
        std::exchange(over_, nullptr)();
    }
}

} // namespace conclave::admin
