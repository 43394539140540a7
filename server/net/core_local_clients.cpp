/// Clients inside the process: the same replica, the same frames, no socket.
#include "server/net/core_loop.hpp"
#include "server/net/frames.hpp"

#include <utility>

namespace conclave::net {

replica::connection_id
core_loop::open_local(replica::peer_address peer, const identities& granted, local_receiver to) {
    open_batch();
    const replica::connection_id id = replica_.on_connect(std::move(peer), now_);
    for (const identity& each : granted) {
        replica_.grant(id, each);
    }
    if (stopping_ != stop_phase::running) {
        replica_.on_disconnect(id);
        to({}, true);
    } else {
        local_clients_.emplace(id, std::move(to));
    }
    return id;
}

void core_loop::send_local(replica::connection_id from, bytes_view frames) {
    open_batch();
    while (!frames.empty() && local_clients_.contains(from)) {
        replica_.on_frame(from, take_frame(frames), now_);
    }
}

void core_loop::close_local(replica::connection_id gone) {
    open_batch();
    if (local_clients_.erase(gone) != 0) {
        replica_.on_disconnect(gone);
    }
}

void core_loop::deliver_to_local(replica::client_output output) {
    const auto at = local_clients_.find(output.to);
    if (at == local_clients_.end()) {
        return;
    }
    const bool takes_more = at->second(std::move(output.frames), output.close);
    if (output.close || !takes_more) {
        replica_.on_disconnect(output.to);
        local_clients_.erase(at);
    } else if (output.has_more) {
        asio::post(context(), [this, id = output.to] { replica_.go_on(id, begin_input()); });
    }
}

void core_loop::close_all_local() {
    for (const auto& [id, to] : std::exchange(local_clients_, {})) {
        replica_.on_disconnect(id);
        to({}, true);
    }
}

} // namespace conclave::net
