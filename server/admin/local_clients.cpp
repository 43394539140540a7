#include "server/admin/local_clients.hpp"

#include <algorithm>
#include <utility>

namespace conclave::admin {

namespace {

constexpr std::chrono::milliseconds session_timeout{30'000};
constexpr std::chrono::milliseconds ping_interval = session_timeout / 3;

template <class... Parts>
bytes frame_of(const Parts&... parts) {
    bytes frame;
    {
        const jute::frame_scope scope{frame};
        jute::writer{frame}(parts...);
    }
    return frame;
}

bytes request_frame(std::int32_t id, opcode type, bytes_view record) {
    bytes frame;
    {
        const jute::frame_scope scope{frame};
        jute::writer{frame}(request_header{xid{id}, type});
        frame += record;
    }
    return frame;
}

} // namespace

local_clients::local_clients(
    core_gate& core,
    local_client_port port,
    std::size_t frame_size_max,
    std::function<void(std::function<void()>)> to_admin,
    std::function<void(std::chrono::milliseconds, std::function<void()>)> call_after
)
    : core_(core)
    , port_(std::move(port))
    , frame_size_max_(frame_size_max)
    , to_admin_(std::move(to_admin))
    , call_after_(std::move(call_after)) {}

local_clients::number local_clients::open(bytes peer_ip, const identities& who, callbacks told) {
    const number opened = next_++;
    clients_[opened].told = std::move(told);
    identities granted = who;
    std::erase_if(granted, [](const identity& each) { return each.scheme == "ip"; });
    const local_client_port::receiver receive = receiver_of(opened);
    const bytes hello = frame_of(
        connect_request{
            0, {}, static_cast<std::int32_t>(session_timeout.count()), {}, bytes_view{}, {}},
        false
    );
    core_.ask(
        [&port = port_, peer_ip = std::move(peer_ip), granted, receive, hello](
            server_view&, replica::instant
        ) {
            const replica::connection_id id = port.open({peer_ip, 0}, granted, receive);
            port.send(id, hello);
            return id;
        },
        [this, opened](replica::connection_id id) { on_opened(opened, id); }
    );
    call_after_(ping_interval, [this, opened] { keep_alive(opened); });
    return opened;
}

/// Runs on the core thread.
local_client_port::receiver local_clients::receiver_of(number which) {
    const auto own = std::make_shared<std::atomic<std::size_t>>(0);
    return
        [this, which, own, all = undelivered_, to_admin = to_admin_](bytes frames, bool is_over) {
            constexpr std::size_t overhead = 128; // of what is queued around them
            constexpr std::size_t fair_share = undelivered_sum_max / 64;
            const std::size_t size = frames.size() + overhead;
            const std::size_t size_now = own->fetch_add(size) + size;
            const std::size_t sum_now = all->fetch_add(size) + size;
            const bool takes_more = size_now <= undelivered_size_max &&
                                    (sum_now <= undelivered_sum_max || size_now <= fair_share);
            to_admin([this,
                      which,
                      frames = std::move(frames),
                      own,
                      all,
                      size,
                      is_last = is_over || !takes_more] {
                own->fetch_sub(size);
                all->fetch_sub(size);
                on_frames(which, frames, is_last);
            });
            return takes_more;
        };
}

void local_clients::on_opened(number which, replica::connection_id id) {
    const auto found = clients_.find(which);
    if (found == clients_.end()) {
        return core_.ask(
            [&port = port_, id](server_view&, replica::instant) { return port.close(id), true; },
            [](bool) {}
        );
    }
    found->second.id = id;
    send(found->second, std::exchange(found->second.unsent, {}));
}

void local_clients::send(client& from, bytes frames) {
    if (!from.id) {
        from.unsent += frames;
        return;
    }
    if (!frames.empty()) {
        core_.ask(
            [&port = port_, id = *from.id, frames = std::move(frames)](
                server_view&, replica::instant
            ) { return port.send(id, frames), true; },
            [](bool) {}
        );
    }
}

void local_clients::request(
    number from, opcode type, bytes_view record, std::function<void(const reply&)> then
) {
    const auto found = clients_.find(from);
    if (found == clients_.end()) {
        return then({});
    }
    client& asking = found->second;
    asking.waiting.push_back(std::move(then));
    send(asking, request_frame(asking.next_xid++, type, record));
}

void local_clients::request_once(
    bytes peer_ip,
    const identities& who,
    opcode type,
    bytes_view record,
    std::function<void(const reply&)> then
) {
    const number opened = open(std::move(peer_ip), who, {});
    request(opened, type, record, [this, opened, then = std::move(then)](const reply& answer) {
        then(answer);
        close(opened);
    });
}

void local_clients::close(number which) {
    auto closed = clients_.extract(which);
    if (closed.empty()) {
        return;
    }
    client& gone = closed.mapped();
    if (gone.id) {
        // The session ends in the order of requests; its connection is closed by the replica then.
        send(gone, request_frame(gone.next_xid, opcode::close_session, {}));
    }
}

void local_clients::drop(number which) {
    const auto found = clients_.find(which);
    if (found == clients_.end()) {
        return;
    }
    if (found->second.id) {
        send(found->second, request_frame(found->second.next_xid, opcode::close_session, {}));
    }
    end(which);
}

void local_clients::keep_alive(number which) {
    const auto found = clients_.find(which);
    if (found != clients_.end()) {
        send(found->second, request_frame(ping_xid.value, opcode::ping, {}));
        call_after_(ping_interval, [this, which] { keep_alive(which); });
    }
}

// ---- what the core says ----

void local_clients::on_frames(number which, const bytes& frames, bool is_over) {
    bytes_view rest{frames};
    while (!rest.empty()) {
        std::int32_t length = 0;
        jute::reader in{rest};
        in(length);
        const bytes_view frame = in.rest().substr(0, static_cast<std::size_t>(length));
        rest.remove_prefix(sizeof length + frame.size());
        if (!take(which, frame)) {
            return;
        }
    }
    if (is_over) {
        end(which);
    }
}

/// @return false if the client is gone.
bool local_clients::take(number which, bytes_view frame) {
    const auto found = clients_.find(which);
    if (found == clients_.end()) {
        return false;
    }
    client& to = found->second;
    jute::reader in{frame};
    if (!to.has_session) {
        std::int32_t version = 0;
        std::int32_t timeout_ms = 0;
        session_id session;
        in(version, timeout_ms, session);
        to.has_session = session != session_id{};
        return to.has_session || (end(which), false);
    }
    reply_header header;
    in(header);
    if (header.id == notification_xid) {
        std::int32_t type = 0;
        std::int32_t state = 0;
        bytes_view path;
        in(type, state, path);
        const auto notify = to.told.on_event; // it may close the client, and itself with it
        if (in.ok() && notify) {
            notify({header.at, static_cast<event_type>(type), bytes{path}});
        }
    } else if (header.id != ping_xid && !to.waiting.empty()) {
        const auto then = std::move(to.waiting.front());
        to.waiting.pop_front();
        then({header.error, header.at, bytes{in.rest()}});
    }
    return clients_.contains(which);
}

/// The session is over and nobody here closed it.
void local_clients::end(number which) {
    auto ended = clients_.extract(which);
    if (ended.empty()) {
        return;
    }
    for (const auto& then : ended.mapped().waiting) {
        then({});
    }
    if (ended.mapped().told.on_over) {
        ended.mapped().told.on_over();
    }
}

} // namespace conclave::admin
