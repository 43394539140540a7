/// The clients' side of the core loop: what comes from connections, and what goes back to them.
#include "server/net/client_connection.hpp"
#include "server/net/core_loop.hpp"
#include "server/net/frames.hpp"

#include <utility>

namespace conclave::net {

namespace {

/// Replies that one batch may gather. A request of forty octets may ask for a megabyte, so without
/// this bound one read's worth of requests could take all memory before the first reply is sent.
constexpr std::int64_t reply_size_per_batch_max = std::int64_t{4} << 20;

} // namespace

std::optional<std::size_t> core_loop::word_argument_size(bytes_view first_four) const {
    return words_.argument_size ? words_.argument_size(first_four) : std::nullopt;
}

void core_loop::on_connect(const connection_pointer& from) {
    open_batch();
    client_connection::core_notes& notes = from->notes_of_core();
    notes.id = replica_.on_connect(from->peer(), now_);
    clients_.emplace(notes.id, from);
    if (std::optional<bytes> subject = from->certificate_subject()) {
        replica_.on_certificate(notes.id, *std::move(subject));
    }
    if (stopping_ != stop_phase::running) {
        notes.is_closing = true;
        network_.deliver({from, {}, delivery::next_step::close_at_once});
    }
}

void core_loop::on_frames(const connection_pointer& from, bytes_view frames) {
    open_batch();
    client_connection::core_notes& notes = from->notes_of_core();
    if (notes.is_closing) {
        return;
    }
    notes.held.assign(feed(*from, frames));
    waiting_for_turn_.push_back(from);
}

void core_loop::on_ready(const connection_pointer& from) {
    open_batch();
    client_connection::core_notes& notes = from->notes_of_core();
    if (notes.is_closing) {
        return;
    }
    bytes rest{feed(*from, notes.held)};
    notes.held.swap(rest);
    waiting_for_turn_.push_back(from);
}

void core_loop::on_room(const connection_pointer& from) {
    open_batch();
    if (!from->notes_of_core().is_closing) {
        replica_.go_on(from->notes_of_core().id, now_);
    }
}

/// Gives frames to the replica until it has enough. @return  the rest.
bytes_view core_loop::feed(client_connection& from, bytes_view frames) {
    const replica::connection_id id = from.notes_of_core().id;
    while (!frames.empty() && has_room_for_replies() && replica_.wants_input(id)) {
        replica_.on_frame(id, take_frame(frames), now_, from.arrived().time_since_epoch());
    }
    return frames;
}

bool core_loop::has_room_for_replies() {
    const std::int64_t size = replica_.statistics().response_bytes;
    // `srst` sets the counter back.
    reply_size_at_open_ = std::min(reply_size_at_open_, size);
    return size - reply_size_at_open_ < reply_size_per_batch_max;
}

void core_loop::on_word(const connection_pointer& from, bytes_view word, bytes_view argument) {
    open_batch();
    client_connection::core_notes& notes = from->notes_of_core();
    if (notes.is_closing) {
        return;
    }
    notes.is_closing = true;
    std::optional<bytes> text = words_.answer(word, argument, now_);
    network_.deliver({from, std::move(text).value_or(bytes{}), delivery::next_step::close});
}

void core_loop::on_disconnect(const connection_pointer& gone) {
    open_batch();
    client_connection::core_notes& notes = gone->notes_of_core();
    notes.is_closing = true;
    replica_.on_disconnect(notes.id);
    clients_.erase(notes.id);
}

void core_loop::deliver_outputs() {
    for (replica::client_output& each : outputs_.clients) {
        const auto at = clients_.find(each.to);
        if (at == clients_.end()) {
            deliver_to_local(std::move(each));
            continue;
        }
        client_connection::core_notes& notes = at->second->notes_of_core();
        if (notes.is_closing) {
            continue;
        }
        notes.is_closing = each.close;
        network_.deliver(
            {at->second,
             std::move(each.frames),
             each.close ? delivery::next_step::close : delivery::next_step::none,
             each.has_more}
        );
    }
    outputs_.clients.clear();
}

/// Lets connections go on whose frames the replica has taken, or would take now.
void core_loop::give_turns() {
    std::erase_if(waiting_for_turn_, [this](const connection_pointer& each) {
        client_connection::core_notes& notes = each->notes_of_core();
        if (notes.is_closing) {
            bytes{}.swap(notes.held);
            return true;
        }
        if (!replica_.wants_input(notes.id)) {
            return false;
        }
        using step = delivery::next_step;
        network_.deliver({each, {}, notes.held.empty() ? step::read : step::ask_again});
        return true;
    });
}

void core_loop::close_all(delivery::next_step how) {
    for (const auto& [id, each] : clients_) {
        each->notes_of_core().is_closing = true;
        network_.deliver({each, {}, how});
    }
}

} // namespace conclave::net
